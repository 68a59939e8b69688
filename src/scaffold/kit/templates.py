"""What Copier is given of a kit, checked before: copier.yml, every question, the files."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.errors import KitError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import PAYLOADS as PAYLOADS
from scaffold.kit.cuts import written_in
from scaffold.kit.questions import DELIMITERS, load_questions
from scaffold.kit.reader import (
    MOST_KIT_BYTES,
    Page,
    fault_of_path,
    holds_control,
    label,
    unknown,
    walk_kit,
)
from scaffold.kit.yaml_page import INCLUDE, read_yaml
from scaffold.system.invocation import edit, look
from scaffold.system.reading import read_plain

ENVOPS = {
    "block_start_string": "[%",
    "block_end_string": "%]",
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
    "keep_trailing_newline": True,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "undefined": "jinja2.StrictUndefined",
}
HEAD: dict[str, Any] = {
    "_min_copier_version": None,
    "_subdirectory": "templates/[[ gap ]]/files",
    "_envops": ENVOPS,
    "gap": {"type": "str", "help": None},
    "kit_version": {"type": "str", "default": "dev", "when": False},
    "facts": {"type": "yaml", "default": "{}", "when": False},
}
"""All of copier.yml, but for the documents after it; where None stands, any text does."""
HINT = "scaffold kit format"
INCLUDED = "templates/*/questions.yml"


def check_templates(kit: Kit, gap: Gap) -> None:
    """Whether Copier may be given this kit for this gap.

    Raises:
        KitError: A file is broken, or there where none may be; file and line are named.
    """
    check_copier_yml(kit.root)
    check_questions(kit)
    check_files(gap)


def check_copier_yml(root: Path) -> None:
    """Whether copier.yml is the one of docs/kit-format.md.

    Raises:
        KitError: A key is unknown, missing or of another value.
    """
    path = root / "copier.yml"
    if os.path.lexists(root / "copier.yaml"):
        raise KitError(
            f"{root}: copier.yaml is beside copier.yml: remove one", look(root / "copier.yaml")
        )
    pages = read_yaml(path)
    if not pages or not isinstance(pages[0].data, dict):
        raise KitError(f"{path}:1: the key '_subdirectory' is missing", HINT)
    _compare(pages[0], pages[0].data, HEAD, ())
    wanted = f"{INCLUDE} {INCLUDED}"
    if len(pages) != 2 or pages[1].data != wanted:
        page = pages[min(len(pages), 2) - 1]
        page.fail((), f"the second document must be `{wanted}`", HINT)


def _compare(page: Page, found: Any, wanted: Any, keys: tuple[str, ...]) -> None:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in found:
            if key not in wanted:
                page.fail((*keys, key), unknown(label((*keys, key)), key, wanted))
        for key, value in wanted.items():
            if key in found:
                _compare(page, found[key], value, (*keys, key))
            elif key != "_min_copier_version":
                page.fail(keys, f"the key '{label((*keys, key))}' is missing", HINT)
    elif wanted is None:
        if not isinstance(found, str) or not found or any(sign in found for sign in DELIMITERS):
            page.fail(keys, f"{label(keys)} = {found!r} must be a text", HINT)
    elif found != wanted or type(found) is not type(wanted):
        shown = str(wanted).lower() if isinstance(wanted, bool) else repr(wanted)
        page.fail(keys, f"{label(keys)} must be {shown}", HINT)


def check_questions(kit: Kit) -> None:
    """Whether all questions can be asked: Copier reads those of every gap at once.

    Raises:
        KitError: One is broken, or two gaps ask by the same name.
    """
    asked: dict[str, str] = {}
    for gap in kit.gaps.values():
        for question in load_questions(gap):
            if question.name in asked:
                raise KitError(
                    f"{gap.folder / 'questions.yml'}:1: '{question.name}' is a question of "
                    f"'{asked[question.name]}' as well",
                    edit(gap.folder / "questions.yml"),
                )
            asked[question.name] = gap.slug
    for path in sorted((kit.root / "templates").glob("*/questions.yml")):
        if not (path.parent / "gap.toml").exists():
            for page in read_yaml(path):
                if page.data is not None:
                    page.fail((), "there are questions, and no gap.toml beside them")


def check_files(gap: Gap) -> None:
    """Whether every file of a gap, and of what all gaps share, is a plain one in a fit place.

    Raises:
        KitError: A link, a pipe, a file that is too large, or a path that leaves the checkout.
    """
    if gap.files_dir.is_dir():
        for place in _walked(gap.files_dir):
            relative = place.relative_to(gap.files_dir).as_posix()
            fault = fault_of_template(relative)
            if fault:
                raise KitError(
                    f"{gap.files_dir}/: {relative!r} {fault}", look(gap.files_dir, "-lRb")
                )
        _check_places(gap)
    for place in _given_to_copier(gap):
        _check_plain(place)


def _check_places(gap: Gap) -> None:
    """Whether each place is written once."""
    from collections import Counter

    written = Counter(written_in(gap.files_dir))
    twice = sorted(path for path, count in written.items() if count > 1)
    twice += sorted(written.keys() & {spec.path for spec in gap.edits})
    why = "is written twice: by a file and its template, or by a template and an edit"
    if not twice:
        folders = {str(above) for path in written for above in PurePosixPath(path).parents}
        twice, why = sorted(written.keys() & folders), "is a file and a folder of other files"
    if twice:
        raise KitError(f"{gap.files_dir}/: {twice[0]} {why}", look(gap.files_dir, "-lRb"))


def check_texts(gap: Gap) -> None:
    """Whether what Copier renders is text: a rendering that is recalled shows it already.

    Raises:
        KitError: A template is not UTF-8; its line is named.
    """
    for place in _given_to_copier(gap):
        content = read_plain(place, most=MOST_KIT_BYTES) if place.suffix == ".jinja" else b""
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise KitError(
                f"{_shown(place)}:{line}: is not UTF-8 (byte {error.start})", edit(place)
            ) from error


def fault_of_template(relative: str) -> str:
    """What is wrong with the place of a template below `files/`; empty where nothing is."""
    if any(sign in relative for sign in DELIMITERS):
        return "holds a template: file names are not rendered"
    parts = PurePosixPath(relative).parts
    if parts and parts[0] == PAYLOADS:
        relative = PurePosixPath(*parts[1:]).as_posix()
    try:
        relative.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    written = re.sub(r"\.jinja$", "", relative)
    return fault_of_path(written)


def _given_to_copier(gap: Gap) -> Iterator[Path]:
    for top in (gap.folder, gap.folder.parent / "_shared"):
        if top.is_dir() or top.is_symlink():
            yield from _walked(top)


def _shown(place: Path) -> str:
    return str(place) if not holds_control(str(place)) else repr(str(place))


def _walked(top: Path) -> Iterator[Path]:
    try:
        yield from walk_kit(top)
    except OSError as error:
        raise KitError(f"{error.filename}: {error.strerror}", look(top, "-lR")) from error


def _check_plain(place: Path) -> None:
    found = place.lstat()
    shown = _shown(place)
    if stat.S_ISLNK(found.st_mode):
        raise KitError(f"{shown}: is a symlink; a kit holds plain files", look(place))
    if not stat.S_ISREG(found.st_mode):
        raise KitError(f"{shown}: is not a plain file", look(place))
    if found.st_size > MOST_KIT_BYTES:
        raise KitError(f"{shown}: is larger than {MOST_KIT_BYTES >> 20} MiB", look(place))
