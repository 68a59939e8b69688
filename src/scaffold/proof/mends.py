"""The mend check, the twin of the kill check: each known defect mended, on a copy of the tree.

With a mend in the code, exactly the tests of its defect turn: a test that was expected to fail
passes. So the defect is real, it can be mended at that level, and no other test forbids the mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from scaffold.errors import ProofError
from scaffold.kit.defects import Defect, Fit, Looked
from scaffold.proof.runner import (
    Evidence,
    Progress,
    Subject,
    TestResult,
    VerifyOptions,
    load_runner,
)

NAMED = 3
"""How many tests a sentence names; the record holds all of them."""


class MendVerdict(StrEnum):
    """What became of a defect when it was mended."""

    TURNED = "turned"
    """Exactly its tests pass now."""
    STUCK = "not turned"
    """A test of it still fails."""
    DISTURBS = "changes others"
    """Another test has another outcome."""
    BROKEN = "does not run"
    """With it no test runs: it does not compile, or cannot be imported."""
    GONE = "does not apply"
    """Its defect is here, and the code that it looks for is not."""
    MENDED = "mended"
    """The code has it already."""
    ABSENT = "not here"
    """None of its tests is a known defect in this checkout."""
    NO_MEND = "no mend"
    """The kit says why there is none."""


WRONG = (MendVerdict.STUCK, MendVerdict.DISTURBS, MendVerdict.BROKEN, MendVerdict.GONE)
CHECKED = (MendVerdict.TURNED, *WRONG)
"""Verdicts on defects that are in this checkout."""


@dataclass(frozen=True)
class MendProof:
    """One defect with the verdict on its mend.

    Attributes:
        id: The defect.
        severity: How bad it is.
        verdict: See `MendVerdict`.
        why: What keeps it from being as it should; else why nothing was run.
        tests: Its tests that are known defects here.
        changed: Other tests that the mend changes.
    """

    id: str
    severity: str
    verdict: MendVerdict
    why: str = ""
    tests: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence; empty where nothing is."""
        return f"mend {self.id} {self.verdict}: {self.why}" if self.verdict in WRONG else ""

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> MendProof:
        """The verdict that a record has as plain data."""
        tuples = {name: tuple(data[name]) for name in ("tests", "changed")}
        return MendProof(**{**data, "verdict": MendVerdict(data["verdict"]), **tuples})


def check_mends(
    subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> tuple[MendProof, ...]:
    """Each known defect of a subject with the verdict on its mend, in the order of the kit.

    Raises:
        ProofError: The tests are red on an unchanged copy.
    """
    found: dict[str, MendProof] = {}
    texts: dict[str, Mapping[str, str]] = {}
    for defect, looked in subject.defects:
        if options.defects and defect.id not in options.defects:
            continue
        proof = _at_rest(defect, looked, evidence.generated.tests)
        found[defect.id] = proof
        if proof.verdict is MendVerdict.TURNED:
            texts[defect.id] = looked.texts
    if texts:
        progress(f"{subject.slug}: {len(texts)} mends")
        runner = load_runner(subject.run.runner)
        changes: list[Mapping[str, str]] = [{}, *texts.values()]
        names, known = ["", *texts], dict[str, Evidence]()
        for number, seen in runner.rerun(subject, evidence, changes, options, progress):
            known[names[number]] = seen
            progress(f"{subject.slug}: {len(known) - ('' in known)}/{len(texts)} mends tried")
        before = _outcomes(known[""])
        _require_same(evidence, before)
        for name in texts:
            found[name] = _judged(found[name], before, known[name])
    return tuple(found.values())


def _at_rest(defect: Defect, looked: Looked, tests: Sequence[TestResult]) -> MendProof:
    """The verdict as far as it is known without a run; `TURNED` where one is to be shown."""
    own = [test for test in tests if _plain_names(test.id) & {*defect.tests}]
    marked = tuple(test.id for test in own if test.outcome == "xfailed")
    verdict, why = MendVerdict.TURNED, ""
    if looked.fit is Fit.MENDED:
        verdict, why = MendVerdict.MENDED, "it is in the code"
        if marked:
            verdict, why = MendVerdict.STUCK, f"it is in the code, and {marked[0]} still fails"
    elif not marked:
        verdict = MendVerdict.ABSENT
    elif not defect.mends:
        verdict, why = MendVerdict.NO_MEND, defect.no_mend
    elif looked.fit is Fit.GONE:
        verdict, why = MendVerdict.GONE, looked.why
    return MendProof(defect.id, defect.severity, verdict, why, marked)


def _judged(proof: MendProof, before: Mapping[str, str], seen: Evidence) -> MendProof:
    """What the outcomes with the mend in say."""
    after = _outcomes(seen)
    if not before.keys() & after.keys():
        first = next(iter((*seen.generated.tests, *seen.baseline.tests)), None)
        why = first.message if first else "no test was collected"
        return replace(proof, verdict=MendVerdict.BROKEN, why=why)
    every = dict.fromkeys((*before, *after))
    others = tuple(
        name for name in every if name not in proof.tests and before.get(name) != after.get(name)
    )
    messages = {test.id: test.message for test in (*seen.generated.tests, *seen.baseline.tests)}
    if others:
        named = "; ".join(
            f"{name} is {after.get(name, 'not run')}, was {before.get(name, 'not there')}"
            f"{f' ({messages[name]})' if messages.get(name) else ''}"
            for name in others[:NAMED]
        )
        more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
        return replace(proof, verdict=MendVerdict.DISTURBS, why=f"{named}{more}", changed=others)
    stuck = [name for name in proof.tests if after.get(name) != "xpassed"]
    if stuck:
        why = f"{stuck[0]} is still {after.get(stuck[0], 'not run')}: {messages.get(stuck[0], '')}"
        return replace(proof, verdict=MendVerdict.STUCK, why=why.rstrip(": "))
    return proof


def _outcomes(evidence: Evidence) -> dict[str, str]:
    return {test.id: test.outcome for test in (*evidence.baseline.tests, *evidence.generated.tests)}


def _require_same(evidence: Evidence, before: Mapping[str, str]) -> None:
    """The generated tests end on an unchanged copy as they do in the checkout."""
    for test in evidence.generated.tests:
        if before.get(test.id) != test.outcome:
            raise ProofError(
                f"{test.id} is {test.outcome} in the checkout and "
                f"{before.get(test.id, 'not run')} on an unchanged copy of it",
                evidence.generated.command,
            )


def _plain_names(test: str) -> set[str]:
    """The test's own name, without its file, modules and parameters; a title may hold brackets."""
    return {part.rpartition("::")[2] for part in (test, test.partition("[")[0])}
