"""The rules of the layout: small folders, no circle, a folder for each language and tool."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "scaffold"
TESTS = ROOT / "tests"
MOST_MODULES = 14
TOP = {"__init__", "__main__", "cli", "errors"}
NO_CODE = {"_demo", "_kit"}
"""Data of the package: a miniature checkout, and a kit."""

FOLDERS = sorted(
    folder
    for folder in [SRC, *(path for path in SRC.rglob("*") if path.is_dir())]
    if any(folder.glob("*.py")) and not NO_CODE & set(folder.relative_to(SRC).parts)
)
MODULES = {path.relative_to(SRC).as_posix(): path for at in FOLDERS for path in at.glob("*.py")}

PYTHON = "python py pyc pycache pytest conftest pyproject black isort xfail cosmic uv venv mypy"
RUST = "rust rs cargo crate crates rustc rustfmt rustup nextest llvm clippy"
TYPESCRIPT = "typescript ts tsx node npm vitest jest biome stryker"
NAMES = {word: names.split()[0] for names in (PYTHON, RUST, TYPESCRIPT) for word in names.split()}
"""Word -> the language that it is of."""
HOMES = {
    "languages/python": "python",
    "languages/rust": "rust",
    "languages/typescript": "typescript",
    "proof/pytest": "python",
    "proof/cargo": "rust",
    "proof/vitest": "typescript",
}
TABLES = ("languages/__init__.py", "proof/__init__.py")
HOMONYMS = {"node", "ts"}
"""Words that are also of a tree, or of time: only a string that is a file or a program counts."""
REASONS = {
    "checkout/settings.py": "the files in which tools keep their settings",
    "commands/doctor.py": "the packages that scaffold itself needs",
    "edits/__init__.py": "the table of edit kinds, each with the module that knows it",
    "kit/reader.py": "files that an installation compiles beside those of a kit",
    "commands/kit.py": "an example of a target, in the help",
    "commands/options.py": "the languages of planned rows, and those that --language shows",
    "kit/contract.py": "endings of files whose lines and end are held to a form",
    "commands/new.py": "the option --python",
    "commands/verify.py": "the option --python",
    "commands/demo.py": "the demo is a Python project, and names its interpreter",
    "languages/python/reached.py": "folders that no runner of tests goes into",
    "proof/runner.py": "the interpreter of --python, on its way to a runner",
    "proof/tree_copy.py": "folders that any tool leaves and no copy needs",
    "proof/verify.py": "the cache of a runner, by its name",
    "system/caching.py": "the bounds of the caches, by their names",
    "system/reading.py": "folders that any tool makes beside the files of a project",
    "system/faults.py": "the interpreter of scaffold itself, in its log",
    "system/isolation.py": "how a program's environment is told not to trust a checkout",
}
"""The modules that name a language or a tool outside of its folder and the two tables, and why."""

WHOLE = {"cli": "the command line, as a person uses it", "tools": "the tools beside the package"}
"""Folders of tests of more than one room, and of what."""
BEHAVIOURS = {
    "kit/test_end_to_end_rows.py": "the end-to-end rows without the code base",
    "kit/test_environments.py": "the rows of the kit in hostile environments",
    "kit/test_generated.py": "what the rows of the kit render",
    "kit/test_python_environment.py": "the environment that the Python rows run in",
    "kit/test_standin.py": "the end-to-end rows at a stand-in gateway",
    "proof/cargo/test_prove.py": "new --prove of Rust parts",
    "proof/pytest/test_prove.py": "new --prove of Python parts",
    "proof/test_subjects.py": "what of a gap is proved",
    "proof/pytest/test_packages.py": "packages of the index, proved by the command line",
}
"""Tests of a room that name no module and import none, and of what they are."""


def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def words_of(module: str) -> Iterator[str]:
    """Words in the names and strings of a module's code, without docstrings and comments."""
    tree = parsed(module)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        for _, value in [] if id(node) in docs else ast.iter_fields(node):
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    split = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)
                    words = {word.lower() for word in split}
                    yield from words if is_text else words - HOMONYMS


def languages_named(module: str) -> set[str]:
    return {NAMES[word] for word in words_of(module) if word in NAMES}


def home_of(module: str) -> str:
    return next((word for home, word in HOMES.items() if module.startswith(f"{home}/")), None)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(SRC).as_posix())
def test_a_folder_holds_at_most_fourteen_modules(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= MOST_MODULES


def test_the_top_of_the_package_holds_no_code_but_rooms() -> None:
    assert {path.stem for path in SRC.glob("*.py")} == TOP


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(SRC).as_posix())
def test_three_modules_with_one_prefix_are_a_folder(folder: Path) -> None:
    stems = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")]
    prefixes = Counter(stem.partition("_")[0] for stem in stems)
    assert [prefix for prefix, count in prefixes.items() if count >= 3] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("scaffold", cache_dir=None)
    arrows = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if not NO_CODE & set(module.split("."))
    }
    TopologicalSorter(arrows).prepare()


def test_a_language_or_tool_is_named_in_its_folder_alone() -> None:
    named = {name: languages_named(name) - {home_of(name)} for name in MODULES.keys() - TABLES}
    foreign = {name: found for name, found in named.items() if found}
    assert foreign.keys() == REASONS.keys(), "a module that names another tool has a reason"


def test_every_folder_of_tests_has_its_room() -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    rooms = {PurePosixPath(module).with_suffix("") for module in MODULES}
    rooms |= {PurePosixPath(folder.relative_to(SRC)) for folder in FOLDERS}
    assert folders - rooms == {Path("tools")}


def modules_below(room: str) -> set[str]:
    return {path.stem for path in (SRC / room).rglob("*.py")} | {
        path.parent.name for path in (SRC / room).rglob("*.py")
    }


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(TESTS.rglob("test_*.py")) if path.parent.relative_to(TESTS).parts],
    ids=lambda path: path.relative_to(TESTS).as_posix(),
)
def test_a_test_names_or_imports_what_its_room_holds(path: Path) -> None:
    room = path.parent.relative_to(TESTS).as_posix()
    if room in WHOLE or path.relative_to(TESTS).as_posix() in BEHAVIOURS:
        return
    behaviour = path.stem.removeprefix("test_")
    named = {f"{behaviour}_".startswith(f"{name}_") for name in modules_below(room)}
    dots = f"scaffold.{room.replace('/', '.')}"
    assert True in named or re.search(rf"^(from|import) {dots}\b", path.read_text("utf-8"), re.M)
