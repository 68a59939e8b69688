"""Rust text: symbols, format, stubs and edits. The parts are imported when they are used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scaffold.languages import Tool, dotted, parts

if TYPE_CHECKING:
    from scaffold.kit.catalog import RunSpec

TOOLS = (Tool("rustfmt", "formats generated Rust", "rustup component add rustfmt"),)

__getattr__ = parts(
    __name__,
    without_files="modules",
)


def syntax_key() -> bytes:
    """What decides besides the source whether it parses: nothing."""
    return b"rust"


def encoding_of(source: bytes) -> str:
    """The encoding of a source: always UTF-8."""
    return "utf-8"


def module_of(top: Path, path: str, run: RunSpec | None, planned: Mapping[str, bytes]) -> str:
    """The path below the folder of the run, with dots."""
    return dotted(path, run.root if run else "")


def suite_files(top: Path, refuse: Callable[[OSError], None]) -> Iterable[Path]:
    """Files of tests in a folder: none, since tests stand beside the code."""
    return ()


def uses(path: str, source: bytes, modules: Collection[str]) -> set[str]:
    """Names of the modules that a test file uses: not looked for."""
    return set()


def same_place(path: str) -> Iterable[str]:
    """A module is `name.rs` or `name/mod.rs`."""
    place = PurePosixPath(path)
    if place.name == "mod.rs":
        return (f"{place.parent}.rs",)
    return (f"{place.with_suffix('')}/mod.rs",)


def read_above(path: str) -> Iterable[str]:
    """No file is read because of the folder that it lies in."""
    return ()


def left_by_a_run(name: str) -> tuple[str, str]:
    """What a run leaves beside a source: nothing."""
    return "", ""
