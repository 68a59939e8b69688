"""The checkout's own rules in the outputs of `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.system.output import xml_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from scaffold.proof.outcome import Outcome
    from scaffold.proof.rules.result import RuleResult, Ruling


def rule_lines(record: Outcome) -> Iterator[str]:
    """Which rules passed, and each that was not run with its reason; a broken one is a problem."""
    from scaffold.proof.rules.result import Ruling

    for ruling, word in ((Ruling.PASSED, "passed"), (Ruling.NO_FILES, "for none of its files")):
        named = dict.fromkeys(rule.rule for rule in _of(record, ruling))
        if named:
            yield f"  rules of the checkout, {word}: {', '.join(named)}"
    for rule in _of(record, Ruling.NOT_RUN):
        how = f"; {rule.command}" if rule.command else ""
        yield f"  rule not run: {rule.rule} ({rule.place}): {rule.reason}{how}"


def _of(record: Outcome, ruling: Ruling) -> list[RuleResult]:
    return [rule for rule in record.rules if rule.ruling is ruling]


def add_rules(suite: Element, record: Outcome) -> None:
    """Put each rule into the JUnit suite of its gap, as a test, and count it there."""
    from xml.etree.ElementTree import SubElement

    from scaffold.proof.rules.result import Ruling

    for rule in record.rules:
        case = SubElement(
            suite,
            "testcase",
            classname=xml_text(f"{record.gap}:rules"),
            name=xml_text(f"{rule.rule} ({rule.place})"),
        )
        if rule.ruling is Ruling.FAILED:
            SubElement(case, "failure", message=xml_text("\n".join(map(str, rule.broken))))
        elif rule.ruling is not Ruling.PASSED:
            SubElement(case, "skipped", message=xml_text(rule.reason or rule.ruling))
    skipped = len(_of(record, Ruling.NOT_RUN)) + len(_of(record, Ruling.NO_FILES))
    for name, count in (
        ("tests", len(record.rules)),
        ("failures", len(_of(record, Ruling.FAILED))),
        ("skipped", skipped),
    ):
        suite.set(name, str(int(suite.get(name, "0")) + count))
