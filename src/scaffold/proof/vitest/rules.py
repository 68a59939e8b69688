"""Biome and `tsc`, as the scripts of the workspace's packages call them, before and after."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from scaffold.checkout.files import read_file
from scaffold.errors import MissingToolError, ScaffoldError
from scaffold.proof.rules.result import Broken, RuleResult, Written, judged, left_out
from scaffold.proof.runner import in_folder
from scaffold.proof.vitest.installed import MODULES, environment, find_node, get_command
from scaffold.proof.vitest.linked_copy import linked_copy
from scaffold.system import process, scratch

SCRIPTS = ("lint", "typecheck", "type-check", "check", "check-types", "format:check", "build")
"""The scripts that a maintainer runs before merging."""
PACKAGES = {"biome": "@biomejs/biome/bin/biome", "tsc": "typescript/bin/tsc"}
"""Program -> where its package has it."""
MENDING = ("--write", "--fix", "--apply", "--unsafe", "--apply-unsafe")
_CUTS = re.compile(r"&&|\|\||;")
_STARTS = (("npx",), ("bunx",), ("pnpm", "exec"), ("yarn", "exec"), ("yarn",), ("npm", "exec"))
_BIOME = re.compile(r"^::(error|warning) title=([^,]*),file=([^,]*),line=(\d+).*?::(.*)$", re.M)
_TSC = re.compile(r"^(.+?)\((\d+),\d+\): (error TS\d+: .*)$", re.M)


@dataclass(frozen=True)
class Script:
    """A script of a package, and the calls in it: the words of each.

    Attributes:
        folder: The package, below the checkout.
        name: Its name in package.json.
        place: File and line of it.
        calls: Its commands, each in its words.
    """

    folder: str
    name: str
    place: str
    calls: tuple[tuple[str, ...], ...]

    @property
    def label(self) -> str:
        """How the result is named."""
        return " && ".join(map(shlex.join, self.calls))

    @property
    def command(self) -> str:
        """What a person types in the checkout."""
        return f"{in_folder(self.folder)}npm run {self.name}"


@dataclass(frozen=True)
class Copies:
    """The checkout as it is, and as it was before the gap wrote anything."""

    written: Written
    place: Path

    @cached_property
    def after(self) -> Path:
        """With all that was written."""
        return linked_copy(self.written.root, self.place / "after", self.written.subject.home)

    @cached_property
    def before(self) -> Path:
        """Without it."""
        copy = linked_copy(self.written.root, self.place / "before", self.written.subject.home)
        for file in self.written.files:
            if file.before is not None:
                (copy / file.path).write_bytes(file.before)
            elif file.path in self.written.subject.files:
                (copy / file.path).unlink(missing_ok=True)
        return copy


def check(written: Written) -> Iterator[RuleResult]:
    """The result of each script of the packages in which files were written."""
    if written.subject.run.runner != "vitest":
        return
    found = [script for folder in _packages(written) for script in scripts_of(written, folder)]
    known = [script for script in found if all(call[0] in PACKAGES for call in script.calls)]
    for script in found:
        if script not in known:
            yield left_out(script, "it is not known here, or builds the package", script.command)
    if not known:
        return
    with scratch.folder("rules") as place:
        copies = Copies(written, place)
        for script in known:
            written.progress(f"{script.label} in {script.folder}, as {script.place} asks")
            try:
                yield _judged(script, copies)
            except ScaffoldError as error:
                missing = isinstance(error, MissingToolError)
                get = error.hint or script.command
                yield left_out(script, error.fact, get, missing=missing)


def _packages(written: Written) -> list[str]:
    """The packages in which something was written."""
    folders = {p.as_posix() for file in written.files for p in PurePosixPath(file.path).parents}
    return sorted(f for f in folders if read_file(written.root, _manifest(f)) is not None)


def _manifest(folder: str) -> str:
    return (PurePosixPath(folder) / "package.json").as_posix()


def scripts_of(written: Written, folder: str) -> Iterator[Script]:
    """What a package has of these scripts, but what prints a line or runs those of packages."""
    path = _manifest(folder)
    text = (read_file(written.root, path) or b"").decode("utf-8", "replace")
    try:
        scripts = json.loads(text).get("scripts")
    except (ValueError, RecursionError, AttributeError):
        return
    for name in SCRIPTS:
        line = scripts.get(name) if isinstance(scripts, dict) else None
        calls = tuple(_calls(line)) if isinstance(line, str) else ()
        if calls:
            at = re.search(rf'^.*"{name}"\s*:', text, re.M)
            number = text.count("\n", 0, at.start()) + 1 if at else 1
            yield Script(folder, name, f"{path}:{number}", calls)


def _calls(line: str) -> Iterator[tuple[str, ...]]:
    for piece in _CUTS.split(line):
        try:
            words = shlex.split(piece)
        except ValueError:
            words = [piece]
        for start in _STARTS:
            if tuple(words[: len(start)]) == start:
                words = words[len(start) :]
                break
        if words and words[0] not in ("echo", "turbo"):
            yield tuple(words)


def _judged(script: Script, copies: Copies) -> RuleResult:
    """What a script reports now, and did not before."""
    limit = copies.written.options.timeout_s
    broken: list[Broken] = []
    for call in script.calls:
        argv = _argv(call, script.folder, copies.written)
        found, done = _run(argv, call, script.folder, copies.after, limit)
        if done.timed_out or (done.returncode != 0 and not found):
            return left_out(script, f"it gave no verdict: {_last(done)}", script.command)
        if found:
            # Errors move when lines are added above them: what counts is what they report.
            earlier, _ = _run(argv, call, script.folder, copies.before, limit)
            old = Counter((one.file, one.message) for one in earlier)
            for one in found:
                if old[one.file, one.message]:
                    old[one.file, one.message] -= 1
                else:
                    broken.append(one)
    return judged(script, copies.written.files, broken, script.command)


def _argv(call: Sequence[str], folder: str, written: Written) -> list[str]:
    """The call with what makes it write nothing and report for a program.

    Raises:
        MissingToolError: The program is not installed in the workspace.
    """
    home = written.subject.home
    for parent in (PurePosixPath(folder), *PurePosixPath(folder).parents):
        program = home / parent / MODULES / PACKAGES[call[0]]
        if program.is_file():
            break
    else:
        raise MissingToolError(f"{call[0]} is not installed in {home}", get_command(home))
    words = [word for word in call[1:] if word not in MENDING]
    more = ["--reporter=github", "--max-diagnostics=none", "--colors=off"]
    if call[0] == "tsc":
        more = ["--pretty", "false", *([] if "--noEmit" in words else ["--noEmit"])]
    return [find_node(), str(program), *words, *more]


def _run(
    argv: Sequence[str], call: Sequence[str], folder: str, copy: Path, limit: float
) -> tuple[list[Broken], process.Completed]:
    with scratch.folder("rules") as place:
        done = process.run(argv, cwd=copy / folder, env=environment(place), timeout_s=limit)
    if call[0] == "tsc":
        told = [(one[1], int(one[2]), one[3]) for one in _TSC.finditer(done.stdout)]
    else:
        counts = {"error", "warning"} if "--error-on-warnings" in call else {"error"}
        told = [
            (one[3], int(one[4]), f"{one[2]}: {one[5]}")
            for one in _BIOME.finditer(done.stdout)
            if one[1] in counts
        ]
    found = [Broken(_inside(copy, folder, path), line, text[:300]) for path, line, text in told]
    return found, done


def _inside(copy: Path, folder: str, path: str) -> str:
    """A path that a program reports, below the checkout."""
    place = (copy / folder / path).resolve()
    root = copy.resolve()
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else path


def _last(done: process.Completed) -> str:
    if done.timed_out:
        return f"it did not end within {done.seconds:.0f} s"
    lines = [" ".join(line.split()) for line in f"{done.stderr}\n{done.stdout}".splitlines()]
    told = (line[:300] for line in lines if re.search(r"\w", line))
    return next(told, f"exit code {done.returncode}")
