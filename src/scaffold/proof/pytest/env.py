"""Which interpreter runs the tests: candidates in order, and what their code imports."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.caching import cache_dir
from scaffold.checkout.files import read_plain
from scaffold.errors import MissingToolError

PYTEST_MAJOR = 7
DROPPED = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "COVERAGE_PROCESS_START", "PYTHONSTARTUP")


@dataclass(frozen=True)
class Candidate:
    """An interpreter that may fit.

    Attributes:
        label: What a person calls it.
        argv: The command that starts it.
        env: What it needs in its environment beside the rest.
    """

    label: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def candidates(folder: Path, checkout: Path, named: str | None) -> list[Candidate]:
    """Interpreters in the order in which they are tried; a named one is the only one.

    `uv run` comes with an environment outside of the checkout (`UV_PROJECT_ENVIRONMENT` below the
    cache) and without the project itself, which the path already holds: so nothing is written
    into the checkout.

    Raises:
        MissingToolError: The named interpreter is not there.
    """
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise MissingToolError(
                f"the interpreter '{named}' is not there or cannot be run", f"ls -l {named}"
            )
        return [Candidate(named, (os.path.abspath(found),))]
    listed = []
    for place in dict.fromkeys((folder, checkout)):
        listed += _in_venv(place / ".venv")
    if os.environ.get("VIRTUAL_ENV"):
        listed += _in_venv(Path(os.environ["VIRTUAL_ENV"]))
    uv = shutil.which("uv")
    if uv is not None and (folder / "uv.lock").is_file():
        listed.append(_with_uv(uv, folder))
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found is not None:
            listed.append(Candidate(found, (found,)))
    unique: dict[tuple[str, ...], Candidate] = {}
    for item in listed:
        unique.setdefault(_same(item.argv), item)
    return list(unique.values())


def _same(argv: tuple[str, ...]) -> tuple[str, ...]:
    """What two commands have in common that start one interpreter: its folder and its file."""
    program = Path(argv[0])
    return (str(program.parent), str(program.resolve()), *argv[1:])


def _in_venv(place: Path) -> list[Candidate]:
    for name in ("bin/python", "Scripts/python.exe"):
        if (place / name).exists():
            return [Candidate(str(place / name), (str(place / name),))]
    return []


def _with_uv(uv: str, folder: Path) -> Candidate:
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return Candidate(
        f"uv run --project {folder}",
        (uv, "run", "--quiet", "--project", str(folder), "--frozen", "--no-install-project",
         "python"),
        {"UV_PROJECT_ENVIRONMENT": str(cache_dir() / "uv" / key)},
    )  # fmt: skip


def described(candidate: Candidate) -> str:
    """The interpreter in words, with its version where the environment's own file names it."""
    try:
        place = Path(candidate.argv[0]).parent.parent / "pyvenv.cfg"
        text = read_plain(place, most=1 << 16).decode("utf-8", errors="replace")
    except OSError:
        return candidate.label
    version = re.search(r"^version(?:_info)?\s*=\s*([\w.+]{1,20})", text, re.MULTILINE)
    return f"{candidate.label} (Python {version[1]})" if version else candidate.label


def environment(scratch: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a run: the folder on the path, nothing written into the checkout."""
    env = {name: value for name, value in os.environ.items() if name not in DROPPED}
    own = env.get("PYTHONPATH")
    env.update(
        PYTHONPATH=f".{os.pathsep}{own}" if own else ".",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONUNBUFFERED="1",
        HYPOTHESIS_STORAGE_DIRECTORY=str(scratch / "hypothesis"),
        TMPDIR=str(scratch),
    )
    return {**env, **extra}


def no_environment(
    lacks: Mapping[str, list[str]], folder: str, has_project: bool
) -> MissingToolError:
    """The refusal where no interpreter fits, with what each lacks and the command for one."""
    told = "; ".join(f"{label}: lacks {', '.join(names)}" for label, names in lacks.items())
    place = folder.strip("./") or "."
    venv = f"{place}/.venv" if place != "." else ".venv"
    if has_project:
        what = f"-e {place} 'pytest>={PYTEST_MAJOR}'"
    else:
        missing = sorted({name.split(".")[0].split(" ")[0] for n in lacks.values() for name in n})
        what = " ".join(["pytest", *(name for name in missing if name != "pytest")])
    make = f"uv venv {venv} && uv pip install --python {venv} {what}"
    if shutil.which("uv") is None:
        make = f"python3 -m venv {venv} && {venv}/bin/python -m pip install {what}"
    return MissingToolError(
        f"no interpreter can run the tests in '{place}' ({told or 'none was found'})", make
    )


def needed_imports(folder: Path, files: Iterable[Path]) -> list[str]:
    """Modules from outside of the folder that importing these files takes, found by parsing.

    Only what stands at the top of a module counts; what is tried, or imported when called, may be
    missing.
    """
    seen: set[Path] = set()
    needed: set[str] = set()
    todo = [path for path in files if path.suffix == ".py"]
    while todo:
        path = todo.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for name in _imports(path, folder):
            inside = _inside(folder, name)
            todo += inside
            top = name.split(".")[0]
            if not inside and top not in sys.stdlib_module_names and top != "__future__":
                needed.add(name)
    return sorted(needed)


def _imports(path: Path, folder: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = path.relative_to(folder).parent.parts if path.is_relative_to(folder) else ()
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*base, *([node.module] if node.module else [])])
            if name:
                yield name
            if _inside(folder, name):
                yield from (
                    f"{name}.{alias.name}"
                    for alias in node.names
                    if _inside(folder, f"{name}.{alias.name}")
                )


def _inside(folder: Path, dotted: str) -> list[Path]:
    """The files in the folder that importing the name runs; none where it is not there."""
    if not dotted:
        return []
    parts = dotted.split(".")
    base = folder.joinpath(*parts)
    if base.with_suffix(".py").is_file():
        own = [base.with_suffix(".py")]
    elif base.is_dir():
        own = [base / "__init__.py"]
    else:
        return []
    parents = [folder.joinpath(*parts[:n]) / "__init__.py" for n in range(1, len(parts))]
    return [path for path in [*parents, *own] if path.is_file()] or own
