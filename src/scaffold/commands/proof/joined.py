"""The records of a check that was cut into shards, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scaffold.checkout.verdict import Verdict
from scaffold.errors import UsageError
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Kills


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """The records of a gap's cuts as one; with every cut there the kill bar is judged.

    Raises:
        UsageError: They are no cuts of one kill check, or a cut is there twice.
    """
    first = next((item for item in outcomes if item.verdict is Verdict.RED), outcomes[0])
    shards = [number for outcome in outcomes for number in outcome.shards]
    same = {(outcome.gap, outcome.shard_count, outcome.sample) for outcome in outcomes}
    if len(same) > 1 or len(set(shards)) != len(shards) or (len(outcomes) > 1 and not shards):
        raise UsageError(
            f"these records are not the cuts of one kill check of '{first.gap}'",
            f"scaffold verify {first.gap} --mutants all --shard 1/2",
        )
    if any(outcome.digests != first.digests for outcome in outcomes):
        raise UsageError(
            f"these records of '{first.gap}' were made of different files",
            f"scaffold verify {first.gap} --mutants all --shard 1/{first.shard_count} --json",
        )
    complete = len(shards) == first.shard_count
    checked = [outcome.kills for outcome in outcomes if outcome.kills]
    return replace(
        first,
        kills=_merge_kills(checked) if checked else None,
        shards=() if complete else tuple(sorted(shards)),
        shard_count=0 if complete else first.shard_count,
        seconds=round(sum(outcome.seconds for outcome in outcomes), 2),
    )


def _merge_kills(checks: Sequence[Kills]) -> Kills:
    survivors = [item for kills in checks for item in kills.survivors]
    by_target: dict[str, tuple[int, int]] = {}
    for path, (killed, viable) in (item for kills in checks for item in kills.by_target.items()):
        before = by_target.get(path, (0, 0))
        by_target[path] = (before[0] + killed, before[1] + viable)
    return Kills(
        invalid=sum(kills.invalid for kills in checks),
        survivors=tuple(
            sorted(survivors, key=lambda item: (item.file, item.line, item.operator, item.change))
        ),
        timeouts=sum(kills.timeouts for kills in checks),
        cached=sum(kills.cached for kills in checks),
        by_target=by_target,
        annotations=sum(kills.annotations for kills in checks),
        equal_code=sum(kills.equal_code for kills in checks),
    )
