"""Other generators of Python tests, pinned and in an environment of their own below .cache/.

What a generator wrote for a module is kept by generator, version, seed, time and content of the
package, so that a second run writes nothing anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.system.process import Completed, run

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "peers"
PINS = ("pynguin==0.48.0", "hypothesis==6.170.17", "black==25.12.0", "pytest==8.4.2")
# Beside the search, Pynguin analyses the module, makes assertions and minimises.
PATIENCE_FACTOR, PATIENCE_S = 5, 600
# `[21:55:31] [ERROR] [Worker-1](pynguin.generator:…:176): what it is about`
LOGGED = re.compile(r"^(\[[^]]*\] ?)+(\([^)]*\))?:? *")
# Both fix what Hypothesis draws, and no more: what the ghostwriter wrote is left as it is.
PROFILE = """\
from hypothesis import settings

settings.register_profile("peers", derandomize=True, database=None, deadline=None)
settings.load_profile("peers")
"""


@dataclass(frozen=True)
class Effort:
    """What a generator may take, and from where it starts."""

    seed: int = 1
    search_s: int = 120


@dataclass(frozen=True)
class Made:
    """What a generator wrote for one module.

    Attributes:
        source: The test file; empty where it wrote none.
        seconds: How long it took.
        said: Why there is nothing, in its own words.
    """

    source: str
    seconds: float
    said: str = ""


@dataclass(frozen=True)
class Peer:
    """A generator.

    Attributes:
        name: As the tables call it.
        package: Its distribution, one of `PINS`.
        seeded: Whether it searches, so that seed and time count.
        conftest: What stands beside its tests.
        write: (environment, package folder, module, scratch, effort) -> the finished process; the
            test file is `scratch/test_*.py`.
    """

    name: str
    package: str
    seeded: bool
    conftest: str
    write: Callable[[Path, Path, str, Path, Effort], Completed]

    @property
    def version(self) -> str:
        """The pinned version."""
        return dict(pin.split("==") for pin in PINS)[self.package]


def pynguin(env: Path, folder: Path, module: str, scratch: Path, effort: Effort) -> Completed:
    """Search for tests of a module; it runs the module under test."""
    argv = [
        *(str(env / "bin" / "pynguin"), "--no-rich", "-v"),
        *("--project-path", str(folder), "--module-name", module),
        *("--output-path", str(scratch), "--report-dir", str(scratch / "report")),
        *("--seed", str(effort.seed), "--maximum-search-time", str(effort.search_s)),
    ]
    patience_s = PATIENCE_FACTOR * effort.search_s + PATIENCE_S
    danger = {**os.environ, "PYNGUIN_DANGER_AWARE": "1", "PYTHONHASHSEED": "0"}
    return run(argv, cwd=scratch, env=danger, timeout_s=patience_s, log=scratch / "log")


def ghostwriter(env: Path, folder: Path, module: str, scratch: Path, effort: Effort) -> Completed:
    """Write property tests from a module's signatures; it imports the module."""
    argv = [str(env / "bin" / "hypothesis"), "write", module]
    path = {**os.environ, "PYTHONPATH": str(folder)}
    done = run(argv, cwd=scratch, env=path, timeout_s=PATIENCE_S, log=scratch / "log")
    if done.returncode == 0 and "def test_" in done.stdout:
        name = f"test_{module.replace('.', '_')}.py"
        (scratch / name).write_text(done.stdout, encoding="utf-8")
    return done


PEERS = (
    Peer("Pynguin", "pynguin", True, "", pynguin),
    Peer("Hypothesis ghostwriter", "hypothesis", False, PROFILE, ghostwriter),
)


def environment(version: str) -> Path:
    """A virtual environment with the generators and what that release of planoai needs."""
    wanted = "\n".join([*PINS, f"planoai=={version}"])
    place = CACHE / f"env-{version}"
    stamp = place / "pins.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, *wanted.split("\n")], check=True)
        stamp.write_text(wanted)
    return place


def make(peer: Peer, env: Path, folder: Path, module: str, effort: Effort) -> Made:
    """What the peer writes for a module of the package in the folder."""
    kept = CACHE / "made" / peer.package / f"{_key(peer, folder, module, effort)}.json"
    if not kept.is_file():
        scratch = kept.with_suffix(".scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        done = peer.write(env, folder, module, scratch, effort)
        # Pynguin writes what crashed the interpreter beside its tests, under another name.
        found = sorted(scratch.glob("test_*.py"))
        source = found[0].read_text(encoding="utf-8") if found else ""
        said = "" if source else _last_words(done)
        document = {"source": source, "seconds": round(done.seconds, 1), "said": said}
        kept.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return Made(**json.loads(kept.read_text("utf-8")))


def _key(peer: Peer, folder: Path, module: str, effort: Effort) -> str:
    settings = [effort.seed, effort.search_s] if peer.seeded else []
    digest = hashlib.sha256(json.dumps([PINS, module, settings]).encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{module}-{digest.hexdigest()[:16]}"


def _last_words(done: Completed) -> str:
    """Why nothing came of it."""
    if done.timed_out:
        return "it did not come to an end"
    return verdict_in([*done.stdout.splitlines(), *done.stderr.splitlines()])


def verdict_in(lines: Sequence[str]) -> str:
    """The last error that was said, else the last line, without when and where it was said."""
    spoken = [line.strip() for line in lines if line.strip()]
    errors = [line for line in spoken if "[ERROR]" in line or "Error:" in line]
    last = (errors or spoken or ["it said nothing"])[-1]
    return LOGGED.sub("", last)[:200]
