"""What generated Rust tests declare themselves to be, read from their source by parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scaffold.errors import CheckoutError
from scaffold.languages.rust.symbols import attributes_of, parse
from scaffold.languages.rust.tests import RustTest, attributes, head_of, tests_of
from scaffold.languages.trees import line_of

_FOR_TESTS = re.compile(r"cfg\s*\(\s*(?:all\s*\(\s*)?test\b")
_IGNORED = re.compile(r'ignore\s*=\s*"(?P<why>.*)"$', re.DOTALL)
_EXPECTED = re.compile(r"should_panic\s*\(\s*expected\s*=")


@dataclass(frozen=True)
class Declared:
    """A test function as it stands in the source.

    Attributes:
        name: Path from the file's own module on, such as `mod_in_file::it_holds`.
        path: The file that it is in.
        line: Where it is.
        known_defect: It is marked with `should_panic`.
        strict: The mark names what is expected, so that no other panic passes for it.
        reason: What follows `Known defect:` in the comment above; empty where there is none.
        ignored: Why it is marked with `ignore`, empty where it does not say; None where it is not.
    """

    name: str
    path: str
    line: int
    known_defect: bool
    strict: bool
    reason: str
    ignored: str | None


def declared_tests(path: str, source: bytes) -> list[Declared]:
    """The test functions of a file, those of its inline modules included.

    Raises:
        CheckoutError: The file does not parse.
    """
    return [_declared(path, test) for test in tests_of(parse(path, source, CheckoutError))]


def lines_for_tests(path: str, source: bytes) -> set[int]:
    """The lines of a file, from 1, that are compiled for tests only.

    Raises:
        CheckoutError: The file does not parse.
    """
    found: set[int] = set()
    for node in parse(path, source, CheckoutError).named_children:
        above = attributes_of(node)
        if any(_FOR_TESTS.match(attribute) for attribute in attributes(above)):
            found.update(range(line_of(above[0]), int(node.end_point[0]) + 2))
    return found


def _declared(path: str, test: RustTest) -> Declared:
    marked = attributes(test.above)
    ignores = [item for item in marked if head_of(item) == "ignore"]
    found = _IGNORED.match(ignores[0]) if ignores else None
    marks = [item for item in marked if head_of(item) == "should_panic"]
    return Declared(
        name=test.name,
        path=path,
        line=line_of(test.node),
        known_defect=bool(marks),
        strict=any(_EXPECTED.match(mark) for mark in marks),
        reason=test.reason,
        ignored=(found["why"] if found else "") if ignores else None,
    )
