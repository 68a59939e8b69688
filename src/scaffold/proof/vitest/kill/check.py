"""What the kill check asks of Vitest: mutants, what a verdict depends on, and verdicts."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from scaffold.checkout.files import read_plain
from scaffold.errors import ProofError
from scaffold.proof.mutants import Found, Mutant, MutantVerdict
from scaffold.proof.pool import results
from scaffold.proof.runner import Progress, Subject, VerifyOptions
from scaffold.proof.tree_copy import digests_of, list_tree, remove_tree
from scaffold.proof.vitest.evidence import Suites
from scaffold.proof.vitest.installed import Installed, environment
from scaffold.proof.vitest.kill.tool import find_mutants
from scaffold.proof.vitest.linked_copy import linked_copy
from scaffold.system import process, scratch
from scaffold.system.reading import decoded

START_S = 120.0
Reply = dict[str, Any]
"""How many tests ran, which failed, which modules did not load, and errors outside of the tests."""
LEAST_S, TIMES = 10.0, 6.0
"""A mutant may take this long at least, and this many times what the unbroken tests take."""


class VitestBreaker:
    """The mutants of one subject's targets, and its tests against them, on copies of the tree."""

    suffix = (".ts", ".tsx")

    def __init__(
        self, subject: Subject, suites: Suites, options: VerifyOptions, progress: Progress
    ) -> None:
        """Nothing is copied yet."""
        self.subject, self.suites, self.options = subject, suites, options
        self.progress = progress
        self.folders = suites.folders(subject)
        self.installed = {folder: suites.vitest(folder).installed for folder in self.folders}
        self.listing = list_tree(suites.root)

    def find(self, targets: Sequence[str]) -> Found:
        """Every mutant of these files."""
        root = self.suites.root
        texts = {path: decoded(path, read_plain(root / path)) for path in targets}
        return find_mutants(texts, self.progress)

    def circumstances(self, target: str) -> list[str | bytes]:
        """The tests, all sources of the workspace and what is installed; node and Vitest."""
        parts: list[str | bytes] = ["vitest", target, *self._words]
        for path, digest in self._digests.items():
            if path != target:
                parts += [path, digest]
        return parts

    @cached_property
    def _words(self) -> list[str]:
        found = [f"{folder} {one.version}" for folder, one in sorted(self.installed.items())]
        node = next(iter(self.installed.values())).require_node()
        own = sorted(Path(__file__).parent.glob("*.*"))
        code = hashlib.sha256(b"\0".join(path.read_bytes() for path in own)).hexdigest()
        return [*found, node, code, *sorted(self.suites.own(self.subject))]

    @cached_property
    def _digests(self) -> dict[str, bytes]:
        """What each file of a package holds; one that is in no package below the top only there."""
        root = self.suites.root
        packages = [f for f in self.listing.folders if (root / f / "package.json").is_file()]
        whole = "." in self.folders or not packages
        held = tuple(f"{folder}/" for folder in packages)
        return {
            path: digest
            for path, digest in sorted(digests_of(self.listing).items())
            if whole or "/" not in path or path.startswith(held)
        }

    def judge(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Generator[tuple[Mutant, MutantVerdict], None, None]:
        """Each mutant with its verdict, by workers on copies of the tree.

        Raises:
            ProofError: The tests are red on the unbroken copy, or Vitest did not start.
        """
        place = scratch.make("kill")
        try:
            start = partial(self._start, place)
            yield from results(mutants, self.options.workers, start)
        finally:
            remove_tree(place)

    @contextmanager
    def _start(
        self, place: Path, number: int, stop: threading.Event
    ) -> Iterator[Callable[[Mutant], MutantVerdict]]:
        """A worker on its own copy, without the tests of others."""
        copy = linked_copy(self.listing, place / f"tree{number}", self.suites.home)
        judges = [
            Judge(copy, self.installed[folder], files, place / f"log{number}")
            for folder, files in self.folders.items()
        ]

        def take(mutant: Mutant) -> MutantVerdict:
            # Those of the mutant's own package notice most.
            near = [judge for judge in judges if mutant.path.startswith(f"{judge.folder}/")]
            verdict = MutantVerdict.SURVIVED
            for judge in near + [judge for judge in judges if judge not in near]:
                verdict = judge.verdict(mutant)
                if verdict is not MutantVerdict.SURVIVED:
                    break
            return verdict

        try:
            yield take
        finally:
            for judge in judges:
                judge.close()


class Judge:
    """The tests of one folder in a copy, run again and again by one Vitest that stays."""

    def __init__(
        self,
        copy: Path,
        installed: Installed,
        files: Sequence[str],
        log: Path,
        *,
        every: bool = False,
    ) -> None:
        """Nothing is started yet; with `every` the first test that fails does not end a run."""
        self.copy, self.installed, self.log = copy.resolve(), installed, log
        self.every = every
        self.folder = installed.folder
        self.files = [str(self.copy / path) for path in files]
        self.vitest: process.Conversation | None = None
        self.limit_s = START_S
        self.before: dict[str, str] = {}

    def verdict(self, mutant: Mutant) -> MutantVerdict:
        """What becomes of a mutant.

        Raises:
            ProofError: The tests are red on the unbroken copy, or Vitest did not start.
        """
        return verdict_of(self.tried(mutant))

    def tried(self, mutant: Mutant) -> Reply | None:
        """What the tests do when a source is broken; None where they do not end in time.

        Raises:
            ProofError: They are red on the unbroken copy, or Vitest did not start.
        """
        target = self.copy / mutant.path
        before = decoded(mutant.path, read_plain(target))
        try:
            return self._ask({str(target): mutant.source})
        finally:
            target.write_text(before, encoding="utf-8", newline="")
            # Vitest has read the broken text: the next one takes the old one in again.
            self.before = {str(target): before}

    def close(self) -> None:
        """End Vitest."""
        if self.vitest is not None:
            self.vitest.close(at_once=True)
            self.vitest = None

    def _ask(self, texts: Mapping[str, str]) -> Reply | None:
        """What the tests did; None where they did not end in time."""
        vitest = self.vitest or self._started()
        reply = self._answer(vitest, texts, self.limit_s)
        if reply is None:
            self.close()
        return reply

    def _started(self) -> process.Conversation:
        script = str(Path(__file__).with_name("judge.mjs"))
        argv = [self.installed.node, script, *["--every"][: self.every], *self.files]
        cwd, env = self.copy / self.folder, environment(self.log.parent)
        self.vitest = process.Conversation(argv, cwd=cwd, log=self.log, env=env)
        if self._line(self.vitest, START_S) is None:
            ending = self.vitest.ending
            self.close()
            raise ProofError(f"Vitest does not start on a copy: {ending}")
        started = time.monotonic()
        reply = self._answer(self.vitest, {}, START_S)
        if reply is None or reply["red"] or reply["broken"] or not reply["ran"]:
            self.close()
            red = (reply["red"] or reply["broken"] or ["no test ran"])[0] if reply else ""
            raise ProofError(f"the tests are red on an unbroken copy: {red or 'they do not end'}")
        self.limit_s = max(LEAST_S, TIMES * (time.monotonic() - started))
        return self.vitest

    def _answer(
        self, vitest: process.Conversation, texts: Mapping[str, str], limit_s: float
    ) -> Reply | None:
        vitest.send(json.dumps({"restored": self.before, "broken": texts}))
        return self._line(vitest, limit_s)

    def _line(self, vitest: process.Conversation, limit_s: float) -> Reply | None:
        """The next answer; what the tests print is none."""
        end = time.monotonic() + limit_s
        try:
            while (line := vitest.receive(max(0.01, end - time.monotonic()))) is not None:
                if line.startswith("\x1e"):
                    return dict(json.loads(line[1:]))
        except TimeoutError:
            return None
        return None


def verdict_of(reply: Reply | None) -> MutantVerdict:
    """What became of a mutant, by what the tests did; None is that they did not end."""
    if reply is None:
        return MutantVerdict.TIMEOUT
    if reply["broken"] and not reply["ran"] and not reply["red"]:
        return MutantVerdict.UNVIABLE
    noticed = reply["red"] or reply["broken"] or reply["unhandled"]
    return MutantVerdict.KILLED if noticed else MutantVerdict.SURVIVED
