"""Building and running test programs: progress while it builds, errors by file, time limits."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import BaselineError, CheckoutError, MissingToolError, ProofError
from scaffold.proof.cargo.output import LibtestReader
from scaffold.proof.cargo.workspace import Package, Suite, machine_fault, suite_args
from scaffold.proof.runner import Progress, in_folder
from scaffold.system.invocation import quoted
from scaffold.system.process import Conversation

NO_SPACE = "No space left on device"
POLL_S = 2.0
REPORT_S = 10.0


@dataclass(frozen=True)
class Program:
    """A built test program."""

    suite: Suite
    path: str
    package: Package


@dataclass(frozen=True)
class CompileError:
    """An error of the compiler: its file as the workspace names it (empty: none), and its text."""

    file: str
    line: int
    text: str

    def sentence(self) -> str:
        """The error on one line."""
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.text}"


@dataclass
class Build:
    """What a build gave: programs, or errors."""

    programs: list[Program] = field(default_factory=list)
    errors: list[CompileError] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether there is nothing to run."""
        return bool(self.errors)


@dataclass(frozen=True)
class Cargo:
    """cargo in one tree: the workspace's folder, its environment, and how long it may take."""

    folder: Path
    env: dict[str, str]
    timeout_s: float
    log: Path

    def build(
        self, suites: Sequence[Suite], packages: dict[str, Package], progress: Progress
    ) -> Build:
        """The test programs of these suites, or the compiler's errors.

        Raises:
            BaselineError: Cargo.lock does not fit the crates.
            CheckoutError: The disk is full.
            MissingToolError: The toolchain that the workspace asks for is missing.
            ProofError: It did not end in time.
        """
        argv = ["cargo", "test", "--locked", "--no-run", "--message-format", "json"]
        argv += suite_args(suites)
        started = time.monotonic()
        self.log.write_bytes(b"")
        found = Build()
        by_id = {package.id: package for package in packages.values()}
        with Conversation(argv, cwd=self.folder, env=self.env, log=self.log) as talk:
            done = _Progress(progress, started)
            while (line := self._line(talk, started, done)) is not None:
                message = json.loads(line) if line.startswith("{") else {}
                if _is_error(message) and NO_SPACE in line:
                    raise self._full()
                if message.get("reason") == "build-finished":
                    if not message["success"] and not found.errors:
                        found.errors.append(CompileError("", 0, self._said()))
                    break
                _take(found, message, by_id, done)
            else:
                self._refuse()
        wanted = set(suites)
        found.programs = [item for item in found.programs if item.suite in wanted]
        found.seconds = time.monotonic() - started
        return found

    def run(
        self,
        program: Program,
        args: Sequence[str],
        *,
        timeout_s: float,
        watch: Callable[[str], bool] = lambda word: True,
    ) -> LibtestReader:
        """What a test program printed, up to its end, its time, or until `watch` returns false."""
        env = self.env | _as_cargo_sets(program, self.env)
        argv = [program.path, "--color", "never", *args]
        return self.listen(argv, program.package.folder, env, timeout_s=timeout_s, watch=watch)

    def listen(
        self,
        argv: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        *,
        timeout_s: float,
        watch: Callable[[str], bool] = lambda word: True,
    ) -> LibtestReader:
        """What a program prints of tests, up to its end, its time, or a false `watch`."""
        reader, line = LibtestReader(), None
        deadline = time.monotonic() + timeout_s
        self.log.write_bytes(b"")
        talk = Conversation(argv, cwd=folder, env=env, log=self.log)
        with talk:
            while not reader.late:
                try:
                    line = talk.receive(max(0.0, deadline - time.monotonic()))
                except TimeoutError:
                    reader.late = True
                    continue
                word = reader.feed(line) if line is not None else None
                if line is None or (word is not None and not watch(word)):
                    break
        if line is None and reader.ended is None and not reader.late:
            reader.died = " | ".join(filter(None, [talk.ended_by, talk.last_words()])) or "no word"
        return reader

    def _line(self, talk: Conversation, started: float, done: _Progress) -> str | None:
        while True:
            try:
                return talk.receive(POLL_S)
            except TimeoutError:
                said = talk.last_words(1)
                if said.startswith("Blocking waiting for file lock"):
                    done.waiting(said)
                else:
                    done.tick()
            if time.monotonic() - started > self.timeout_s:
                raise ProofError(
                    f"the build did not end within {self.timeout_s:.0f} s",
                    f"{in_folder(self.folder.name)}cargo test --no-run",
                )

    def _said(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        if NO_SPACE in text:
            raise self._full()
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        first = next((at for at, line in enumerate(lines) if line.startswith("error")), 0)
        return " | ".join(lines[first : first + 4]) or "cargo said nothing"

    def _full(self) -> CheckoutError:
        return CheckoutError(
            f"the disk is full: cargo builds in {self.env['CARGO_TARGET_DIR']}; make room there, "
            "or name another place with XDG_CACHE_HOME",
            f"df -h {quoted(self.env['CARGO_TARGET_DIR'])}",
        )

    def _refuse(self) -> None:
        """Say why cargo ended before it built anything."""
        said = self._said()
        if "--locked" in said and ("needs to be updated" in said or "cannot update" in said):
            raise BaselineError(
                f"{self.folder.name}/Cargo.lock does not fit the crates: {said}",
                f"{in_folder(self.folder.name)}cargo update --workspace",
            )
        raise machine_fault(said, self.folder.name) or BaselineError(
            f"cargo cannot build '{self.folder.name}': {said}",
            f"{in_folder(self.folder.name)}cargo test --no-run",
        )


class _Progress:
    """Says what is being built, at most every few seconds."""

    def __init__(self, progress: Progress, started: float) -> None:
        self.progress, self.started, self.count = progress, started, 0
        self.last, self.said_waiting, self.name = started, False, ""

    def built(self, name: str) -> None:
        self.count, self.name = self.count + 1, name
        self.tick()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self.last >= REPORT_S:
            self.last = now
            crates = f"{self.count} crates, last {self.name}" if self.count else "starting"
            self.progress(f"cargo builds: {crates} ({now - self.started:.0f} s)")

    def waiting(self, said: str) -> None:
        if not self.said_waiting:
            self.said_waiting = True
            self.progress(f"waiting for another run of cargo: {said}")


GET_RUST = "curl -fsS https://sh.rustup.rs | sh"
"""The command that installs rustup, and cargo with it. Source: rustup.rs."""


def cargo_env(target: Path | None = None) -> dict[str, str]:
    """The environment of cargo: ours, its output plain, its target folder outside the checkout.

    Raises:
        MissingToolError: There is no cargo or no rustc.
    """
    for name in ("cargo", "rustc"):
        if shutil.which(name) is None:
            raise MissingToolError(
                f"'{name}' is not on the PATH, and Rust tests need it",
                GET_RUST,
            )
    # Without debug information a build takes half the time and space; no test can tell.
    plain = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_TEST_DEBUG": "0"}
    own = {
        "CARGO_TERM_COLOR": "never",
        "CARGO_TERM_PROGRESS_WHEN": "never",
        "RUST_BACKTRACE": "0",
        "NO_COLOR": "1",
    }
    kept = {key: value for key, value in os.environ.items() if key != "CARGO_BUILD_TARGET_DIR"}
    return plain | kept | own | ({"CARGO_TARGET_DIR": str(target)} if target else {})


def _take(
    found: Build, message: dict[str, Any], by_id: dict[str, Package], done: _Progress
) -> None:
    reason = message.get("reason")
    if reason == "compiler-artifact":
        done.built(message["target"]["name"])
        package = by_id.get(message["package_id"])
        path = message.get("executable")
        if path and package is not None and message["profile"]["test"]:
            kind = message["target"]["kind"]
            if "test" in kind:
                found.programs.append(
                    Program(Suite(package.name, message["target"]["name"]), path, package)
                )
            elif "bin" not in kind:
                found.programs.append(Program(Suite(package.name), path, package))
    elif _is_error(message):
        error = _error(message["message"])
        if not error.text.startswith("aborting due to"):
            found.errors.append(error)


def _is_error(message: dict[str, Any]) -> bool:
    told = message["message"] if message.get("reason") == "compiler-message" else {}
    return bool(told) and told["level"].startswith("error")


def _error(message: dict[str, Any]) -> CompileError:
    span = next((item for item in message["spans"] if item["is_primary"]), None)
    code = f"[{message['code']['code']}]" if message.get("code") else ""
    text = " ".join(f"error{code}: {message['message']}".split())
    if span is None:
        return CompileError("", 0, text[:400])
    span = _in_source(span)
    return CompileError(span["file_name"], int(span["line_start"]), text[:400])


def _in_source(span: dict[str, Any]) -> dict[str, Any]:
    """The place in a source where a macro was called that holds the error."""
    while span["file_name"].startswith(("<", "/")) and span.get("expansion"):
        span = span["expansion"]["span"]
    return span


def _as_cargo_sets(program: Program, env: dict[str, str]) -> dict[str, str]:
    """What `cargo test` gives to a test program, for tests that ask at run time."""
    libraries = [str(Path(program.path).parent), env.get("LD_LIBRARY_PATH", "")]
    return {
        "CARGO_MANIFEST_DIR": str(program.package.folder),
        "CARGO_PKG_NAME": program.package.name,
        "CARGO_PKG_VERSION": program.package.version,
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)),
    }
