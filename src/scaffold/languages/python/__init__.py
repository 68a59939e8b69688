"""Python text: symbols, format, stubs and edits. The parts are imported when they are used."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from scaffold.languages import Tool, parts

TOOLS: tuple[Tool, ...] = ()
CONFTEST = "conftest.py"

__getattr__ = parts(
    __name__,
    encoding_of="symbols",
    module_of="project",
    uses="reached",
    suite_files="reached",
)


def syntax_key() -> bytes:
    """What decides besides the source whether it parses: the version of Python."""
    return sys.version.encode()


def left_by_a_run(name: str) -> tuple[str, str]:
    """The folder of bytecode beside a source, and the pattern of its files there."""
    import glob

    return "__pycache__", f"{glob.escape(PurePosixPath(name).stem)}.*.pyc"


def same_place(path: str) -> Iterable[str]:
    """A module is a file or a folder."""
    place = PurePosixPath(path)
    return () if place.stem == "__init__" else (f"{place.with_suffix('')}/__init__.py",)


def read_above(path: str) -> Iterable[str]:
    """The fixtures of a `conftest.py` hold below its folder."""
    place = PurePosixPath(path)
    if place.name != CONFTEST:
        return ()
    return [(above / CONFTEST).as_posix() for above in place.parent.parents]


def without_files(path: str, source: bytes, gone: Collection[str]) -> bytes:
    """The file as it is: Python finds the files of a folder without a declaration."""
    return source
