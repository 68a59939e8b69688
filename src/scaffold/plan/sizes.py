"""How large each part of a gap is: the lines that it adds over what it needs, and its tests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.parts import needed, parts_of
from scaffold.kit.render import Rendered
from scaffold.languages import language_of
from scaffold.languages.formatting import format_files
from scaffold.plan.parts import cut


@dataclass(frozen=True)
class Size:
    """What a part adds."""

    lines: int
    tests: int


def sizes(kit: Kit, gap: Gap, rendered: Rendered) -> dict[str, Size]:
    """The parts of a gap by name, counted in what is written, its edits included.

    Raises:
        KitError: A file does not parse.
    """
    whole = replace(rendered, files=format_files(rendered.files))
    found = {}
    for part in parts_of(gap):
        before = {name for slug, name in needed(kit, gap, part.name) if slug == gap.slug}
        after, earlier = (cut(gap, whole, names) for names in ({*before, part.name}, before))
        lines = _lines(after) - (_lines(earlier) if before else 0)
        kept = after.files.keys() - (earlier.files.keys() if before else set())
        found[part.name] = Size(lines, _tests(after, kept))
    return found


def _lines(rendered: Rendered) -> int:
    files = [content for content in rendered.files.values() if b"\0" not in content]
    payloads = [text.encode() for text in rendered.payloads.values() if text.strip()]
    return sum(len(content.splitlines()) for content in (*files, *payloads))


def _tests(rendered: Rendered, paths: Collection[str]) -> int:
    counts = []
    for path in paths:
        language = language_of(path)
        counts += language.find_todos(path, rendered.files[path]) if language else []
    return len(counts)
