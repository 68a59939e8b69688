"""The real command in a process of its own, without a terminal."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.hints import fault_of, printed


@dataclass(frozen=True)
class Ran:
    """What the command did; `fact` and `hint` are the two parts of a refusal."""

    code: int
    out: str
    err: str

    @property
    def fact(self) -> str:
        """The one sentence after `error: `."""
        return self._refusal()[0]

    @property
    def hint(self) -> str:
        """What to do, after the blank line, without the folders of this run."""
        command = re.sub(r"^\(cd ('[^']*'|\S+) && (.*)\)$", r"\2", self.pasted)
        if not command.startswith("scaffold "):
            return command
        return re.sub(r" (-C|--kit)( |=)('[^']*'|\S+)", "", command)

    @property
    def pasted(self) -> str:
        """The hint as it is printed."""
        return self._refusal()[1]

    def _refusal(self) -> tuple[str, str]:
        # Progress stands above the refusal.
        lead, sign, rest = self.err.partition("error: ")
        assert sign and all(line.startswith("[") for line in lead.splitlines()), self.err
        fact, blank, hint = rest.partition("\n\nhint: ")
        assert blank, f"the refusal has no hint: {self.err}"
        assert "\n" not in fact, f"the fact is more than one line: {fact}"
        assert hint.strip(), f"the hint is empty: {self.err}"
        return fact, hint.strip()

    def checked(self) -> Ran:
        """The same, where every hint is a command line (see hints.py)."""
        faults = [fault for hint in printed(self.out, self.err) if (fault := fault_of(hint))]
        assert faults == [], self.err
        return self


def scaffold(*arguments: str | Path, cwd: Path | None = None) -> Ran:
    """Run `scaffold` to its end, forked from a process that is warm already (see zygote.py).

    Args:
        arguments: What is typed after `scaffold`.
        cwd: The folder it is typed in.
    """
    with tempfile.TemporaryDirectory(prefix="scaffold-ran-") as name:
        out, err = Path(name, "out"), Path(name, "err")
        request = {
            "argv": [*map(str, arguments)],
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ),
            "out": str(out),
            "err": str(err),
        }
        zygote = _zygote()
        assert zygote.stdin is not None and zygote.stdout is not None
        zygote.stdin.write(json.dumps(request) + "\n")
        zygote.stdin.flush()
        code = json.loads(zygote.stdout.readline())
        return Ran(code, out.read_text("utf-8"), err.read_text("utf-8")).checked()


@functools.cache
def _zygote() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "support.zygote"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # It ends with its stdin.
    atexit.register(process.communicate)
    return process


def started(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    before: Callable[[], None] | None = None,
) -> Ran:
    """Run `python -m scaffold` in an interpreter of its own.

    Args:
        arguments: What is typed after `scaffold`.
        cwd: The folder it is typed in.
        env: Added to our environment.
        prefix: A program that starts it (`setpriv …`).
        before: Called in the child before it becomes the command.
    """
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "scaffold", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        preexec_fn=before,
    )
    return Ran(done.returncode, done.stdout, done.stderr).checked()
