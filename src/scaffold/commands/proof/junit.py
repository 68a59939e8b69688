"""A proof as JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scaffold.commands.proof.rules import add_rules
from scaffold.system.output import xml_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from scaffold.proof.outcome import Outcome


def to_junit(records: Sequence[Outcome]) -> str:
    """The generated tests as JUnit XML, one suite a gap."""
    from xml.etree import ElementTree

    from scaffold.proof.outcome import RED, Kind, kind_of, why_red

    root = ElementTree.Element("testsuites")
    for record in records:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=xml_text(record.gap),
            tests=str(len(record.tests)),
            failures=str(sum(record.counts[kind] for kind in RED)),
            skipped=str(record.counts[Kind.KNOWN_DEFECT] + record.counts[Kind.TODO]),
            time=f"{record.seconds:.3f}",
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in _properties(record):
            ElementTree.SubElement(
                properties, "property", name=xml_text(name), value=xml_text(value)
            )
        for test in record.tests:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=xml_text(record.gap),
                name=xml_text(test.id),
                time=f"{test.seconds:.3f}",
            )
            kind, message = kind_of(test), xml_text(test.message)
            if kind in RED:
                ElementTree.SubElement(case, "failure", message=xml_text(why_red(test)))
            elif kind is not Kind.PASSED:
                skipped = {"message": message, "type": xml_text(test.outcome)}
                ElementTree.SubElement(case, "skipped", skipped)
        add_rules(suite, record)
        add_mends(root, record)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _properties(record: Outcome) -> list[tuple[str, str]]:
    """Verdict, problems, and what is missing, as names and values."""
    from scaffold.proof.outcome import spans

    found = [("verdict", str(record.verdict))]
    found += [("problem", problem) for problem in record.problems]
    found += [("not proved", lack) for lack in record.lacks]
    found += [("deleted", path) for path in record.deleted]
    for target in record.targets:
        if target.missing:
            found.append((f"missing lines of {target.path}", ", ".join(spans(target.missing))))
    found += [
        ("survived", f"{item.file}:{item.line} {item.operator}: {item.change}")
        for item in (record.kills.survivors if record.kills else ())
        if not item.equivalent
    ]
    return found


def add_mends(root: Element, record: Outcome) -> None:
    """The mend check of a gap as a suite of its own in JUnit XML."""
    from xml.etree import ElementTree

    from scaffold.proof.mends import CHECKED, WRONG

    if record.mends is None:
        return
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=xml_text(f"{record.gap} mends"),
        tests=str(len(record.mends)),
        failures=str(sum(one.verdict in WRONG for one in record.mends)),
        skipped=str(sum(one.verdict not in CHECKED for one in record.mends)),
    )
    for one in record.mends:
        names = {"classname": xml_text(record.gap), "name": xml_text(f"mend {one.id}")}
        case = ElementTree.SubElement(suite, "testcase", names)
        if one.verdict in WRONG:
            ElementTree.SubElement(case, "failure", message=xml_text(one.problem))
        elif one.verdict not in CHECKED:
            message = ": ".join(filter(None, [str(one.verdict), one.why]))
            ElementTree.SubElement(case, "skipped", message=xml_text(message))
