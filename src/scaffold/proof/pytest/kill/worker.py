"""One worker of the kill check: it tries mutants on its copy of the tree."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.errors import ProofError
from scaffold.languages.python.symbols import encoding_of
from scaffold.languages.symbols import decoded
from scaffold.proof.mutants import Mutant
from scaffold.proof.pool import Stopped
from scaffold.proof.pytest.answers import WORKER, PipedConversation, read_answer
from scaffold.proof.pytest.env import PYTEST_MAJOR
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.tree_copy import Listing
from scaffold.system.git import PLACES
from scaffold.system.reading import read_plain

# A mutant that loops for ever is found by its processor time, which a busy machine does not
# stretch; the time on the wall is for one that waits for ever.
CPU_FLOOR_S, CPU_FACTOR = 1.5, 5.0
WALL_FLOOR_S, WALL_FACTOR = 20.0, 10.0
SESSION_S = 5.0
START_S = 600.0
POLL_S = 0.2
NO_PACKAGE = re.compile(r"PackageNotFoundError: (?:No package metadata was found for )?(\S+)")
Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a worker works.

    Attributes:
        listing: The checkout, and what its copies hold.
        tree: The root of this copy.
        root: The folder that pytest runs in, relative to it.
        temp: A folder for temporary files; it is made.
        stop: Set where the worker has to end at once.
    """

    listing: Listing
    tree: Path
    root: str
    temp: Path
    stop: threading.Event

    @property
    def folder(self) -> Path:
        """The folder that pytest runs in."""
        return self.tree / self.root

    def env(self, given: Mapping[str, str]) -> dict[str, str]:
        """An environment whose paths into the checkout lead into the copy."""
        kept = {n: self._aimed(value) for n, value in given.items() if not PLACES.match(n)}
        own = {"TMPDIR": str(self.temp)}
        return {**kept, **own, "HYPOTHESIS_STORAGE_DIRECTORY": str(self.temp / "hypothesis")}

    def _aimed(self, value: str) -> str:
        return os.pathsep.join(self._into(part) for part in value.split(os.pathsep))

    def _into(self, path: str) -> str:
        if not os.path.isabs(path):
            return path
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.listing.root) or real.is_relative_to(self.tree.resolve()):
            return path
        moved = self.tree / real.relative_to(self.listing.root)
        return str(moved) if moved.exists() else path


class Worker:
    """One process that stays on a copy of the tree, and forks for each mutant."""

    def __init__(self, place: Place, files: Sequence[str], trail: Trail) -> None:
        """Start it and let it import what the tests import."""
        place.temp.mkdir()
        self.place, self.trail = place, trail
        self.modules = dict(trail.modules)
        self.origin = {"origin": str(place.listing.root), "copy": str(place.tree)}
        self.request: Json = {
            "imports": ["pytest"],
            "pytest_major": PYTEST_MAJOR,
            "overlay": [],
            "preload": list(trail.preload),
            "args": list(files),
            **self.origin,
        }
        self.encodings = {
            path: encoding_of(read_plain(place.tree / path)) for path in trail.modules
        }
        self._number = 0
        # Beside the folder for temporary files, where no test looks.
        answers = place.temp.with_name(f"{place.temp.name}-answers")
        self._talk = PipedConversation(
            [*trail.python, str(WORKER)],
            cwd=place.folder,
            env=place.env(trail.env),
            log=place.temp / "worker.log",
            answers=answers,
        )
        self._talk.send(json.dumps({**self.request, "mode": "serve"}))
        try:
            self._answer("probe", START_S)
            self._answer("ready", START_S)
        except BaseException:
            self._talk.close(at_once=True)
            raise

    def __enter__(self) -> Worker:
        """The worker, ready."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the process and everything below it."""
        self._talk.close(at_once=exc_info[0] is not None or self.place.stop.is_set())

    def learn_imports(self) -> None:
        """See which targets can be imported alone; of the others a failed import means nothing."""
        for path, module in self.trail.modules.items():
            if module:
                alone = Mutant("unbroken", path, "", 0, "", "")
                if self.ask("import", alone, ())["verdict"] != "imported":
                    self.modules[path] = ""

    def unbroken(self) -> Mutant:
        """A mutant that changes nothing."""
        path = next(iter(self.trail.modules))
        source = decoded(path, read_plain(self.place.tree / path))
        return Mutant("unbroken", path, "", 0, "", source)

    def check_unbroken(self, kinds: frozenset[str]) -> None:
        """The tests are green here, and run the copy, before anything is broken.

        Raises:
            ProofError: They are not, so no verdict would mean anything.
        """
        everything = range(len(self.trail.order))
        for kind in sorted(kinds):
            reply = self.ask(kind, self.unbroken(), everything)
            if reply["verdict"] == "cold":  # no session stays: each mutant gets its own
                reply = self.ask("warm", self.unbroken(), everything)
            if reply["verdict"] != "survived":
                raise self._red(reply)
            self._require_copy(reply)

    def _require_copy(self, reply: Json) -> None:
        """The tests ran what lies in the copy."""
        if reply.get("elsewhere"):
            name, file = reply["elsewhere"][0]
            raise ProofError(
                f"the tests import {name} from {file} and not from the copy that is broken, "
                "so no change of it would be noticed",
                shlex.join([*self.trail.python, "-c", f"import {name}; print({name})"]),
            )

    def whole(
        self, texts: Mapping[str, str], args: Sequence[str], seconds: float, *, suites: bool
    ) -> Json:
        """Every result of a session on the copy with other texts in its files.

        Args:
            texts: Path in the checkout -> text.
            args: What pytest runs.
            seconds: How long it takes unbroken.
            suites: Whether these are the suites that were there before.

        Raises:
            ProofError: The tests do not run the copy.
        """
        job = {**self._limits("whole", seconds), **self._places(), "id": "whole", "kind": "whole"}
        job["files"] = {str(self.place.tree / path): text for path, text in texts.items()}
        self._talk.send(json.dumps({**job, "args": list(args), "suites": suites}))
        reply = self._answer("whole", 3 * float(job["wall_s"]) + 60)
        self._require_copy(reply)
        if reply["verdict"] != "ran":
            late = reply["verdict"] == "timeout"
            why = "they did not end in time" if late else "the tests ended the process"
            reply["why"] = reply.get("crash") or why
        return reply

    def _red(self, reply: Json) -> ProofError:
        """What is red, and a command that shows it."""
        why = reply.get("why") or reply.get("by") or reply.get("crash")
        if not why:
            why = "they did not end in time" if reply["verdict"] == "timeout" else "no test ran"
        missing = NO_PACKAGE.search(why)
        left = next((f"{path} ({reason})" for path, reason in self.place.listing.left_out.items()
                     if path in why or os.path.basename(path) in why), "")  # fmt: skip
        more = f"; the package {missing[1]} is not installed" if missing else ""
        more += f"; not in the copy: {left}" if left else ""
        return ProofError(
            f"the tests are red on an unbroken copy of the tree: {why}{more}",
            self._install() if missing else self._reproduce(str(reply.get("by") or "")),
        )

    def _install(self) -> str:
        folder = (self.place.listing.root / self.place.root).resolve()
        return shlex.join([*self.trail.python, "-m", "pip", "install", "-e", str(folder)])

    def _reproduce(self, test: str) -> str:
        source = shlex.quote(f"{self.place.listing.root}/.")
        inside = f"/{shlex.quote(self.place.root)}" if self.place.root not in ("", ".") else ""
        tests = [test] if test else list(self.request["args"])
        run = shlex.join([*self.trail.python, "-m", "pytest", *tests])
        return f'D=$(mktemp -d) && cp -R {source} "$D" && cd "$D"{inside} && PYTHONPATH=. {run}'

    def ask(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> Json:
        """The verdict on one mutant, with the test that gave it."""
        job = self.job(kind, mutant, tests)
        self._talk.send(json.dumps(job))
        return self._answer(mutant.id, 3 * job["wall_s"] + 60)

    def job(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> Json:
        """A job as the worker reads it; limits follow from how long the tests took unbroken."""
        expected = sum(self.trail.seconds[number] for number in tests)
        return {
            **self._limits(kind, expected),
            "id": mutant.id,
            "kind": kind,
            "path": str(self.place.tree / mutant.path),
            "source": mutant.source,
            "encoding": self.encodings[mutant.path],
            "module": self.modules[mutant.path] if kind in ("warm", "import") else "",
            "tests": [self.trail.order[number] for number in tests],
            **(self._places() if mutant.id == "unbroken" else {}),
        }

    def _limits(self, kind: str, expected: float) -> Json:
        """How long a job may take, and its own folder for temporary files."""
        self._number += 1
        start = 0.0 if kind == "hot" else SESSION_S
        return {
            "cpu_s": CPU_FLOOR_S + start + CPU_FACTOR * expected,
            "wall_s": WALL_FLOOR_S + start + WALL_FACTOR * expected,
            "temp": str(self.place.temp / str(self._number)),
        }

    def _places(self) -> Json:
        """Where modules have to come from."""
        tree, modules = self.place.tree, self.trail.modules
        return {"targets": {m: str(tree / path) for path, m in modules.items()}, **self.origin}

    def _expect(self, timeout_s: float) -> Json:
        """The next answer; empty where the process ended or time ran out.

        Raises:
            Stopped: The run has to end.
        """
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self.place.stop.is_set():
                raise Stopped
            try:
                return read_answer(self._talk.receive(min(POLL_S, timeout_s)))
            except TimeoutError:
                continue
        return {}

    def _answer(self, what: str, timeout_s: float) -> Json:
        reply = self._expect(timeout_s)
        if what not in (reply.get("event"), reply.get("id")):
            last = self._talk.last_words() or "without a word on stderr"
            raise ProofError(
                f"the process that runs the tests for the kill check ended: {last}",
                self._reproduce(""),
            )
        return reply
