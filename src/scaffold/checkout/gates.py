"""The words of `status --fail-on`: which rows a gate matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scaffold.checkout.status import STATES, Status
from scaffold.checkout.verdict import Verdict
from scaffold.errors import GateError, UsageError
from scaffold.kit.catalog import Kit

NEVER = ("planned", "skipped")
"""States that nobody in the checkout can change, so no gate is made of them."""

WORDS = (*(state for state in STATES if state not in NEVER), *Verdict, "stale", "unproved")
"""States and verdicts; `unproved` is written here and not proved as it stands now."""

_HINTS = {
    "edited": "scaffold new --gap {gap} --diff",
    "open": "scaffold new --gap {gap} --dry-run",
    "partial": "scaffold new --gap {gap} --next",
    "outdated": "scaffold new --gap {gap} --diff",
    "todo": "scaffold new --gap {gap} --diff",
    "red": "scaffold verify {gap}",
    **dict.fromkeys(("adopted", "retired", "blocked"), "scaffold show {gap}"),
}
_PROVE = "scaffold verify {gap} --mutants all"


@dataclass(frozen=True)
class Gate:
    """One `--fail-on`: a word, and the priority that it is about; None for all of them."""

    word: str
    priority: str | None = None

    def matches(self, row: Status) -> bool:
        """Whether a row is a reason to fail."""
        if self.priority not in (None, row.gap.priority) or row.state in NEVER:
            return False
        if self.word == "open":
            return row.state == "open" or row.only_todos
        if self.word in ("outdated", "partial"):
            return row.outdated if self.word == "outdated" else row.partial
        if self.word == "stale":
            return bool(row.stale)
        if self.word == "unproved":
            return row.written and (row.verdict is not Verdict.PROVED or bool(row.stale))
        if self.word == "todo":
            return row.written and (row.todos > 0 or row.verdict is Verdict.TODO)
        return self.word in (row.state, row.verdict)


def parse_gate(text: str, kit: Kit) -> Gate:
    """The gate that `--fail-on` names.

    Raises:
        UsageError: The word or priority is unknown, or could never be closed.
    """
    word, _, priority = text.partition(":")
    if word in NEVER:
        raise UsageError(
            f"--fail-on {text}: nobody can close a gap that is {word}",
            "scaffold status --fail-on open:P0",
        )
    if word not in WORDS:
        raise UsageError(
            f"--fail-on {text}: '{word}' is none of {', '.join(WORDS)}",
            "scaffold status --fail-on open:P0",
        )
    known = {gap.priority for gap in kit.gaps.values()}
    if priority and priority.upper() not in known:
        raise UsageError(f"--fail-on {text}: there is no priority '{priority}'", "scaffold status")
    return Gate(word, priority.upper() or None)


def refusal(gates: Sequence[Gate], rows: Iterable[Status]) -> GateError | None:
    """The error of the gates that match; None where none does."""
    hits: dict[str, dict[str, None]] = {}
    stubs, yours = set[str](), set[str]()
    for row in rows:
        for gate in gates:
            if gate.matches(row):
                hits.setdefault(row.gap.slug, {})[gate.word] = None
                stubs |= {row.gap.slug} if row.todos else set()
                # No next part is left where only a person's file is in the place of ours.
                yours |= {row.gap.slug} if row.left and None not in row.parts.values() else set()
    if not hits:
        return None
    named = ", ".join(f"{slug} ({', '.join(words)})" for slug, words in hits.items())
    slug, words = next(iter(hits.items()))
    first = next(iter(words))
    # A todo that is no stub is a person's to write: `verify` opens its file.
    hint = _HINTS["red"] if first == "todo" and slug not in stubs else _HINTS.get(first, _PROVE)
    hint = _HINTS["edited"] if first == "partial" and slug in yours else hint
    return GateError(f"--fail-on matched: {named}", hint.format(gap=slug))
