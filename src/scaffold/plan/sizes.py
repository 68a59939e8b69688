"""How large each part of a gap is: the lines that it adds over what it needs, and its tests."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scaffold import __version__
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Gap, Kit, template_digest
from scaffold.kit.parts import needed, parts_of
from scaffold.kit.render import Rendered, blaming, render
from scaffold.languages import LANGUAGES, language_of
from scaffold.languages.formatting import format_files
from scaffold.languages.rules import Layout
from scaffold.plan.parts import cut
from scaffold.system.caching import kept


@dataclass(frozen=True)
class Size:
    """What a part adds."""

    lines: int
    tests: int


def sizes(kit: Kit, gap: Gap, rendered: Rendered) -> dict[str, Size]:
    """The parts of a gap by name, counted in what is written, its edits included.

    One of which nothing is written is left out.

    Raises:
        KitError: A file does not parse.
    """
    with blaming(gap):
        whole = replace(rendered, files=format_files(rendered.files))
    found = {}
    for part in parts_of(gap):
        before = {name for slug, name in needed(kit, gap, part.name) if slug == gap.slug}
        after, earlier = (cut(gap, whole, names) for names in ({*before, part.name}, before))
        lines = _lines(after) - (_lines(earlier) if before else 0)
        kept = after.files.keys() - (earlier.files.keys() if before else set())
        if lines:
            found[part.name] = Size(lines, _tests(after, kept))
    return found


def known_sizes(kit: Kit, gap: Gap, facts: Mapping[str, Any]) -> dict[str, Size]:
    """The parts of a gap by name, with the answers of its default case; kept by its template.

    Args:
        kit: The kit.
        gap: One of it.
        facts: What a checkout holds of its targets.

    Raises:
        KitError: The template is broken.
    """

    def count() -> dict[str, list[int]]:
        rendered = render(kit, gap, case_answers(gap, "default"), facts, __version__)
        return {name: [one.lines, one.tests] for name, one in sizes(kit, gap, rendered).items()}

    formatters = {language_of(f"x{suffix}") for suffix in LANGUAGES}
    keys = sorted(repr(one.format_key("", Layout())) for one in formatters if one is not None)
    seen = json.dumps(facts, sort_keys=True, default=list)
    found = kept(count, "sizes", gap.slug, template_digest(gap), seen, *keys)
    return {name: Size(*counts) for name, counts in found.items()}


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
