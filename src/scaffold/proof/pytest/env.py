"""Which interpreter runs the tests: candidates in order, and what their code imports."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.checkout.files import read_plain
from scaffold.errors import MissingToolError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.pytest.requirements import install_words, newest
from scaffold.proof.runner import in_folder
from scaffold.system import process
from scaffold.system.caching import cache_dir
from scaffold.system.invocation import look

PYTEST_MAJOR = 7


@dataclass(frozen=True)
class Candidate:
    """An interpreter that may fit.

    Attributes:
        label: What a person calls it.
        argv: The command that starts it.
        env: What it needs in its environment beside the rest.
        ready: The command that makes it; empty where it is there.
    """

    label: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: tuple[str, ...] = ()

    def made_ready(self, folder: Path, env: Mapping[str, str], timeout_s: float) -> str:
        """Make it; why it cannot be, else nothing.

        Raises:
            MissingToolError: What makes it is not there.
        """
        if not self.ready:
            return ""
        done = process.run(self.ready, cwd=folder, env=env, timeout_s=timeout_s)
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return "" if done.returncode == 0 else f"cannot be made ({'; '.join(lines[:2])[:300]})"


@dataclass(frozen=True)
class Unfit:
    """Why an interpreter cannot run the tests: modules that it lacks, and anything else."""

    lacks: tuple[str, ...] = ()
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words; a package is named once, not again with each of its modules."""
        tops = [n for n in self.lacks if not any(n.startswith(f"{o}.") for o in self.lacks)]
        return " and ".join([*([f"lacks {', '.join(tops)}"] if tops else []), *self.why])


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
                f"the interpreter '{named}' is not there or cannot be run", look(named)
            )
        return [Candidate(named, (os.path.abspath(found),))]
    listed = []
    for place in dict.fromkeys((folder, checkout)):
        listed += _in_venv(place / ".venv")
    if os.environ.get("VIRTUAL_ENV"):
        listed += _in_venv(Path(os.environ["VIRTUAL_ENV"]))
    uv = shutil.which("uv")
    if uv is not None and (folder / "uv.lock").is_file():
        listed.append(with_uv(uv, folder))
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
    python = str(place / "bin/python")
    return [Candidate(python, (python,))] if os.path.exists(python) else []


def with_uv(uv: str, folder: Path, more: Sequence[str] = ()) -> Candidate:
    """The interpreter with the versions of the lock file, and such options of `uv run` more."""
    key = hashlib.sha256("\0".join([str(folder.resolve()), *more]).encode()).hexdigest()[:16]
    # Only `uv sync` can leave the project itself out.
    own = ("--quiet", "--project", str(folder), "--frozen", *more)
    return Candidate(
        shlex.join(["uv", "run", "--project", str(folder), *more]),
        (uv, "run", *own, "--no-sync", "python"),
        {"UV_PROJECT_ENVIRONMENT": str(cache_dir() / "uv" / key)},
        (uv, "sync", *own, "--no-install-project"),
    )


def described(candidate: Candidate) -> str:
    """The interpreter in words, with its version where the environment's own file names it."""
    try:
        place = Path(candidate.argv[0]).parent.parent / "pyvenv.cfg"
        text = read_plain(place, most=1 << 16).decode("utf-8", errors="replace")
    except OSError:
        return candidate.label
    version = re.search(r"^version(?:_info)?\s*=\s*([\w.+]{1,20})", text, re.MULTILINE)
    return f"{candidate.label} (Python {version[1]})" if version else candidate.label


def no_environment(
    unfit: Mapping[str, Unfit],
    checkout: Path,
    folder: str,
    wanted: Iterable[str],
    named: str | None = None,
    least: str = "",
) -> MissingToolError:
    """The refusal where no interpreter fits, with why each does not, and the command for one.

    Args:
        unfit: What a person calls an interpreter -> what is wrong with it.
        checkout: The root of the tree.
        folder: The folder of the run, relative to it.
        wanted: Every module from outside that the tests import.
        named: The interpreter that a person named: no other one is tried, so the command is for it.
        least: The oldest pytest that the project's settings ask for; empty where they do not.
    """
    reasons = "; ".join(f"{label}: {why}" for label, why in unfit.items())
    place = os.path.normpath(folder or ".")
    if hiding := _hides_python(reasons, checkout):
        why = f"{hiding} has the name of a module of Python and hides it ({reasons})"
        fact = f"no interpreter can run the tests in '{place}': {why}"
        return MissingToolError(fact, look(checkout / hiding))
    own = f"{place}/.venv" if place != "." else ".venv"
    python = os.path.abspath(shutil.which(named) or named) if named else f"{own}/bin/python"
    there = named is not None or (checkout / python).exists()
    lacking = {
        name
        for label, why in unfit.items()
        if label == named or Path(label) == checkout / python
        for name in why.lacks
    }
    oldest = newest((str(PYTEST_MAJOR), least))
    what = shlex.join(install_words(checkout / folder, place, wanted, lacking, oldest))
    quoted = shlex.quote(python)
    if shutil.which("uv") is not None:
        made = "" if there else f"uv venv {shlex.quote(own)} && "
        make = f"{made}uv pip install --python {quoted if named else shlex.quote(own)} {what}"
    else:
        made = "" if named else f"python3 -m venv {shlex.quote(own)} && "
        make = f"{made}{quoted} -m pip install {what}"
    if Path.cwd() != checkout:
        make = f"cd {shlex.quote(str(checkout))} && {make}"
    return MissingToolError(
        f"no interpreter can run the tests in '{place}' ({reasons or 'none was found'})", make
    )


def _hides_python(reasons: str, checkout: Path) -> str:
    """The file of the checkout that an import met in place of a module of Python, if one did."""
    for place in re.findall(r"\((/[^()]+\.py)\)", reasons):
        name, real = Path(place).name.removesuffix(".py"), Path(os.path.realpath(place))
        if name in sys.stdlib_module_names and real.is_relative_to(checkout.resolve()):
            return real.relative_to(checkout.resolve()).as_posix()
    return ""


def needed_imports(roots: Sequence[Path], files: Iterable[Path]) -> list[str]:
    """Modules from outside of these folders that importing the files takes, found by parsing.

    Only what stands at the top of a module counts; what is tried, or imported when called, may be
    missing. A module that a package in the folders lacks comes from nowhere else: its test is red.
    """
    seen: set[Path] = set()
    needed: set[str] = set()
    todo = [path for path in files if path.suffix == ".py"]
    while todo:
        path = todo.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for name in _imports(path, roots):
            inside = _inside(roots, name)
            todo += inside
            top = name.split(".")[0]
            known = top in sys.stdlib_module_names or top == "__future__"
            if not inside and not known and not any(p.is_file() for p in _inside(roots, top)):
                needed.add(name)
    return sorted(needed)


def shared_by(folder: Path, tests: Sequence[str]) -> list[Path]:
    """Every conftest.py that pytest imports before these test files."""
    places = {above for name in tests for above in (folder / name).parents}
    return sorted(
        place / "conftest.py"
        for place in places
        if place.is_relative_to(folder) and (place / "conftest.py").is_file()
    )


def _imports(path: Path, roots: Sequence[Path]) -> Iterator[str]:
    try:
        tree = ast.parse(read_plain(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    above = [root for root in roots if path.is_relative_to(root)]
    root = max(above, key=lambda item: len(item.parts), default=None)
    package = path.relative_to(root).parent.parts if root else ()
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*base, *([node.module] if node.module else [])])
            if name:
                yield name
            if _inside(roots, name):
                yield from (
                    f"{name}.{alias.name}"
                    for alias in node.names
                    if _inside(roots, f"{name}.{alias.name}")
                )


def _inside(roots: Sequence[Path], dotted: str) -> list[Path]:
    """The files in the folders that importing the name runs; none where it is in none of them."""
    for root in roots if dotted else ():
        parts = dotted.split(".")
        base = root.joinpath(*parts)
        if base.with_name(base.name + ".py").is_file():
            own = [base.with_name(base.name + ".py")]
        elif base.is_dir():
            own = [base / "__init__.py"]
        else:
            continue
        parents = [root.joinpath(*parts[:n]) / "__init__.py" for n in range(1, len(parts))]
        return [path for path in [*parents, *own] if path.is_file()] or own
    return []


def typed(root: Path, run: RunSpec, files: Sequence[str]) -> str:
    """The call of pytest on these files, by uv where the project has its lock file."""
    folder = root / run.root
    paths = [Path(os.path.relpath(root / path, folder)).as_posix() for path in files]
    program = "uv run pytest" if (folder / "uv.lock").is_file() else "python -m pytest"
    return f"{in_folder(run.root)}{program} {shlex.join(paths)}"
