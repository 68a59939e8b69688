"""Tools of the version that a checkout pins: fetched once into our cache, run on our files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scaffold.checkout.files import read_file
from scaffold.checkout.settings import OWN, SHARED
from scaffold.errors import MissingToolError
from scaffold.languages.python.format.pinned import ENDINGS, Pinned, pinned
from scaffold.languages.rules import Hook
from scaffold.proof.rules.result import (
    Broken,
    RuleResult,
    Written,
    WrittenFile,
    judged,
    left_out,
)
from scaffold.proof.runner import Progress
from scaffold.system import process
from scaffold.system.caching import PARTS, cache_dir, trim_folders
from scaffold.system.invocation import room

FETCH_S = 180.0
LOOK_S = 120.0
SETTINGS = (*SHARED, *(name for name, tool in OWN.items() if tool in ("flake8", "isort", "ruff")))
"""Files that such tools take their settings from."""
_HUNK = re.compile(r"@@ -(\d+)")


def check_pinned(written: Written) -> Iterator[RuleResult]:
    """The result of each hook that pins a tool that is known."""
    for hook in written.rules.hooks:
        tool = pinned(hook)
        if tool is None:
            continue
        files = written.picked(hook, ENDINGS)
        if not files:
            yield judged(hook, files, ())
        elif isinstance(tool, str):
            yield left_out(hook, tool)
        else:
            yield _result(written, hook, tool, files)


def _result(written: Written, hook: Hook, tool: Pinned, files: Sequence[WrittenFile]) -> RuleResult:
    try:
        python = tool.python or fetch(tool, written.progress)
    except MissingToolError as error:
        return left_out(hook, error.fact, error.hint, missing=True)
    names = [file.path for file in files]
    done = _look(tool, python, written.root, names)
    broken = broken_in(done.stdout + done.stderr, names)
    if done.returncode == 0 and not done.timed_out:
        return judged(hook, files, ())
    if not broken:
        why = f"took over {LOOK_S:.0f} s" if done.timed_out else _last(done)
        return left_out(hook, f"{tool.requirement} gave no verdict: {why}")
    old = _broken_before(written, tool, python, [f for f in files if f.before is not None])
    fresh = [item for item in broken if item.file not in old]
    mend = tool.mending(python, dict.fromkeys(item.file for item in fresh))
    return judged(hook, files, fresh, shlex.join(mend))


def _look(tool: Pinned, python: str, root: Path, names: Sequence[str]) -> process.Completed:
    # As pre-commit does: from the root, with the names of the files.
    argv = tool.looking(python, names)
    return process.run(argv, cwd=root, env=_environment(), timeout_s=LOOK_S)


def _broken_before(
    written: Written, tool: Pinned, python: str, files: Sequence[WrittenFile]
) -> set[str]:
    """Files of a person that were not clean before we came."""
    if not files:
        return set()
    with process.empty_folder() as folder:
        for file in files:
            _put(folder, file.path, file.before or b"")
            for above in Path(file.path).parents:
                for name in SETTINGS:
                    place = (above / name).as_posix()
                    content = read_file(written.root, place)
                    if content is not None:
                        _put(folder, place, content)
        names = [file.path for file in files]
        done = _look(tool, python, folder, names)
        return {item.file for item in broken_in(done.stdout + done.stderr, names)}


def _put(folder: Path, path: str, content: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)


def broken_in(output: str, names: Sequence[str]) -> list[Broken]:
    """The first place in each file that a tool's messages or its diff name."""
    found: dict[str, Broken] = {}
    lines = output.splitlines()
    # The longest name first: one may be the end of another.
    patterns = {
        name: re.compile(rf"(?:^|[\s/'\"]){re.escape(name)}(?=$|[\s:'\"])(?::(\d+))?(.*)")
        for name in sorted(names, key=len, reverse=True)
    }
    for at, line in enumerate(lines):
        for name, pattern in patterns.items():
            told = pattern.search(line)
            if not told:
                continue
            if name not in found:
                number, message = int(told[1] or 0), told[2].strip(" :")
                if line.startswith(("--- ", "+++ ")):
                    number, message = _changed(lines[at + 1 :]), "would be changed"
                found[name] = Broken(name, number, message[:200] or "would be changed")
            break
    return sorted(found.values(), key=lambda item: item.file)


def _changed(lines: Sequence[str]) -> int:
    """The first line that a diff takes away or adds before."""
    number = 0
    for line in lines:
        hunk = _HUNK.match(line)
        if hunk:
            number = int(hunk[1])
        elif number and line.startswith(("-", "+")):
            return number
        elif number:
            number += 1
    return number


def _last(done: process.Completed) -> str:
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return f"exit code {done.returncode}{': ' + lines[-1][:200] if lines else ''}"


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "RUFF_", "BLACK_", "VIRTUAL_ENV"))
    }
    return {**kept, "NO_COLOR": "1", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def fetch(tool: Pinned, progress: Progress) -> str:
    """The interpreter of a new environment in the cache that holds this version, and nothing else.

    Only wheels are taken: nothing is built, so no code of the package runs while it is installed.

    Raises:
        MissingToolError: It cannot be had; the hint tries again.
    """
    progress(f"fetching {tool.requirement}, as {tool.hook.place} asks")
    base = cache_dir("tools")
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=base))
    except OSError as error:
        raise MissingToolError(
            f"{tool.requirement} cannot be kept in {base}: {error.strerror}", room(error, base)
        ) from error
    try:
        python = _installed(tool, made)
        try:
            made.rename(tool.folder)
        except OSError:
            # Another run was first, or what lies there is not ours to use.
            if tool.python is None:
                raise _missing(tool, f"{tool.folder} is in the way") from None
        trim_folders(base, PARTS["tools"], tool.folder)
        return tool.python or python
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _installed(tool: Pinned, folder: Path) -> str:
    python = str(folder / "bin" / "python")
    install = [
        python, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:",
        "--timeout", "15", "--retries", "1", tool.requirement,
    ]  # fmt: skip
    program = tool.known.argv[0]
    for argv, what in (
        ([sys.executable, "-I", "-m", "venv", str(folder)], "no environment can be made"),
        (install, "it cannot be fetched"),
        ([python, "-I", "-m", program, "--version"], "it does not start"),
    ):
        with process.empty_folder() as cwd:
            done = process.run(argv, cwd=cwd, env=_environment(), timeout_s=FETCH_S)
        if done.returncode != 0:
            raise _missing(tool, f"{what}: {_last(done)}")
    if tool.version not in done.stdout:
        raise _missing(tool, f"it reports {' '.join(done.stdout.split())[:80]}")
    return python


def _missing(tool: Pinned, why: str) -> MissingToolError:
    own = shlex.quote(str(tool.folder))
    return MissingToolError(
        f"{tool.requirement} is not at hand: {why}",
        f"{shlex.quote(sys.executable)} -m venv --clear {own} && "
        f"{own}/bin/python -m pip install {shlex.quote(tool.requirement)}",
    )
