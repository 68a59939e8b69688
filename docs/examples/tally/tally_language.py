"""The language of the example: `.tally` has functions, `.check` has tests of them.

total(a, b) = a + b
check total_adds: total(1, 2) = 3
todo total_of_none: what is right is not decided yet
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError
from scaffold.kit.catalog import RunSpec
from scaffold.languages import KnownDefect, Symbols, Todo, Tool
from scaffold.languages.rules import Layout
from scaffold.system.reading import walk

TOOLS: tuple[Tool, ...] = ()
LINE = re.compile(
    r"(?P<name>\w+)\((?P<params>[\w, ]*)\) = (?P<body>.+)"
    r"|check (?P<check>\w+): (?P<left>.+) = (?P<right>-?\d+)"
    r"|todo (?P<todo>\w+): (?P<sentence>.+)"
)


def lines_of(path: str, source: bytes) -> Iterator[tuple[int, re.Match[str]]]:
    """Each line that is not blank or a comment, with its number.

    Raises:
        CheckoutError: A line does not parse.
    """
    for number, line in enumerate(source.decode("utf-8").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            found = LINE.fullmatch(line.strip())
            if found is None:
                raise CheckoutError(f"{path}:{number} does not parse", f"sed -n {number}p {path}")
            yield number, found


# What a checkout is asked.


def syntax_key() -> bytes:
    """What decides besides a source whether it parses: nothing."""
    return b"tally"


def check_syntax(path: str, source: bytes) -> None:
    """Parse a file; a broken one is a `CheckoutError`."""
    list(lines_of(path, source))


def encoding_of(source: bytes) -> str:
    """The encoding of a source."""
    return "utf-8"


def find_symbols(path: str, source: bytes) -> Symbols:
    """The functions of a file."""
    return {
        found["name"]: {"kind": "function", "params": re.findall(r"\w+", found["params"])}
        for _, found in lines_of(path, source)
        if found["name"]
    }


def module_of(top: Path, path: str, run: RunSpec | None, planned: Mapping[str, bytes]) -> str:
    """The name by which tests refer to a file: here it is for people alone."""
    return PurePosixPath(path).stem


def suite_files(top: Path, refuse: Callable[[OSError], None]) -> Iterable[Path]:
    """The test files below a folder."""
    return (place for place in walk(top, refuse=refuse) if place.suffix == ".check")


def uses(path: str, source: bytes, modules: Collection[str]) -> set[str]:
    """The functions that a test file calls."""
    calls = {name for _, found in lines_of(path, source) if found["check"]
             for name in re.findall(r"(\w+)\(", found["left"])}  # fmt: skip
    return {f"{module}.{name}" for module in modules for name in calls}


def same_place(path: str) -> Iterable[str]:
    """A file has one path."""
    return ()


def read_above(path: str) -> Iterable[str]:
    """No file is read because of the folder that it lies in."""
    return ()


def left_by_a_run(name: str) -> tuple[str, str]:
    """A run leaves nothing beside a source."""
    return "", ""


# What is written.


def format_key(path: str, layout: Layout) -> bytes:
    """What a formatted file depends on besides its source."""
    return b"tally 1"


def formatted(files: Mapping[str, bytes], layout: Layout) -> dict[str, bytes]:
    """The files without blanks at the ends of their lines."""
    return {
        path: b"".join(line.rstrip() + b"\n" for line in source.splitlines())
        for path, source in files.items()
    }


def meaning(path: str, source: bytes) -> tuple[str, ...]:
    """The lines, whatever their layout."""
    return tuple(" ".join(line.split()) for line in source.decode("utf-8").splitlines() if line)


def make_stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """Every check as a todo, with its name as the sentence."""
    todos: list[Todo] = []
    text = source.splitlines()
    for number, found in lines_of(path, source.encode()):
        if found["check"]:
            todos.append(Todo(found["check"], found["check"].replace("_", " "), number))
            text[number - 1] = f"todo {todos[-1].name}: {todos[-1].sentence}"
    return "\n".join(text) + "\n", tuple(todos)


def find_todos(path: str, source: bytes) -> list[bool]:
    """For each test whether it is a todo."""
    tests = (found for _, found in lines_of(path, source) if not found["name"])
    return [bool(found["todo"]) for found in tests]


def known_defects(path: str, source: bytes) -> list[KnownDefect]:
    """The known defects that the tests declare: the language has no mark for them."""
    return []


def summary(path: str, source: bytes) -> str:
    """What a file is about: the comment in its first line."""
    return source.decode("utf-8").partition("\n")[0].removeprefix("#").strip()


def fill_stub(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full file, with each test that a person changed as it is."""
    base, own = _tests(path, stub_base), _tests(path, mine)
    kept = [name for name in own if own[name] != base.get(name)]
    deleted = [name for name in base if name not in own]
    text = []
    for line in full.splitlines():
        found = LINE.fullmatch(line.strip())
        name = found and (found["check"] or found["todo"])
        if name not in deleted:
            text.append(own[name] if name in kept else line)
    text += [own[name] for name in kept if name not in _tests(path, full)]
    return "\n".join(text) + "\n", tuple(kept)


def without_files(path: str, source: bytes, gone: Collection[str]) -> bytes:
    """No file declares another."""
    return source


def _tests(path: str, source: str) -> dict[str, str]:
    found = (found for _, found in lines_of(path, source.encode()) if not found["name"])
    return {match["check"] or match["todo"]: match[0] for match in found}
