"""The rendering of a gap, recalled where all that it is made of is as it was.

`--diff` and then `new` render the same, and so does every checkout of one version.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from scaffold import __version__
from scaffold.kit.catalog import Gap, Kit, template_digest
from scaffold.kit.reader import fault_of_path, read_text, walk_kit
from scaffold.kit.render import Rendered, render
from scaffold.kit.templates import check_templates
from scaffold.system.caching import kept
from scaffold.system.reading import read_plain

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
