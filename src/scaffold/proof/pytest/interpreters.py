"""The generated tests under the versions of the lock file, and each Python of the workflows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scaffold.errors import MissingToolError, ProofError
from scaffold.languages.rules import Job
from scaffold.proof import CALLS
from scaffold.proof.outcome import RED, kind_of, why_red
from scaffold.proof.pytest.env import Candidate, with_uv
from scaffold.proof.pytest.runner import Start
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.rules.result import Broken, RuleResult, Ruling, Written
from scaffold.proof.runner import TestResult
from scaffold.system.process import run

LOCK = "uv.lock"
GIVEN = "python-version"
VERSION = re.compile(r"3\.\d{1,2}")
TESTS = re.compile(CALLS["pytest"])
EXTRA = re.compile(r"--extra[ =]([\w.-]{1,40})|(--all-extras)\b")
ASK_S = 20.0


@dataclass(frozen=True)
class _Asked:
    """A Python that a workflow runs tests with, and where it says so."""

    version: str
    place: str


def check_interpreters(written: Written) -> Iterator[RuleResult]:
    """The result for the lock file, and for each Python that the folder's tests run with in CI."""
    folder = written.subject.home / written.subject.run.root
    jobs = jobs_of(written.rules.jobs, written.subject.run.root)
    uv, locked = shutil.which("uv"), (folder / LOCK).is_file()
    options = _extras(jobs)
    asked = asked_of(jobs)
    if locked:
        place = (PurePosixPath(written.subject.run.root) / LOCK).as_posix()
        yield _locked(written, place, uv, with_uv(uv, folder, options) if uv else None)
    for one in asked:
        rule = f"Python {one.version}"
        if VERSION.fullmatch(one.version) is None:
            yield _not_run(rule, one.place, f"'{one.version}' does not name one version")
            continue
        done = _ran_with(written)
        if done and done.version.startswith(f"Python {one.version}."):
            yield RuleResult(rule, one.place, Ruling.PASSED)
            continue
        candidate = _interpreter(one.version, folder, uv if locked else None, options)
        if candidate is None:
            yield _not_run(rule, one.place, f"there is no Python {one.version} on this machine")
            continue
        yield _judged(written, rule, one.place, candidate)


def jobs_of(jobs: Sequence[Job], root: str) -> list[Job]:
    """The jobs that run the tests of a folder; where none names it, all that run tests."""
    running = [job for job in jobs if any(TESTS.search(step.run) for step in job.steps)]
    here = PurePosixPath(root or ".")
    own = [
        job
        for job in running
        if any(TESTS.search(s.run) and PurePosixPath(s.folder or ".") == here for s in job.steps)
    ]
    return own or running


def asked_of(jobs: Sequence[Job]) -> list[_Asked]:
    """Each Python that the jobs set up, once."""
    found: dict[str, _Asked] = {}
    for job in jobs:
        for step in job.steps:
            for value in step.given.get(GIVEN, ()):
                for version in value.split():
                    # A patch release is asked of its minor version: that is what is installed.
                    minor = re.sub(r"^(3\.\d{1,2})(?:\.\d+|-dev)?$", r"\1", version)
                    found.setdefault(minor, _Asked(minor, step.place))
    return list(found.values())


def _extras(jobs: Sequence[Job]) -> tuple[str, ...]:
    """The extras that the jobs install before they run the tests."""
    told = [EXTRA.findall(step.run) for job in jobs for step in job.steps]
    named = dict.fromkeys(pair for pairs in told for pair in pairs)
    return tuple(
        word for name, every in named for word in ([every] if every else ["--extra", name])
    )


def _ran_with(written: Written) -> Trail | None:
    """How the tests ran already."""
    trail = written.evidence.trail
    return trail if isinstance(trail, Trail) else None


def _locked(
    written: Written, place: str, uv: str | None, candidate: Candidate | None
) -> RuleResult:
    rule = "uv run --frozen"
    if uv is None or candidate is None:
        return _not_run(rule, place, "there is no uv on this machine", "pip install uv")
    done = _ran_with(written)
    if done and done.python == candidate.argv:
        return RuleResult(rule, place, Ruling.PASSED)
    return _judged(written, rule, place, candidate)


def _interpreter(
    version: str, folder: Path, uv: str | None, options: tuple[str, ...]
) -> Candidate | None:
    """One of this version that is here: with uv that gets the versions of the lock file."""
    name = f"python{version}"
    found = shutil.which(name)
    # A launcher may stand for a version that is not installed.
    starts = found and run([found, "--version"], cwd=folder, timeout_s=ASK_S).returncode == 0
    if uv is None:
        return Candidate(name, (found,)) if found and starts else None
    asked = [uv, "python", "find", "--no-project", "--no-python-downloads", version]
    done = run(asked, cwd=folder, timeout_s=ASK_S)
    place = done.stdout.strip() if done.returncode == 0 else (found if starts else None)
    return with_uv(uv, folder, (*options, "--python", place)) if place else None


def _judged(written: Written, rule: str, place: str, candidate: Candidate) -> RuleResult:
    written.progress(f"tests run again: {rule}, as {place} asks")
    try:
        with Start([written.subject], written.options) as start:
            replies, _, probe = start.first_that_fits("sessions", [candidate], generated=True)
            session = start.evidence(written.subject, replies, candidate, probe).generated
    except MissingToolError as error:
        return _not_run(rule, place, error.fact)
    except ProofError as error:
        return RuleResult(rule, place, Ruling.FAILED, broken=(Broken(place, 0, error.fact),))
    red = [test for test in session.tests if kind_of(test) in RED]
    before = {test.id for test in written.evidence.generated.tests if kind_of(test) in RED}
    broken = tuple(_broken(written, test) for test in red if test.id not in before)
    if not broken:
        return RuleResult(rule, place, Ruling.PASSED)
    return RuleResult(rule, place, Ruling.FAILED, broken=broken, command=session.command)


def _broken(written: Written, test: TestResult) -> Broken:
    file, _, name = test.id.partition("::")
    path = (PurePosixPath(written.subject.run.root) / file).as_posix()
    return Broken(path, 0, f"{name or file}: {' '.join(why_red(test).split())}"[:400])


def _not_run(rule: str, place: str, reason: str, command: str = "") -> RuleResult:
    return RuleResult(rule, place, Ruling.NOT_RUN, reason, command=command)
