"""TypeScript text: symbols, stubs, sameness. The parts are imported when they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scaffold.languages import Tool, parts

if TYPE_CHECKING:
    from scaffold.kit.catalog import RunSpec

TOOLS: tuple[Tool, ...] = ()
"""Biome lies in the checkout, so it does not run before `verify`: files stay as rendered."""

RUNNERS = ("vitest", "jest")
ENDINGS = ("ts", "mts", "cts", "js", "mjs", "cjs")

__getattr__ = parts(
    __name__,
    suite_files="reached",
    uses="reached",
    without_files="declarations",
)


def syntax_key() -> bytes:
    """What decides besides the source whether it parses: nothing."""
    return b"typescript"


def encoding_of(source: bytes) -> str:
    """The encoding of a source: always UTF-8."""
    return "utf-8"


def module_of(top: Path, path: str, run: RunSpec | None, planned: Mapping[str, bytes]) -> str:
    """The path in the checkout without its ending: what an import leads to."""
    return str(PurePosixPath(path).with_suffix(""))


def same_place(path: str) -> Iterator[str]:
    """Settings of a test runner: under another ending, or of another runner of these."""
    folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
    program, dot, ending = name.partition(".config.")
    if dot and program in RUNNERS and ending in ENDINGS:
        names = (f"{one}.config.{end}" for one in RUNNERS for end in (*ENDINGS, "json"))
        yield from (str(folder / other) for other in names if other != name)


def read_above(path: str) -> Iterable[str]:
    """No file is read because of the folder that it lies in."""
    return ()


def left_by_a_run(name: str) -> tuple[str, str]:
    """What a run leaves beside a source: nothing."""
    return "", ""
