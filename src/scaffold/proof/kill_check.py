"""The kill check of every tool: choose mutants, look up what is known, try the rest, count."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from scaffold.errors import ProofError
from scaffold.proof.mutants import Found, Mutant, MutantVerdict
from scaffold.proof.runner import (
    Breaker,
    Evidence,
    Kills,
    Progress,
    Subject,
    Survivor,
    VerifyOptions,
    load_runner,
)
from scaffold.proof.verdicts import VerdictCache

REPORT_EVERY_S = 5.0
NOTICED = (MutantVerdict.KILLED, MutantVerdict.TIMEOUT)


@dataclass(frozen=True)
class Judged:
    """Every chosen mutant with its verdict.

    Attributes:
        found: The mutants in the order of their files and lines, and what is left out.
        verdicts: Mutant id -> its verdict.
        cached: How many were known from before.
    """

    found: Found
    verdicts: Mapping[str, MutantVerdict]
    cached: int = 0


def check(
    subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> Kills:
    """The subject's targets broken, once for each mutant that the options ask for.

    Raises:
        MissingToolError: What makes the mutants is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    runner = load_runner(subject.run.runner)
    with runner.breaker(subject, evidence, options, progress) as breaker:
        return tally(judged(subject, breaker, options, progress))


def targets_of(subject: Subject, suffix: str | tuple[str, ...]) -> list[str]:
    """The files to be broken: those with a bar; all where none has one."""
    own = [target for target in subject.targets if target.path.endswith(suffix)]
    held = [target.path for target in own if target.kill_pct is not None]
    return held or [target.path for target in own]


def judged(
    subject: Subject, breaker: Breaker, options: VerifyOptions, progress: Progress
) -> Judged:
    """Every chosen mutant of the subject's targets judged.

    Raises:
        MissingToolError: What makes the mutants is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    targets = targets_of(subject, breaker.suffix)
    found = breaker.find(targets).chosen(options.mutants, options.shard)
    if found.annotations:
        left_out = len(found.annotations)
        progress(f"{subject.slug}: {left_out} mutants of annotations left out: nothing reads them")
    folder, words = options.cache_dir, frozenset(MutantVerdict)
    caches = {
        path: VerdictCache(
            folder, breaker.circumstances(path) if folder else (), words.__contains__
        )
        for path in targets
    }
    known = {m.id: MutantVerdict(word) for m in found.mutants
             if (word := caches[m.path].get(m.source)) is not None}  # fmt: skip
    rest = [mutant for mutant in found.mutants if mutant.id not in known]
    count = len(found.mutants)
    progress(f"{subject.slug}: {count} mutants, {len(known)} verdicts known from before")
    tried = _tried(subject, breaker, rest, caches, progress) if rest else {}
    return Judged(found, {**known, **tried}, len(known))


def _tried(
    subject: Subject,
    breaker: Breaker,
    mutants: Sequence[Mutant],
    caches: Mapping[str, VerdictCache],
    progress: Progress,
) -> dict[str, MutantVerdict]:
    """The verdicts on mutants that nothing is known of, kept from time to time."""
    verdicts: dict[str, MutantVerdict] = {}
    fresh: list[Mutant] = []
    reported = time.monotonic()

    def keep() -> None:
        for path, cache in caches.items():
            cache.put({m.source: verdicts[m.id] for m in fresh if m.path == path})
        fresh.clear()

    def say(line: str) -> None:
        progress(f"{subject.slug}: {line}")

    try:
        with closing(breaker.judge(mutants, say)) as judging:
            for mutant, verdict in judging:
                verdicts[mutant.id] = verdict
                fresh.append(mutant)
                if verdict is MutantVerdict.SURVIVED:
                    say(f"survived: {mutant.path}:{mutant.line} {mutant.change}")
                if time.monotonic() - reported >= REPORT_EVERY_S:
                    reported = time.monotonic()
                    survived = Counter(verdicts.values())[MutantVerdict.SURVIVED]
                    say(f"{len(verdicts)}/{len(mutants)} mutants tried, {survived} survived")
                    keep()
    except ProofError:
        # Red on the unbroken tree: no verdict means anything.
        for cache in caches.values():
            cache.take_back()
        raise
    except BaseException:
        keep()
        raise
    keep()
    return verdicts


def tally(judged: Judged) -> Kills:
    """Verdicts counted, survivors listed."""
    mutants, verdicts = judged.found.mutants, judged.verdicts
    counts = Counter(verdicts[mutant.id] for mutant in mutants)
    by_target: dict[str, tuple[int, int]] = {}
    for mutant in mutants:
        killed, viable = by_target.get(mutant.path, (0, 0))
        verdict = verdicts[mutant.id]
        by_target[mutant.path] = (
            killed + (verdict in NOTICED),
            viable + (verdict is not MutantVerdict.UNVIABLE),
        )
    return Kills(
        invalid=counts[MutantVerdict.UNVIABLE],
        survivors=tuple(
            Survivor(m.path, m.line, m.operator, m.change)
            for m in mutants
            if verdicts[m.id] is MutantVerdict.SURVIVED
        ),
        timeouts=counts[MutantVerdict.TIMEOUT],
        cached=judged.cached,
        by_target=by_target,
        annotations=len(judged.found.annotations),
        equal_code=len(judged.found.equal_code),
    )
