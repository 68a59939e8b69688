"""The pytest runner: one start of the checkout's interpreter for baseline, tests and coverage."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scaffold.errors import ProofError
from scaffold.process import Conversation
from scaffold.proof.pytest.env import (
    PYTEST_MAJOR,
    Candidate,
    candidates,
    described,
    environment,
    needed_imports,
    no_environment,
)
from scaffold.proof.pytest.plan import IMPORTED, SHARED, Trail
from scaffold.proof.runner import (
    Evidence,
    Kills,
    Progress,
    Session,
    Subject,
    TestResult,
    VerifyOptions,
)

WORKER = Path(__file__).with_name("worker") / "__main__.py"
TEST_FILES = ("test_*.py", "*_test.py")
MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
Json = dict[str, Any]


class PytestRunner:
    """Proves Python tests with the checkout's own pytest."""

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """The first interpreter that would be tried, with the version that its folder names.

        Raises:
            MissingToolError: There is none.
        """
        folder = subject.checkout / subject.run.root
        for candidate in candidates(folder, subject.checkout, options.python):
            return described(candidate)
        return self.environment(subject, options)

    def environment(self, subject: Subject, options: VerifyOptions) -> str:
        """The first interpreter that has what the tests import, with its versions.

        Raises:
            MissingToolError: None has; the hint makes one.
        """
        with _Start([subject], options) as start:
            _, candidate, probe = start.first_that_fits("probe")
        return f"{candidate.label} (Python {probe['python']}, pytest {probe['pytest']})"

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage; all subjects share checkout and folder.

        Raises:
            MissingToolError: No interpreter has what the tests import.
            ProofError: A session did not come to an end.
        """
        with _Start(subjects, options) as start:
            replies, candidate, probe = start.first_that_fits("sessions")
            progress(f"tests ran with {candidate.label}")
            return [start.evidence(subject, replies, candidate, probe) for subject in subjects]

    def kill(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> Kills:
        """Every mutant of the targets against the tests that run its line.

        Raises:
            MissingToolError: cosmic-ray is missing.
            ProofError: The tests are red on an unbroken copy.
        """
        from scaffold.proof.pytest.check import check

        assert isinstance(evidence.trail, Trail)
        return check(subject, test_args(subject), evidence.trail, options, progress)


def test_args(subject: Subject) -> list[str]:
    """The generated test files, relative to the runner's folder."""
    folder = subject.checkout / subject.run.root
    return [
        Path(os.path.relpath(subject.checkout / path, folder)).as_posix()
        for path in subject.files
        if any(fnmatch.fnmatch(Path(path).name, pattern) for pattern in TEST_FILES)
    ]


def shared_by(folder: Path, tests: Sequence[str]) -> list[Path]:
    """Every conftest.py that pytest imports before these test files."""
    places = {above for name in tests for above in (folder / name).parents}
    return sorted(
        place / "conftest.py"
        for place in places
        if place.is_relative_to(folder) and (place / "conftest.py").is_file()
    )


class _Start:
    """One start of the worker: what it is asked, who answers, and what the answer means."""

    def __init__(self, subjects: Sequence[Subject], options: VerifyOptions) -> None:
        first = subjects[0]
        self.subjects, self.options = subjects, options
        self.root, self.checkout = first.run.root, first.checkout
        self.folder = first.checkout / first.run.root
        self.tests = sorted({path for subject in subjects for path in test_args(subject)})
        self.targets = {t.path: t.module for subject in subjects for t in subject.targets}
        # Fixture files are data to the tests; what they import need not be there.
        files = [self.checkout / path for path in self.targets]
        files += [self.folder / path for path in self.tests]
        shared = shared_by(self.folder, self.tests)
        beside = {path.stem for place in shared for path in place.parent.iterdir()}
        needed = needed_imports(self.folder, [*files, *shared])
        # pytest puts the folder of a conftest.py on the path, so what lies beside it is there.
        self.imports = [name for name in needed if name.split(".")[0] not in beside]
        self._temporary = tempfile.TemporaryDirectory(prefix="scaffold-")
        self.scratch = Path(self._temporary.name)

    def __enter__(self) -> _Start:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._temporary.cleanup()

    def first_that_fits(self, mode: str) -> tuple[list[Json], Candidate, Json]:
        """The sessions' results from the first interpreter with everything, and its probe.

        Raises:
            MissingToolError: None has everything.
        """
        lacks: dict[str, list[str]] = {}
        for candidate in candidates(self.folder, self.checkout, self.options.python):
            env = environment(self.scratch, candidate.env)
            log = self.scratch / "worker.log"
            argv = [*candidate.argv, str(WORKER)]
            with Conversation(argv, cwd=self.folder, env=env, log=log) as talk:
                request = self._request(mode)
                talk.send(json.dumps(request))
                probe = self._receive(talk)
                if probe.get("lacks") == []:
                    replies = [self._session_of(talk) for _ in request["sessions"]]
                    missing = sorted(self._missing(replies))
                    if not missing:
                        return replies, candidate, probe
                    lacks[candidate.label] = missing
                else:
                    lacks[candidate.label] = probe.get("lacks") or [
                        f"a Python that starts ({talk.last_words(1) or 'it said nothing'})"
                    ]
        raise no_environment(lacks, self.root, (self.folder / "pyproject.toml").is_file())

    def _request(self, mode: str) -> Json:
        sessions: list[Json] = []
        if mode == "sessions":
            cover = [self._real(path) for path in self.targets]
            baseline = self.baseline_args()
            if baseline:
                sessions.append({"args": baseline})
            if self.tests:
                tree = str(self.checkout)
                each = self.options.mutants is not None
                sessions.append({"args": self.tests, "cover": cover, "tree": tree, "each": each})
        return {
            "mode": mode,
            "imports": sorted({"pytest", *self.imports}),
            "preload": self.imports,
            "pytest_major": PYTEST_MAJOR,
            "parallel": self.options.workers > 1,
            "overlay": _lend_coverage(self.scratch),
            "sessions": sessions,
        }

    def baseline_args(self) -> list[str]:
        """The suites that are there, without the generated files; nothing where none is."""
        named = dict.fromkeys(path for subject in self.subjects for path in subject.run.baseline)
        found = [path for path in named if self._holds_tests(self.folder / path)]
        return [*found, *(f"--ignore={path}" for path in self.tests)] if found else []

    def _holds_tests(self, place: Path) -> bool:
        """Whether there is anything but generated tests and what they share."""
        generated = {self.checkout / path for subject in self.subjects for path in subject.files}
        inside = [place] if place.is_file() else place.rglob("*")
        return any(
            path not in generated and path.name not in ("__init__.py", "conftest.py")
            for path in inside
            if path.suffix in (".py", ".txt", ".rst", ".yaml", ".yml")
        )

    def _receive(self, talk: Conversation) -> Json:
        try:
            line = talk.receive(self.options.timeout_s)
        except TimeoutError:
            raise ProofError(
                f"the tests did not end within {self.options.timeout_s:.0f} s",
                self._command(Candidate("python", ("python",)), self.tests),
            ) from None
        reply: Json = json.loads(line) if line else {}
        return reply

    def _session_of(self, talk: Conversation) -> Json:
        reply = self._receive(talk)
        if "tests" not in reply:
            raise ProofError(
                f"pytest ended without a result: {talk.last_words() or 'it said nothing'}",
                self._command(Candidate("python", ("python",)), self.tests),
            )
        return reply

    def _missing(self, replies: Sequence[Json]) -> Iterator[str]:
        """Modules that a test file could not import, and that the checkout does not hold."""
        for reply in replies:
            for test in reply["tests"]:
                found = MISSING.search(test["message"]) if test["outcome"] == "error" else None
                if found and not (self.folder / found[1].split(".")[0]).exists():
                    yield found[1]

    def evidence(
        self, subject: Subject, replies: Sequence[Json], candidate: Candidate, probe: Json
    ) -> Evidence:
        """What belongs to one subject."""
        own = set(test_args(subject))
        nothing: Json = {"tests": [], "seconds": 0.0, "coverage": None}
        baseline = replies[0] if self.baseline_args() else nothing
        generated = replies[-1] if self.tests else nothing
        mine = [test for test in generated["tests"] if _file_of(test["id"]) in own]
        coverage: dict[str, float] = {}
        trail: Trail | None = None
        if generated.get("coverage") is not None:
            coverage, trail = self._trail(subject, generated, candidate, probe)
        return Evidence(
            self._session(baseline["tests"], baseline["seconds"], candidate, self.baseline_args()),
            self._session(mine, generated["seconds"], candidate, test_args(subject)),
            coverage,
            trail,
        )

    def _trail(
        self, subject: Subject, reply: Json, candidate: Candidate, probe: Json
    ) -> tuple[dict[str, float], Trail]:
        cover, own = reply["coverage"], set(test_args(subject))
        order = [n for n, name in enumerate(cover["order"]) if _file_of(name) in own]
        number = {old: new for new, old in enumerate(order)}
        seconds = {test["id"]: test["seconds"] for test in reply["tests"]}
        lines: dict[str, dict[int, tuple[int, ...]]] = {}
        coverage: dict[str, float] = {}
        for target in subject.targets:
            found = cover["files"][self._real(target.path)]
            lines[target.path] = _own_lines(found.get("lines", {}), number)
            coverage[target.path] = _percent(found, lines[target.path])
        names = [cover["order"][n] for n in order]
        modules = reply.get("modules", {"inside": {}, "outside": []})
        return coverage, Trail(
            order=tuple(names),
            seconds=tuple(seconds.get(name, 0.0) for name in names),
            lines=lines,
            spawning=frozenset(number[n] for n in cover["spawning"] if n in number),
            python=candidate.argv,
            env=environment(self.scratch, candidate.env),
            version=f"Python {probe['python']}, pytest {probe['pytest']}",
            fork=probe["fork"],
            preload=tuple(modules["outside"]),
            modules={target.path: target.module for target in subject.targets},
            read=tuple(sorted({*map(Path, modules["inside"].values()),
                               *map(Path, reply.get("read", []))})),
        )  # fmt: skip

    def _session(
        self, tests: Sequence[Json], seconds: float, candidate: Candidate, args: Sequence[str]
    ) -> Session:
        results = tuple(TestResult(**test) for test in tests)
        return Session(results, seconds, self._command(candidate, args))

    def _command(self, candidate: Candidate, args: Sequence[str]) -> str:
        where = f"cd {shlex.quote(self.root)} && " if self.root not in ("", ".") else ""
        command = shlex.join([*candidate.argv, "-m", "pytest", "-q", *args])
        return f"{where}PYTHONPATH=. {command}"

    def _real(self, path: str) -> str:
        return str((self.checkout / path).resolve())


def _file_of(name: str) -> str:
    return name.split("::")[0]


def _own_lines(
    lines: Mapping[str, Sequence[int]], number: Mapping[int, int]
) -> dict[int, tuple[int, ...]]:
    """Line -> who of the subject ran it, by its own numbers."""

    def renumber(who: int) -> int | None:
        if who >= 0:
            return number.get(who)
        if who == IMPORTED:
            return IMPORTED
        return SHARED - number[SHARED - who] if SHARED - who in number else None

    found = {
        int(line): tuple(n for who in everybody if (n := renumber(who)) is not None)
        for line, everybody in lines.items()
    }
    return {line: who for line, who in found.items() if who}


def _percent(found: Json, own: Mapping[int, tuple[int, ...]]) -> float:
    """Share of the statements that the subject's own tests ran.

    A statement reaches from its first line up to the next one's.
    """
    statements = found.get("statements", [])
    if not statements:
        return 0.0 if "error" in found else 100.0
    missing = set(found["missing"])
    ends = [*statements[1:], statements[-1] + 1000]
    covered = sum(
        first not in missing and any(line in own for line in range(first, end))
        for first, end in zip(statements, ends, strict=True)
    )
    return round(100 * covered / len(statements), 1)


def _lend_coverage(scratch: Path) -> list[str]:
    """A folder with our coverage.py alone, last on the path of an interpreter that has none."""
    spec = find_spec("coverage")
    if spec is None or spec.origin is None:
        return []
    place = scratch / "lent"
    if not place.exists():
        place.mkdir()
        (place / "coverage").symlink_to(Path(spec.origin).parent, target_is_directory=True)
    return [str(place)]
