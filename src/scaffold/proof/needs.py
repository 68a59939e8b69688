"""What a gap's proof needs of the machine beside its runner: found, too old, or missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import MissingToolError
from scaffold.kit.catalog import Need
from scaffold.system import isolation

ANSWER_S = 20.0
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Found:
    """A program that is there, and new enough; `version` is empty where none is asked for."""

    path: Path
    version: str = ""


def find(need: Need) -> Found:
    """The program: the first on the PATH, else the one in the newest of the need's places.

    Raises:
        MissingToolError: It is nowhere, too old, or does not tell its version.
    """
    path = next(_places(need), None)
    if path is None:
        places = " or in ".join(["on the PATH", *need.places])
        raise MissingToolError(f"there is no '{need.program}' {places}", need.hint)
    if not need.least:
        return Found(path)
    version = _version(path, need)
    if _parts(version) < _parts(need.least):
        raise MissingToolError(f"{path} is {version}, which is too old", need.hint)
    return Found(path, version)


def require(slug: str, needs: Sequence[Need]) -> None:
    """Nothing, where everything that a gap needs is there.

    Raises:
        MissingToolError: One of them is not; the fact names the gap, the hint gets it.
    """
    for need in _asked(needs):
        try:
            find(need)
        except MissingToolError as error:
            raise MissingToolError(
                f"'{slug}' is proved with {need.label}: {error.fact}", error.hint
            ) from error


def missing(needs: Sequence[Need]) -> list[str]:
    """The names of those that this machine lacks or has too old."""
    names = []
    for need in _asked(needs):
        try:
            find(need)
        except MissingToolError:
            names.append(need.name)
    return names


def _asked(needs: Sequence[Need]) -> list[Need]:
    """Those that no variable makes superfluous."""
    return [
        need for need in needs if not any(name in os.environ for name in need.unless.split(" or "))
    ]


def _places(need: Need) -> Iterator[Path]:
    on_path = isolation.find_tool(need.program)
    if on_path is not None:
        yield Path(on_path)
    for pattern in need.places:
        folders = Path("/").glob(pattern.removeprefix("/"))
        for folder in sorted(folders, key=lambda it: _parts(str(it)), reverse=True):
            place = folder / need.program
            if place.is_file() and os.access(place, os.X_OK) and not isolation.untrusted(place):
                yield place


def _version(path: Path, need: Need) -> str:
    from scaffold.system import process

    answer = process.run_tool([str(path), *need.version], timeout_s=ANSWER_S)
    version = _NUMBER.search(answer.stdout)
    if answer.returncode != 0 or version is None:
        command = " ".join([str(path), *need.version])
        raise MissingToolError(f"'{command}' does not tell a version", need.hint)
    return version.group()


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
