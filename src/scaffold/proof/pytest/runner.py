"""The pytest runner: one start of the checkout's interpreter for baseline, tests and coverage."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from scaffold.errors import MissingToolError, ProofError
from scaffold.languages import Tool
from scaffold.languages.python.project import PytestSettings, pytest_settings, root_of
from scaffold.proof.pytest.answers import WORKER, PipedConversation, probed, read_answer
from scaffold.proof.pytest.coverage import lend_coverage, missed, own_lines, percent
from scaffold.proof.pytest.env import (
    PYTEST_MAJOR,
    Candidate,
    Unfit,
    candidates,
    described,
    needed_imports,
    no_environment,
    shared_by,
    typed,
)
from scaffold.proof.pytest.isolation import environment, kept_options
from scaffold.proof.pytest.standing import not_run
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.runner import (
    Breaker,
    Evidence,
    Progress,
    Session,
    Subject,
    TestResult,
    VerifyOptions,
    in_folder,
)
from scaffold.system import scratch
from scaffold.system.process import Conversation

TEST_FILES = ("test_*.py", "*_test.py")
MISSING = re.compile(
    r"ModuleNotFoundError: No module named '([\w.]+)'"
    r"|PackageNotFoundError: No package metadata was found for ([\w.-]+)"
)
# A run that a test ends is begun again; the worker itself keeps the time.
PATIENCE = 14
Json = dict[str, Any]


class PytestRunner:
    """Proves Python tests with the checkout's own pytest."""

    typed = staticmethod(typed)
    tools = (Tool("uv", "runs Python suites of projects that use uv", "pip install uv"),)

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
        with Start([subject], options) as start:
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
        with Start(subjects, options) as start:
            replies, candidate, probe = start.first_that_fits("sessions")
            progress(f"tests ran with {candidate.label}")
            return [start.evidence(subject, replies, candidate, probe) for subject in subjects]

    def breaker(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> AbstractContextManager[Breaker]:
        """The mutants of the targets, each against the tests that run its line."""
        from scaffold.proof.pytest.kill.check import PytestBreaker

        assert isinstance(evidence.trail, Trail)
        return nullcontext(PytestBreaker(subject, test_args(subject), evidence.trail, options))

    def rerun(
        self,
        subject: Subject,
        evidence: Evidence,
        changes: Sequence[Mapping[str, str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> Iterator[tuple[int, Evidence]]:
        """Each change with what the tests did on a copy that has it, as they come."""
        from scaffold.proof.pytest.kill.rerun import rerun

        with Start([subject], options) as start:
            suites = start.baseline_args()
        yield from rerun(subject, test_args(subject), suites, evidence, changes, options)


def test_args(subject: Subject, others: Sequence[str] = ()) -> list[str]:
    """The generated test files, and such others, relative to the runner's folder."""
    folder = subject.checkout / subject.run.root
    return [
        Path(os.path.relpath(subject.checkout / path, folder)).as_posix()
        for path in dict.fromkeys((*subject.files, *others))
        if any(fnmatch.fnmatch(Path(path).name, pattern) for pattern in TEST_FILES)
    ]


class Start:
    """One start of the worker: what it is asked, who answers, and what the answer means."""

    def __init__(self, subjects: Sequence[Subject], options: VerifyOptions) -> None:
        first = subjects[0]
        self.subjects, self.options = subjects, options
        self.root, self.checkout, self.home = first.run.root, first.checkout, first.home
        self.folder = first.checkout / first.run.root
        self.tests = sorted({path for subject in subjects for path in test_args(subject)})
        self.targets = {t.path: t.module for subject in subjects for t in subject.targets}
        self.roots = self._roots()
        self.settings = self._settings()
        self.kept = kept_options(self.settings.words("addopts"), self.folder)
        self.imports = self._imports()
        self.scratch = scratch.make("tests")
        self.private = self.scratch / "private"
        self.private.mkdir()

    def __enter__(self) -> Start:
        return self

    def __exit__(self, *exc_info: object) -> None:
        scratch.drop(self.scratch)

    def _roots(self) -> list[str]:
        """Folders that imports start from, relative to that of the run, which is the last."""
        found = [root_of(path, module) for path, module in self.targets.items()]
        places = [os.path.relpath(self.checkout / root, self.folder) for root in found if root]
        return [*dict.fromkeys(place for place in places if place != "."), "."]

    def _settings(self) -> PytestSettings:
        """The project's settings of pytest, as it will find them for the generated tests."""
        places = [(self.folder / path).parent for path in self.tests] or [self.folder]
        start = Path(os.path.commonpath(places)).resolve()
        return pytest_settings(start, Path(start.anchor)) or PytestSettings(start, {})

    def _imports(self) -> list[str]:
        """What the tests import that does not lie in the project."""
        # Fixture files are data to the tests; what they import need not be there.
        files = [self.checkout / path for path in self.targets]
        files += [self.folder / path for path in self.tests]
        shared = shared_by(self.folder, self.tests)
        # pytest puts the folder of a test or a conftest.py on the path.
        folders = {place.parent for place in [*shared, *(self.folder / t for t in self.tests)]}
        beside = {path.stem for place in folders if place.is_dir() for path in place.iterdir()}
        own = [self.folder / root for root in self.roots]
        own += [self.settings.folder / word for word in self.settings.words("pythonpath")]
        needed = needed_imports(own, [*files, *shared])
        return [name for name in needed if name.split(".")[0] not in beside]

    def first_that_fits(
        self, mode: str, tried: Sequence[Candidate] = (), *, generated: bool = False
    ) -> tuple[list[Json], Candidate, Json]:
        """The sessions' results from the first interpreter with everything, and its probe.

        Args:
            mode: `sessions`, or `probe` to run nothing.
            tried: The interpreters; those of the checkout and the machine without it.
            generated: Only the generated tests are run, and nothing is measured.

        Raises:
            MissingToolError: None has everything.
        """
        found: dict[str, Unfit] = {}
        wanted = set(self.imports)
        listed = tried or candidates(self.home / self.root, self.home, self.options.python)
        for candidate in listed:
            env = environment(self.scratch, candidate.env, self.roots, self.kept)
            answers = self.private / f"answers{len(found)}"
            log = self.private / f"log{len(found)}"
            argv = [*candidate.argv, str(WORKER)]
            try:
                if why := candidate.made_ready(self.folder, env, self.options.timeout_s):
                    raise MissingToolError(why)
                talk = PipedConversation(argv, cwd=self.folder, env=env, log=log, answers=answers)
            except MissingToolError as error:
                found[candidate.label] = Unfit(why=(error.fact,))
                continue
            with talk:
                request = self._request(mode, generated)
                talk.send(json.dumps(request))
                probe, unfit = probed(talk, self.options.timeout_s)
                if unfit is None:
                    replies = [self._session_of(talk, candidate) for _ in request["sessions"]]
                    missing = sorted(set(self._missing(replies)))
                    if not missing:
                        return replies, candidate, probe
                    unfit = Unfit(tuple(missing))
                    wanted |= set(missing)
                found[candidate.label] = unfit
        named, least = self.options.python, self.settings.text("minversion")
        raise no_environment(found, self.home, self.root, wanted, named, least)

    def _request(self, mode: str, generated: bool) -> Json:
        sessions: list[Json] = []
        tree = str(self.checkout)
        if generated:
            sessions.append({"args": self.tests, "tree": tree})
        elif mode == "sessions":
            cover = [self._real(path) for path in self.targets]
            baseline = self.baseline_args()
            if baseline:
                sessions.append({"args": baseline, "suites": True})
            if self.tests:
                each = self.options.mutants is not None or self.options.mends
                strict = self.settings.is_on("strict_xfail", "xfail_strict", "strict")
                one: Json = {"args": self.tests, "cover": cover, "tree": tree, "each": each}
                sessions.append({**one, "strict": strict})
        return {
            "mode": mode,
            "imports": sorted({"pytest", *self.imports}),
            "preload": self.imports,
            "pytest_major": PYTEST_MAJOR,
            "pytest_least": self.settings.text("minversion"),
            "parallel": self.options.workers > 1,
            "overlay": lend_coverage(self.scratch),
            "sessions": sessions,
            "tree": tree,
            "limit_s": self.options.timeout_s,
            "private": str(self.private),
        }

    def baseline_args(self) -> list[str]:
        """The suites that are there, without the generated files; nothing where none is."""
        named = dict.fromkeys(path for subject in self.subjects for path in subject.run.baseline)
        found = [path for path in named if self._holds_tests(self.folder / path)]
        every = {path for subject in self.subjects for path in test_args(subject, subject.others)}
        return [*found, *(f"--ignore={path}" for path in sorted(every))] if found else []

    def _holds_tests(self, place: Path) -> bool:
        """Whether there is anything but generated tests and what they share."""
        subjects = self.subjects
        generated = {self.checkout / p for one in subjects for p in (*one.files, *one.others)}
        inside = [place] if place.is_file() else place.rglob("*")
        return any(
            path not in generated and path.name not in ("__init__.py", "conftest.py")
            for path in inside
            if path.suffix in (".py", ".txt", ".rst", ".yaml", ".yml")
        )

    def _receive(self, talk: Conversation, candidate: Candidate, times: float = 1.0) -> Json:
        timeout_s = times * self.options.timeout_s
        try:
            line = talk.receive(timeout_s)
        except TimeoutError:
            raise ProofError(
                f"the tests did not end within {timeout_s:.0f} s",
                self._command(candidate, self.tests),
            ) from None
        return read_answer(line)

    def _session_of(self, talk: Conversation, candidate: Candidate) -> Json:
        reply = self._receive(talk, candidate, PATIENCE)
        if "fault" in reply:
            raise RuntimeError(reply["fault"])
        if "tests" not in reply:
            raise ProofError(
                f"pytest ended without a result ({talk.ending})",
                self._command(candidate, self.tests),
            )
        return reply

    def _missing(self, replies: Sequence[Json]) -> Iterator[str]:
        """Modules that a test file could not import, and that the checkout does not hold."""
        for reply in replies:
            for test in reply["tests"]:
                found = MISSING.search(test["message"]) if test["outcome"] == "error" else None
                name = (found[1] or found[2]) if found else ""
                top = name.split(".")[0]
                inside = any((self.folder / root / top).exists() for root in self.roots)
                if name and (found is None or found[2] or not inside):
                    yield name

    def evidence(
        self, subject: Subject, replies: Sequence[Json], candidate: Candidate, probe: Json
    ) -> Evidence:
        """What belongs to one subject."""
        nothing: Json = {"tests": [], "seconds": 0.0, "coverage": None}
        baseline = replies[0] if self.baseline_args() else nothing
        generated = replies[-1] if self.tests else nothing
        mine = [test for test in generated["tests"] if self._is_of(test["file"], subject)]
        names = self._names(subject)
        mine += not_run(subject, names, mine)
        paths = {name: path for path, name in names.items()}
        mine = [{**test, "path": paths.get(test["file"], "")} for test in mine]
        coverage: dict[str, float] = {}
        missing: dict[str, tuple[int, ...]] = {}
        trail: Trail | None = None
        if generated.get("coverage") is not None:
            trail = self._trail(subject, generated, candidate, probe)
            found = {path: self._found(generated, path) for path in trail.lines}
            coverage = {path: percent(found[path], own) for path, own in trail.lines.items()}
            missing = {path: missed(found[path], own) for path, own in trail.lines.items()}
        return Evidence(
            self._session(baseline["tests"], baseline["seconds"], candidate, self.baseline_args()),
            self._session(mine, generated["seconds"], candidate, test_args(subject)),
            coverage,
            missing,
            trail,
        )

    def _is_of(self, file: str, subject: Subject) -> bool:
        """Whether a result belongs to the subject: of its file, or of a folder around it."""
        place = os.path.realpath(self.folder / file)
        own = [os.path.realpath(self.folder / path) for path in test_args(subject)]
        return place in own or any(path.startswith(place + os.sep) for path in own)

    def _names(self, subject: Subject) -> dict[str, str]:
        """The subject's Python files -> their names in the results."""
        here = os.path.realpath(self.folder)
        files = [path for path in subject.files if path.endswith(".py")]
        real = [os.path.realpath(self.checkout / path) for path in files]
        return {
            path: Path(os.path.relpath(place, here)).as_posix()
            for path, place in zip(files, real, strict=True)
        }

    def _found(self, reply: Json, path: str) -> Json:
        found: Json = reply["coverage"]["files"][self._real(path)]
        return found

    def _trail(self, subject: Subject, reply: Json, candidate: Candidate, probe: Json) -> Trail:
        cover = reply["coverage"]
        order = [n for n, home in enumerate(cover["homes"]) if self._is_of(home, subject)]
        number = {old: new for new, old in enumerate(order)}
        seconds = {test["id"]: test["seconds"] for test in reply["tests"]}
        lines: dict[str, dict[int, tuple[int, ...]]] = {}
        for target in subject.targets:
            found = self._found(reply, target.path)
            lines[target.path] = own_lines(found.get("lines", {}), number)
        names = [cover["order"][n] for n in order]
        modules = reply.get("modules", {"inside": {}, "outside": []})
        kept = [] if reply.get("plain") else self.kept
        return Trail(
            order=tuple(names),
            seconds=tuple(seconds.get(name, 0.0) for name in names),
            lines=lines,
            spawning=frozenset(number[n] for n in cover["spawning"] if n in number),
            python=candidate.argv,
            env=environment(self.scratch, candidate.env, self.roots, kept),
            version=f"Python {probe['python']}, pytest {probe['pytest']}",
            preload=tuple(modules["outside"]),
            modules={target.path: target.module for target in subject.targets},
            facts=reply.get("facts", ""),
            read=tuple(sorted({*map(Path, modules["inside"].values()),
                               *map(Path, reply.get("read", []))})),
        )  # fmt: skip

    def _session(
        self, tests: Sequence[Json], seconds: float, candidate: Candidate, args: Sequence[str]
    ) -> Session:
        known = TestResult.__dataclass_fields__.keys()
        results = tuple(TestResult(**{k: test[k] for k in known & test.keys()}) for test in tests)
        # What ended a run is shown by itself: the rest may not get to its end.
        ended = [test["id"] for test in tests if test.get("ended")]
        return Session(results, seconds, self._command(candidate, ended or args))

    def _command(self, candidate: Candidate, args: Sequence[str]) -> str:
        command = shlex.join([*candidate.argv, "-m", "pytest", "-q", *args])
        return (
            f"{in_folder(self.root)}PYTHONPATH={shlex.quote(os.pathsep.join(self.roots))} {command}"
        )

    def _real(self, path: str) -> str:
        return str((self.checkout / path).resolve())
