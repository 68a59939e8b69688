"""The rendering of a gap, recalled where all that it is made of is as it was.

`--diff` and then `new` render the same, and so does every checkout of one version.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, TypeVar

from scaffold import __version__
from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Gap, Kit, template_digest
from scaffold.kit.limits import OverLimitError
from scaffold.kit.questions import load_questions, shown
from scaffold.kit.reader import fault_of_path, read_text, walk_kit
from scaffold.kit.render import Rendered, render
from scaffold.kit.templates import check_templates
from scaffold.system.caching import kept
from scaffold.system.reading import read_plain

Made = TypeVar("Made")
_TAKES_IN = re.compile(rb"\[%[-+]?\s*(?:include|import|from|extends)\s+([^%]*)")


def rendering_of(
    kit: Kit, gap: Gap, answers: Mapping[str, Any], facts: Mapping[str, Any]
) -> Rendered:
    """The gap's files for these answers and facts: see `render`.

    Raises:
        KitError: The template is broken; gap, file and line are named.
        CheckoutError: There is no room to render it.
    """

    def make() -> Rendered:
        return render(kit, gap, answers, facts, __version__)

    if not gap.files_dir.is_dir():
        return make()
    check_templates(kit, gap)
    data = json.dumps([gap.slug, dict(answers), dict(facts)], sort_keys=True, default=list)
    head = read_text(kit.root / "copier.yml")
    made_of = (*_versions(), head, template_digest(gap), data)
    # Whether it may be kept is decided by the templates as well, so they are read for it once.
    found = kept(lambda: _dump(make()) if _is_closed(gap) else None, "rendered", *made_of)
    return _read(found) or make()


def blaming_answers(
    gap: Gap, given: Mapping[str, Mapping[str, Any]], make: Callable[[Mapping[str, Any]], Made]
) -> Made:
    """What is made of the answers; a fault that the defaults do not have is a fault of theirs.

    Args:
        gap: The gap.
        given: The answers by gap.
        make: What makes it.

    Raises:
        KitError: The defaults have a fault too.
        UsageError: Some answers have one that the defaults have not; they are named.
    """
    answers = given.get(gap.slug, {})
    try:
        return make(answers)
    except KitError as error:
        defaults = {one.name: one.default for one in load_questions(gap)}
        others = [name for name in defaults if answers.get(name) != defaults[name]]
        # What takes too long would do so again.
        if isinstance(error.__cause__, OverLimitError) or not others:
            raise
        # Each by itself, then all at once.
        for group in [*([name] for name in others), *([others] if others[1:] else [])]:
            try:
                make({**answers, **{name: defaults[name] for name in group}})
            except KitError:
                continue
            named = ", ".join(f"{name} = {answers[name]!r}" for name in group)
            pairs = " --set ".join(f"{name}={shown(defaults[name])}" for name in group)
            raise UsageError(f"with {named}: {error.fact}", f"--set {pairs}") from error
        raise


@cache
def _versions() -> tuple[str, ...]:
    """What a rendering depends on beside our own code and the kit."""
    return __version__, version("copier"), version("jinja2")


def _is_closed(gap: Gap) -> bool:
    """Whether the templates take in nothing but what is the gap's, or shared by all gaps."""
    own = tuple(f'"templates/{name}/'.encode() for name in ("_shared", gap.slug))
    return all(
        taken.startswith(own)
        for place in walk_kit(gap.folder)
        if place.suffix == ".jinja"
        for taken in _TAKES_IN.findall(read_plain(place))
    )


def _dump(found: Rendered) -> list[Any]:
    files = {path: b64encode(content).decode() for path, content in found.files.items()}
    return [files, dict(found.payloads), sorted(found.executable), list(found.empty)]


def _read(found: Any) -> Rendered | None:
    """What was kept; None where it is what no rendering can be."""
    try:
        files, payloads, executable, empty = found
        texts = [*payloads.values(), *executable, *empty]
        contents = {path: b64decode(content, validate=True) for path, content in files.items()}
    except (ValueError, TypeError, AttributeError):
        return None
    if any(map(fault_of_path, contents)) or not all(isinstance(one, str) for one in texts):
        return None
    return Rendered(contents, payloads, frozenset(executable), tuple(empty))
