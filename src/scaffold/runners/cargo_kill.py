"""The kill check of Rust targets: mutants made by cargo-mutants, judged by the gap's own tests.

cargo-mutants lists the mutants with their diffs. Building and running them here and not there
gives what it has not: verdicts kept by content, a sample and a cut that are the same on every
machine, and an end of each run at the first red test.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scaffold import process
from scaffold.errors import BaselineError, MissingToolError, ProofError
from scaffold.mutants import sample, shard
from scaffold.runners import Evidence, Kills, Progress, Subject, Survivor, VerifyOptions
from scaffold.runners.cargo import Bench, open_bench
from scaffold.runners.cargo_tree import Tree
from scaffold.runners.cargo_workspace import Suite
from scaffold.runners.verdicts import VerdictCache, content_of

INSTALL = "cargo install --locked cargo-mutants"
LIST_S = 300.0
LEAST_TEST_S = 20.0
LEAST_BUILD_S = 300.0
_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_PLACE = re.compile(r"^\S+?:\d+:\d+: ")


@dataclass(frozen=True)
class RustMutant:
    """One small fault: the mutated source, and an id that stays when lines move."""

    id: str
    path: str
    line: int
    operator: str
    change: str
    source: str


def check(
    subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> Kills:
    """Every chosen mutant judged.

    Raises:
        MissingToolError: cargo-mutants is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    if shutil.which("cargo-mutants") is None:
        raise MissingToolError("the kill check of Rust needs cargo-mutants", INSTALL)
    tree = Tree(subject.checkout, options)
    with tree.held(progress):
        bench = open_bench(tree, [subject], options)
        targets = bars_of(subject)
        mutants = choose(enumerate_mutants(bench, targets), options)
        names = {s: n for s, n in bench.own_names(subject, evidence).items() if n}
        labels = [suite.label(name) for suite, own in names.items() for name in own]
        caches = {
            path: VerdictCache(options.cache_dir, circumstances(bench, subject, [path], labels))
            for path in targets
        }
        known = {m.id: word for m in mutants if (word := caches[m.path].get(m.source))}
        rest = [mutant for mutant in mutants if mutant.id not in known]
        progress(f"{subject.slug}: {len(mutants)} mutants, {len(known)} verdicts known from before")
        found: dict[str, str] = {}
        for mutant, word in Hunt(bench, subject, names, options, progress).judge(rest):
            found[mutant.id] = word
            caches[mutant.path].put({mutant.source: word})
            progress(f"{subject.slug}: {len(found)}/{len(rest)} mutants tried")
    return tally(mutants, {**known, **found}, cached=len(known))


def bars_of(subject: Subject) -> list[str]:
    """The targets to be broken: those with a bar; all where none has one."""
    rust = [target for target in subject.targets if target.path.endswith(".rs")]
    held = [target for target in rust if target.kill_pct is not None]
    return [target.path for target in held or rust]


def enumerate_mutants(bench: Bench, targets: Sequence[str]) -> list[RustMutant]:
    """Every mutant that cargo-mutants makes of these files.

    Raises:
        BaselineError: cargo-mutants cannot read the workspace.
    """
    argv = ["cargo", "mutants", "--list", "--json", "--no-config", "--workspace"]
    inside = {PurePosixPath(path).relative_to(bench.root).as_posix(): path for path in targets}
    for path in inside:
        argv += ["--file", path]
    done = process.run(argv, cwd=bench.cargo.folder, env=bench.cargo.env, timeout_s=LIST_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise BaselineError(f"cargo-mutants lists no mutants: {said}", " ".join(argv))
    root = bench.tree.path
    texts = {path: (root / path).read_bytes().decode("utf-8") for path in targets}
    items = [item for item in json.loads(done.stdout) if item["file"] in inside]
    items.sort(key=lambda i: (i["file"], i["span"]["start"]["line"], i["span"]["start"]["column"]))
    return list(_mutants(items, inside, texts))


def choose(mutants: list[RustMutant], options: VerifyOptions) -> list[RustMutant]:
    """The mutants that the options ask for: a sample of all files together, then the cut."""
    if isinstance(options.mutants, int):
        mutants = sample(mutants, options.mutants)
    if options.shard is not None:
        mutants = shard(mutants, *options.shard)
    return mutants


def circumstances(
    bench: Bench, subject: Subject, targets: Sequence[str], tests: Iterable[str]
) -> list[str | bytes]:
    """All that a verdict on these targets depends on, but the targets themselves.

    That is the tests' names, the compiler, and the sources of the crates that the tests are built
    from; of files elsewhere in the checkout those whose name a source mentions.
    """
    version = process.run(["rustc", "-vV"], cwd=bench.cargo.folder, env=bench.cargo.env).stdout
    parts: list[str | bytes] = ["cargo", version, *sorted(tests)]
    root = bench.tree.path.resolve()
    own = {root / path for path in subject.files}
    packages = bench.workspace.closure([suite.package for suite in bench.suites(subject)])
    top = bench.workspace.folder
    files = [path for package in packages for path in package.folder.rglob("*") if path.is_file()]
    files += [path for path in (top / "Cargo.toml", top / "Cargo.lock") if path.is_file()]
    mentioned: set[bytes] = set()
    skipped = {root / path for path in targets}
    for path in sorted(set(files)):
        content = content_of(path, generated=path in own)
        mentioned |= set(re.findall(rb"[\w.-]+\.\w{1,6}\b", content))
        if path not in skipped:
            parts += [path.relative_to(root).as_posix(), content]
    for path in sorted(root.rglob("*")):
        if path.name.encode() in mentioned and path.is_file() and not path.is_relative_to(top):
            parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    return parts


def tally(mutants: Sequence[RustMutant], found: dict[str, str], *, cached: int) -> Kills:
    """Verdicts counted, survivors listed."""
    by_target: dict[str, tuple[int, int]] = {}
    for mutant in mutants:
        killed, viable = by_target.get(mutant.path, (0, 0))
        word = found[mutant.id]
        killed += word in ("killed", "timeout")
        by_target[mutant.path] = (killed, viable + (word != "invalid"))
    return Kills(
        killed=sum(killed for killed, _ in by_target.values()),
        viable=sum(viable for _, viable in by_target.values()),
        invalid=sum(found[m.id] == "invalid" for m in mutants),
        survivors=tuple(
            Survivor(m.path, m.line, m.operator, m.change)
            for m in mutants
            if found[m.id] == "survived"
        ),
        timeouts=sum(found[m.id] == "timeout" for m in mutants),
        cached=cached,
        by_target=by_target,
    )


class Hunt:
    """Mutants against a gap's own tests, in one copy of the tree or several."""

    def __init__(
        self,
        bench: Bench,
        subject: Subject,
        names: dict[Suite, list[str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> None:
        """Keep what every worker needs."""
        self.bench, self.subject, self.names = bench, subject, names
        self.options, self.progress = options, progress

    def judge(self, mutants: Sequence[RustMutant]) -> Iterable[tuple[RustMutant, str]]:
        """Each mutant with its verdict, as they come.

        One copy by default: cargo itself uses the processors. `--jobs N` takes N copies, each with
        a target folder of its own, which is built first.

        Raises:
            ProofError: The tests are red on an unbroken copy.
        """
        workers = min(self.options.jobs or 1, len(mutants))
        if workers <= 1:
            worker = Worker(self.bench, self.names)
            if mutants:
                worker.prepare(self.progress)
            for mutant in mutants:
                yield mutant, worker.verdict(mutant)
            return
        yield from self._together(mutants, workers)

    def _together(
        self, mutants: Sequence[RustMutant], workers: int
    ) -> Iterable[tuple[RustMutant, str]]:
        waiting: queue.SimpleQueue[RustMutant] = queue.SimpleQueue()
        for mutant in mutants:
            waiting.put(mutant)
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException] = queue.SimpleQueue()
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(number, waiting, done, stop), daemon=True)
            for number in range(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in mutants:
                item = done.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _work(
        self,
        number: int,
        waiting: queue.SimpleQueue[RustMutant],
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException],
        stop: threading.Event,
    ) -> None:
        try:
            if number == 0:
                self._try_all(Worker(self.bench, self.names), waiting, done, stop)
                return
            tree = Tree(self.subject.checkout, self.options, worker=number)
            with tree.held(self.progress):
                bench = open_bench(tree, [self.subject], self.options)
                self._try_all(Worker(bench, self.names), waiting, done, stop)
        except BaseException as error:  # handed to the thread that waits for it
            done.put(error)

    def _try_all(
        self,
        worker: Worker,
        waiting: queue.SimpleQueue[RustMutant],
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException],
        stop: threading.Event,
    ) -> None:
        worker.prepare(self.progress)
        while not stop.is_set():
            try:
                mutant = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((mutant, worker.verdict(mutant)))


class Worker:
    """One copy of the tree, in which one mutant after the other is tried."""

    def __init__(self, bench: Bench, names: dict[Suite, list[str]]) -> None:
        """Nothing is built yet."""
        self.bench, self.names = bench, names
        self.build_s, self.test_s = LEAST_BUILD_S, LEAST_TEST_S

    def prepare(self, progress: Progress) -> None:
        """Build and run the unbroken tree; the time limits follow from it.

        Raises:
            ProofError: The tests are red on it.
        """
        build = self.bench.build(list(self.names), progress)
        if build.failed:
            raise ProofError("the unbroken copy does not build", build.errors[0].sentence())
        began = time.monotonic()
        for program in build.programs:
            args = ["--exact", *self.names[program.suite]]
            output = self.bench.cargo.run(program, args, timeout_s=self.bench.cargo.timeout_s)
            if output.ended != "ok":
                red = [name for name, word in output.words.items() if word == "FAILED"]
                raise ProofError(
                    f"red on an unbroken copy: {', '.join(red) or program.suite.label('*')}",
                    f"scaffold verify {self.bench.subjects[0].slug}",
                )
        self.test_s = max(LEAST_TEST_S, 5 * (time.monotonic() - began))
        self.build_s = max(LEAST_BUILD_S, 5 * build.seconds)

    def verdict(self, mutant: RustMutant) -> str:
        """killed, timeout, survived or invalid; the copy is as before afterwards."""
        before = (self.bench.tree.path / mutant.path).read_bytes()
        self.bench.tree.write(mutant.path, mutant.source.encode("utf-8"))
        try:
            return self._try()
        finally:
            self.bench.tree.write(mutant.path, before)

    def _try(self) -> str:
        build = self.bench.build(list(self.names), lambda line: None)
        if build.failed:
            return "invalid"
        for program in build.programs:
            args = ["--exact", *self.names[program.suite]]
            output = self.bench.cargo.run(
                program, args, timeout_s=self.test_s, watch=lambda word: word != "FAILED"
            )
            if output.late:
                return "timeout"
            if output.ended != "ok":
                return "killed"
        return "survived"


def _mutants(
    items: Sequence[dict[str, Any]], inside: dict[str, str], texts: dict[str, str]
) -> Iterable[RustMutant]:
    seen: Counter[str] = Counter()
    for item in items:
        path = inside[item["file"]]
        change = _PLACE.sub("", item["name"])
        key = f"{path}\0{change}"
        identity = hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:16]
        seen[key] += 1
        source = patched(texts[path], item["diff"])
        line = int(item["span"]["start"]["line"])
        yield RustMutant(identity, path, line, item["genre"], change, source)


def patched(text: str, diff: str) -> str:
    """A text with a unified diff applied, whose line numbers are exact."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    result: list[str] = []
    at = 0
    for line in diff[diff.find("@@ -") :].split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            start = int(hunk[1]) - 1
            result += lines[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        elif line.startswith("-"):
            at += 1
        elif line.startswith(" "):
            result.append(lines[at])
            at += 1
    return newline.join([*result, *lines[at:]])
