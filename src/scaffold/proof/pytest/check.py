"""The kill check of Python targets: make mutants, look up what is known, run the rest, count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.edits import decode
from scaffold.proof.mutants import Mutant, enumerate_mutants, sample, shard
from scaffold.proof.pytest.kill import KillRun
from scaffold.proof.pytest.plan import Job, Trail, plan_jobs
from scaffold.proof.runner import Kills, Progress, Subject, Survivor, VerifyOptions
from scaffold.proof.tree_copy import remove_tree
from scaffold.proof.verdicts import VerdictCache, content_of
from scaffold.reading import read_plain
from scaffold.scratch import make


@dataclass(frozen=True)
class Verdicts:
    """Every chosen mutant with its verdict.

    Attributes:
        mutants: In the order of their files and lines.
        words: Mutant id -> killed, survived, timeout or invalid.
        cached: How many were known from before.
    """

    mutants: tuple[Mutant, ...]
    words: Mapping[str, str]
    cached: int


def check(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    options: VerifyOptions,
    progress: Progress,
) -> Kills:
    """Every chosen mutant judged and counted.

    Raises:
        MissingToolError: cosmic-ray is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    judged = judge(subject, files, trail, options, progress)
    return tally(judged.mutants, judged.words, cached=judged.cached)


def judge(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    options: VerifyOptions,
    progress: Progress,
) -> Verdicts:
    """Every chosen mutant judged.

    Raises:
        MissingToolError: cosmic-ray is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    # Targets without a bar are there for their facts, unless the row holds no target to one.
    held = [target for target in subject.targets if target.kill_pct is not None]
    sources = {
        target.path: decode(read_plain(subject.checkout / target.path), target.path)
        for target in held or subject.targets
    }
    mutants = choose(sources, options)
    caches = {path: open_cache(subject, path, trail, options.cache_dir) for path in sources}
    known = {m.id: word for m in mutants if (word := caches[m.path].get(m.source)) is not None}
    jobs = plan_jobs([m for m in mutants if m.id not in known], sources, trail)
    progress(f"{subject.slug}: {len(mutants)} mutants, {len(known)} verdicts known from before")
    found = run_jobs(subject, files, trail, jobs, options, progress)
    for path, cache in caches.items():
        cache.put({m.source: found[m.id] for m in mutants if m.path == path and m.id in found})
    return Verdicts(tuple(mutants), {**known, **found}, len(known))


def choose(sources: Mapping[str, str], options: VerifyOptions) -> list[Mutant]:
    """The mutants that the options ask for: a sample of all files together, then the cut."""
    mutants = [m for path, text in sources.items() for m in enumerate_mutants(path, text)]
    if isinstance(options.mutants, int):
        mutants = sample(mutants, options.mutants)
    if options.shard is not None:
        mutants = shard(mutants, *options.shard)
    return mutants


def open_cache(subject: Subject, target: str, trail: Trail, folder: Path | None) -> VerdictCache:
    """The verdicts on one target, given tests, interpreter and all else that the tests read."""
    if folder is None:
        return VerdictCache(None, ())
    root = subject.checkout.resolve()
    generated = {(root / path).resolve() for path in subject.files}
    read = {path.resolve() for path in trail.read} | generated
    if trail.spawning:
        top = (root / target).parent
        read |= {path.resolve() for path in top.rglob("*.py")}
    read.discard((root / target).resolve())
    circumstances: list[str | bytes] = [target, trail.version, *sorted(trail.order)]
    for path in sorted(read):
        if path.is_file() and path.is_relative_to(root):
            circumstances.append(path.relative_to(root).as_posix())
            circumstances.append(content_of(path, generated=path in generated))
    return VerdictCache(folder, circumstances)


def run_jobs(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    jobs: Sequence[Job],
    options: VerifyOptions,
    progress: Progress,
) -> dict[str, str]:
    """Mutant id -> verdict, for mutants that nothing is known of."""
    if not jobs:
        return {}
    scratch = make("kill")
    try:
        run = KillRun(subject.checkout, subject.run.root, files, trail, scratch)
        return run.run(jobs, options.workers, lambda line: progress(f"{subject.slug}: {line}"))
    finally:
        remove_tree(scratch)


def tally(mutants: Sequence[Mutant], found: Mapping[str, str], *, cached: int) -> Kills:
    """Verdicts counted, survivors listed."""
    by_target: dict[str, tuple[int, int]] = {}
    for mutant in mutants:
        killed, viable = by_target.get(mutant.path, (0, 0))
        word = found[mutant.id]
        by_target[mutant.path] = (
            killed + (word in ("killed", "timeout")),
            viable + (word != "invalid"),
        )
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
