"""What generated Rust tests declare themselves to be, read from their source by parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError
from scaffold.symbols_rust import attributes_of, line_of, parse, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMENT = re.compile(r"^\s*(?:///?|/\*+|\*+/|\*)\s?|\s*\*/\s*$")
_LEAD = "Known defect:"
_FOR_TESTS = re.compile(r"cfg\s*\(\s*(?:all\s*\(\s*)?test\b")
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
        reason: What the comment above says behind `Known defect:`; empty where none does.
        ignored: It is marked with `ignore`.
    """

    name: str
    path: str
    line: int
    known_defect: bool
    strict: bool
    reason: str
    ignored: bool


def declared_tests(path: str, source: bytes) -> list[Declared]:
    """The test functions of a file, those of its inline modules included.

    Raises:
        CheckoutError: The file does not parse.
    """
    return list(_tests(path, parse(path, source, CheckoutError), ""))


def lines_for_tests(path: str, source: bytes) -> set[int]:
    """The lines of a file, from 1, that are compiled for tests only.

    Raises:
        CheckoutError: The file does not parse.
    """
    found: set[int] = set()
    for node in parse(path, source, CheckoutError).named_children:
        above = attributes_of(node)
        if any(_FOR_TESTS.match(attribute) for attribute in _attributes(above)):
            found.update(range(line_of(above[0]), int(node.end_point[0]) + 2))
    return found


def _tests(path: str, parent: Node, prefix: str) -> Iterator[Declared]:
    for node in parent.named_children:
        name = text_of(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        if node.type == "mod_item" and body is not None:
            yield from _tests(path, body, f"{prefix}{name}::")
        elif node.type == "function_item":
            above = attributes_of(node)
            if any(_head(item).rpartition("::")[2] == "test" for item in _attributes(above)):
                yield _declared(f"{prefix}{name}", path, node, above)


def _declared(name: str, path: str, node: Node, above: list[Node]) -> Declared:
    attributes = _attributes(above)
    marks = [item for item in attributes if _head(item) == "should_panic"]
    return Declared(
        name=name,
        path=path,
        line=line_of(node),
        known_defect=bool(marks),
        strict=any(_EXPECTED.match(mark) for mark in marks),
        reason=_reason(above),
        ignored=any(_head(item) == "ignore" for item in attributes),
    )


def _attributes(above: list[Node]) -> list[str]:
    return [text_of(item)[2:-1].strip() for item in above if item.type == "attribute_item"]


def _head(attribute: str) -> str:
    return re.split(r"[\s(=]", attribute, maxsplit=1)[0]


def _reason(above: list[Node]) -> str:
    lines = [
        _COMMENT.sub("", line).strip()
        for item in above
        if item.type != "attribute_item"
        for line in text_of(item).strip().split("\n")
    ]
    text = " ".join(line for line in lines if line)
    return text.partition(_LEAD)[2].strip() if _LEAD in text else ""
