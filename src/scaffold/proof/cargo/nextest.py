"""cargo-nextest, where it is there: each test in its own process.

It is asked where a test program dies: libtest runs all tests in one process, so that one which
aborts takes the others with it, and nobody knows which. Nothing else needs it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace

from scaffold.proof.cargo.build import Cargo, Program
from scaffold.proof.cargo.output import LibtestReader
from scaffold.proof.cargo.workspace import suite_args
from scaffold.proof.runner import Progress

EVENTS = {"NEXTEST_EXPERIMENTAL_LIBTEST_JSON": "1"}
"""Its JSON is asked for by name since 0.9.66; the output of an older one is not read."""

_DIED = re.compile(r"^\s*(?P<how>SIG[A-Z]+|ABORT)\b.*\s(?P<name>\S+)$")


def run_apart(
    cargo: Cargo,
    program: Program,
    output: LibtestReader,
    progress: Progress,
    watch: Callable[[str], bool],
) -> LibtestReader:
    """What the tests of a program that died say when each is alone.

    Returns:
        The output with a word for each test; as it was where nextest is missing or did not get to
        its end. It still has no end where no test is red alone: then they disturb each other, which
        nobody may overlook.
    """
    if shutil.which("cargo-nextest", path=cargo.env.get("PATH")) is None:
        return output
    progress(f"{program.suite.package}: the test program died; each test alone, by cargo-nextest")
    argv = ["cargo", "nextest", "run", "--locked", "--no-fail-fast", "--retries", "0"]
    argv += ["--final-status-level", "none"]  # else it prints each signal twice
    argv += ["--message-format", "libtest-json", "--color", "never", *suite_args([program.suite])]
    env = cargo.env | EVENTS
    apart = cargo.listen(argv, cargo.folder, env, timeout_s=cargo.timeout_s, watch=watch)
    if "FAILED" in apart.words.values():
        return _with_signals(apart, cargo.log.read_text(encoding="utf-8", errors="replace"))
    if apart.ended is None:
        return output
    return replace(output, died=f"{output.died} (no test of it is red alone)")


def _with_signals(apart: LibtestReader, said: str) -> LibtestReader:
    """The words, with the signal in the message of each test that ended its process."""
    for line in said.splitlines():
        died = _DIED.match(line)
        name = died["name"] if died else ""
        if died and apart.words.get(name) == "FAILED":
            apart.output[name] = [f"ended its program ({died['how']})", apart.message(name)]
    return apart
