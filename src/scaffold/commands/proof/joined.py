"""The records of a check that was cut into shards, read and joined into one record a gap."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

from scaffold.checkout.state.records import SLUG
from scaffold.checkout.verdict import Verdict
from scaffold.errors import CheckoutError, ScaffoldError, UsageError
from scaffold.kit.catalog import Kit
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Kills
from scaffold.system.invocation import quoted

WEAKEST = (Verdict.RED, Verdict.TODO, Verdict.BELOW, Verdict.GREEN, Verdict.PROVED)
"""What a joined record takes first: red goes before todo here, as it does in `Outcome.verdict`."""
RESULTS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
MOST = 10**9
"""No count and no time of a record is as much."""


def joined(files: Sequence[Path]) -> tuple[list[Outcome], dict[str, ScaffoldError]]:
    """One record of each gap, and why a gap has none on a machine; the order does not matter.

    Raises:
        UsageError: A file holds no records, or they are no cuts of one check.
    """
    by_gap: dict[str, list[Outcome]] = {}
    blocked: dict[str, ScaffoldError] = {}
    for path in files:
        records, refused = _read(path)
        for record in records:
            by_gap.setdefault(record.gap, []).append(record)
        for slug, error in refused.items():
            before = blocked.setdefault(slug, error)
            blocked[slug] = max(before, error, key=lambda one: (one.exit_code, one.fact))
    return [merge(by_gap[slug]) for slug in sorted(by_gap)], dict(sorted(blocked.items()))


def check_as_here(folder: Path, kit: Kit, outcomes: Sequence[Outcome]) -> None:
    """Nothing, where every source that the records name is as in this checkout, or not in it.

    In a folder that is no checkout nothing is compared: the records may have come without one.

    Raises:
        UsageError: One differs, so what was shown is not shown of what is here.
        CheckoutError: One cannot be read, or the folder does not exist.
    """
    from scaffold.checkout.files import read_file
    from scaffold.checkout.find import open_checkout
    from scaffold.checkout.state import fingerprint
    from scaffold.languages import language_of

    try:
        root = open_checkout(folder, kit).root
    except CheckoutError:
        if folder.is_dir():
            return
        raise
    for outcome in outcomes:
        # The digests of settings are of what the tools take from them, not of the files.
        sources = [path for path in sorted(outcome.digests) if language_of(path)]
        there = {path: read_file(root, path) for path in sources}
        differ = [
            path
            for path, content in there.items()
            if content is not None and fingerprint(content) != outcome.digests[path]
        ]
        if differ:
            raise UsageError(
                f"the records of '{outcome.gap}' were made of other content than is here: "
                f"{', '.join(differ)}",
                f"scaffold verify {outcome.gap} --mutants all",
            )


def _read(path: Path) -> tuple[list[Outcome], dict[str, ScaffoldError]]:
    import json

    from scaffold.system.reading import read_plain

    try:
        document = json.loads(read_plain(path).decode("utf-8"))
        records = [_checked(Outcome.from_json(item)) for item in document["outcomes"]]
        blocked = dict(_refusal(item) for item in document.get("blocked", ()))
        if not records and not blocked:
            raise ValueError("no record")
    except (
        OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError
    ) as error:  # fmt: skip
        told = getattr(error, "strerror", None) or "it holds no records of `verify --json`"
        raise UsageError(
            f"--merge {path}: {told}",
            f"scaffold verify --mutants all --shard 1/2 --json > {quoted(str(path))}",
        ) from error
    return records, blocked


def _refusal(data: Mapping[str, Any]) -> tuple[str, ScaffoldError]:
    """Why a gap was blocked, with the exit code that it had."""
    kinds = {kind.exit_code: kind for kind in ScaffoldError.__subclasses__()}
    texts = [data[name] for name in ("gap", "error", "hint")]
    if not all(type(text) is str for text in texts) or not SLUG.fullmatch(texts[0]):
        raise ValueError("blocked")
    return texts[0], kinds[data["code"]](*texts[1:])


def _checked(record: Outcome) -> Outcome:
    """The record, where each of its fields is of its type and can be."""
    can_be = (
        _is_of(record, Outcome)
        and SLUG.fullmatch(record.gap) is not None
        and all(path.encode() for path in record.digests)  # a lone surrogate raises ValueError
        and all(test.outcome in RESULTS for test in record.tests)
        and bool(record.shards) == bool(record.shard_count)
        and all(1 <= number <= record.shard_count for number in record.shards)
        and all((target.line_cov_pct or 0) <= 100 for target in record.targets)
        and all(killed <= tried for killed, tried in (record.kills or Kills()).by_target.values())
    )
    if not can_be:
        raise ValueError("a field")
    return record


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of the type that a field is declared with."""
    form, of = typing.get_origin(kind), typing.get_args(kind)
    if form in (typing.Union, types.UnionType):
        return any(_is_of(value, one) for one in of)
    if form is tuple:
        given = value if isinstance(value, tuple) else (None,)
        each = of[:1] * len(given) if of[-1] is ... else of
        return value is given and len(given) == len(each) and all(map(_is_of, given, each))
    if form is not None:
        return isinstance(value, dict) and all(
            _is_of(key, of[0]) and _is_of(one, of[1]) for key, one in value.items()
        )
    if kind in (int, float):
        known = type(value) is int or type(value) is kind
        return known and math.isfinite(value) and 0 <= value < MOST
    if isinstance(kind, type) and is_dataclass(kind):
        fields = typing.get_type_hints(kind)
        return isinstance(value, kind) and all(
            _is_of(getattr(value, name), fields[name]) for name in kind.__dataclass_fields__
        )
    return isinstance(value, kind)


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """The records of a gap's cuts as one; with every cut there the kill bar is judged.

    What one cut does not show is not shown: the rest is that of the weakest record.

    Raises:
        UsageError: They are no cuts of one kill check, or a cut is there twice.
    """
    first = min(outcomes, key=_strength)
    shards = [number for outcome in outcomes for number in outcome.shards]
    same = {_check_of(outcome) for outcome in outcomes}
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
    checked = [outcome for outcome in outcomes if outcome.kills]
    tried = [number for outcome in checked or outcomes for number in outcome.shards]
    complete = len(tried) == first.shard_count
    return replace(
        first,
        kills=_merge_kills([one.kills for one in checked if one.kills]) if checked else None,
        shards=() if complete else tuple(sorted(tried)),
        shard_count=0 if complete else first.shard_count,
        seconds=round(sum(outcome.seconds for outcome in outcomes), 2),
    )


def _strength(outcome: Outcome) -> tuple[int, int, tuple[int, ...]]:
    """The less a record shows, the smaller."""
    return WEAKEST.index(outcome.verdict), -len(outcome.lacks), outcome.shards


def _check_of(outcome: Outcome) -> tuple[object, ...]:
    """What the cuts of one check have in common, beside their files."""
    bars = tuple((one.path, one.line_bar_pct, one.kill_bar_pct) for one in outcome.targets)
    rules = frozenset((rule.rule, rule.place) for rule in outcome.rules)
    mends = None if outcome.mends is None else frozenset(mend.id for mend in outcome.mends)
    cut = (outcome.shard_count, outcome.sample)
    return (outcome.gap, cut, outcome.parts, outcome.parts_left, bars, rules, mends)


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
