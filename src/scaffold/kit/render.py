"""One gap rendered by Copier into an empty staging folder, read back as bytes."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import CheckoutError, KitError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.limits import OverLimitError, bounded
from scaffold.kit.reader import fault_of_path, walk_kit
from scaffold.kit.templates import PAYLOADS as PAYLOADS
from scaffold.kit.templates import check_templates, check_texts
from scaffold.system import scratch
from scaffold.system.invocation import NO_ROOM, edit, look, mending, quoted
from scaffold.system.reading import exhausted, read_plain

UNWRITABLE = NO_ROOM | {errno.EROFS}
"""What the machine refuses; any other error while rendering is the template's."""


@dataclass(frozen=True)
class Rendered:
    """What a gap writes: files by relative POSIX path, and payloads of its edits by name.

    `empty` names the templates of which nothing applies to this checkout; they are not written, nor
    are those that an answer leaves empty.
    """

    files: Mapping[str, bytes]
    payloads: Mapping[str, str] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    empty: tuple[str, ...] = ()

    @property
    def edits(self) -> dict[str, bytes]:
        """The payloads as bytes; one that renders blank is left out."""
        return {name: text.encode("utf-8") for name, text in self.payloads.items() if text.strip()}


def render(
    kit: Kit, gap: Gap, answers: Mapping[str, Any], facts: Mapping[str, Any], kit_version: str
) -> Rendered:
    """The gap's files for these answers and facts.

    Raises:
        KitError: The template is broken; gap, file and line are named.
        CheckoutError: There is no room to render it.
    """
    if not gap.files_dir.is_dir():
        raise KitError(
            f"{gap.slug} is marked ready but has no folder {gap.files_dir}",
            mending(f"mkdir {quoted(str(gap.files_dir))}", gap.folder),
        )
    check_templates(kit, gap)
    check_texts(gap)
    data = {**answers, "gap": gap.slug, "facts": dict(facts), "kit_version": kit_version}
    try:
        with scratch.folder("render") as staging:
            _run_copier(kit, gap, staging, data)
            return _read(staging, gap)
    except OSError as error:
        raise CheckoutError(
            f"'{gap.slug}' cannot be rendered: {error.strerror or error}; make room for "
            "temporary files, or name another folder for them",
            'export TMPDIR="$HOME"',
        ) from error


def _run_copier(kit: Kit, gap: Gap, staging: Path, data: dict[str, Any]) -> None:
    # Here and not in the child: it is imported once for all gaps of a plan.
    from copier import Settings, run_copy
    from plumbum import local

    def work() -> None:
        # Without git on its PATH Copier takes the kit for the plain folder that it is: a kit inside
        # a git repository would otherwise be cloned at its last tag, and edits of it not seen. An
        # empty PATH would be the current folder.
        try:
            with local.env(PATH=os.devnull), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run_copy(
                    str(kit.root),
                    staging,
                    data=data,
                    settings=Settings(),
                    defaults=True,
                    overwrite=True,
                    quiet=True,
                )
        except MemoryError:
            raise
        # Copier lets bare ValueError, ZeroDivisionError and Jinja's own errors through.
        except Exception as error:
            if isinstance(error, OSError) and error.errno in UNWRITABLE:
                raise
            if isinstance(error, OSError) and (refusal := exhausted(error)):
                raise refusal from error
            place, line = _where(error, kit)
            lead = f"{place}:{line}: " if place else ""
            raise _broken(gap, f"{lead}{_sentence(error)}", kit.root / place) from error

    try:
        bounded(work, staging)
    except OverLimitError as error:
        raise _broken(gap, str(error)) from error


def _broken(gap: Gap, why: str, place: Path | None = None) -> KitError:
    return KitError(f"the template of '{gap.slug}' is broken: {why}", _shows(gap, place))


def _shows(gap: Gap, place: Path | None) -> str:
    """The command that opens a file of a gap, or lists all of them where it is not known."""
    is_known = place is not None and place.is_file()
    return edit(place) if place is not None and is_known else look(gap.files_dir, "-R")


@contextmanager
def blaming(gap: Gap, path: str = "") -> Iterator[None]:
    """A fault of what a gap rendered names the template of that path, or all templates.

    Raises:
        KitError: There is one.
    """
    try:
        yield
    except KitError as error:
        path = path or error.rendered
        template = gap.files_dir / f"{path}.jinja"
        place = template if template.is_file() else gap.files_dir / path
        raise KitError(error.fact, _shows(gap, place)) from error


def _where(error: BaseException, kit: Kit) -> tuple[str, int]:
    """The file of the kit, and its line, of the traceback's last frame inside; else nothing."""
    place, line = "", 0
    lineno = getattr(error, "lineno", None)
    filename = getattr(error, "filename", None) or getattr(error, "name", None)
    if lineno and isinstance(filename, str):
        place, line = filename, lineno
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(str(kit.root)) or name.startswith("templates/"):
            place, line = os.path.relpath(name, kit.root), trace.tb_lineno
        trace = trace.tb_next
    return place, line


def _sentence(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _read(staging: Path, gap: Gap) -> Rendered:
    files: dict[str, bytes] = {}
    empty: list[str] = []
    payloads: dict[str, str] = {}
    executable: set[str] = set()
    for path in sorted(walk_kit(staging)):
        relative = path.relative_to(staging).as_posix()
        content = read_plain(path)
        if relative.startswith(f"{PAYLOADS}/"):
            name = relative.removeprefix(f"{PAYLOADS}/")
            try:
                payloads[name] = content.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _broken(gap, f"{relative} is not UTF-8 (byte {error.start})") from error
            continue
        if fault := fault_of_path(relative):
            raise _broken(gap, f"it writes {relative!r}, which {fault}")
        template = gap.files_dir / f"{relative}.jinja"
        if not content.strip() and template.is_file():
            # One that asks nothing of the checkout is empty because of an answer.
            empty += [relative] if b"facts" in read_plain(template) else []
            continue
        if b"\0" in content and template.is_file():
            raise _broken(gap, f"{relative} holds a NUL, so it is not text", template)
        files[relative] = content
        if path.stat().st_mode & 0o100:
            executable.add(relative)
    return Rendered(files, payloads, frozenset(executable), tuple(empty))
