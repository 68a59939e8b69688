"""The tests of a Vitest file and their describes, by parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.languages import first_sentence
from scaffold.languages.trees import line_of, text_of
from scaffold.languages.typescript.syntax import (
    comment_text,
    comments_above,
    parse,
    string_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node

TESTS = ("it", "test")
GROUPS = ("describe", "suite")
BETWEEN = "::"
"""What stands between a describe and its test in a name, as in those of other tools."""
_LEAD = "Known defect:"
_FUNCTIONS = ("arrow_function", "function_expression", "function_declaration", "method_definition")
_FILLED = re.compile(r"%[sdifjo#$%]|\$\{[^}]*\}|\$[\w.#]+")
"""What a title of a parametrized test, or a template, takes a value for."""


@dataclass(frozen=True)
class Call:
    """A call of `it`, `test` or `describe`.

    Attributes:
        word: `it`, `test`, `describe` or `suite`.
        marks: What follows with dots: `fails`, `each`, `skip`, `todo`.
        node: The statement that it is; the call itself where it is a part of one.
        call: The call.
        groups: The titles around it, from the outside.
    """

    word: str
    marks: tuple[str, ...]
    node: Node
    call: Node
    groups: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[Node]:
        """What it is called with."""
        given = self.call.child_by_field_name("arguments")
        if given is None or given.type != "arguments":
            return []
        return [node for node in given.named_children if node.type != "comment"]

    @cached_property
    def title(self) -> str:
        """What it is called; as it stands in the source where that holds values."""
        first = next(iter(self.arguments), None)
        value = string_of(first)
        return text_of(first).strip("`") if value is None else value

    @property
    def name(self) -> str:
        """Its title after those around it."""
        return BETWEEN.join((*self.groups, self.title))

    @property
    def body(self) -> Node | None:
        """The block of the function that it is called with."""
        function = next((node for node in self.arguments if node.type in _FUNCTIONS), None)
        return None if function is None else function.child_by_field_name("body")

    @cached_property
    def reason(self) -> str:
        """What follows `Known defect:` in the comment above; empty where none does."""
        return self.note.partition(_LEAD)[2].strip()

    @cached_property
    def note(self) -> str:
        """The comment above."""
        return " ".join(comment_text(comments_above(self.node)).split())

    @property
    def plain(self) -> bool:
        """Whether it runs under its own title, without values in it."""
        return not _FILLED.search(self.title) and self._is_text

    @property
    def _is_text(self) -> bool:
        return self.arguments[0].type in ("string", "template_string")

    @property
    def todo(self) -> bool:
        """Whether it is left to a person."""
        return "todo" in self.marks or "skip" in self.marks

    @property
    def line(self) -> int:
        """Its line, counted from 1."""
        return line_of(self.call)

    def fits(self, name: str) -> bool:
        """Whether a test that ran under this name is this one, with any values."""
        return self._pattern.fullmatch(name) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        name = self.name if self._is_text else BETWEEN.join((*self.groups, "$value"))
        parts = [re.escape(part) for part in _FILLED.split(name)]
        return re.compile(".*".join(parts), re.DOTALL)


def tests_in(path: str, source: bytes, error: type[ScaffoldError] = CheckoutError) -> list[Call]:
    """The tests of a file, in order.

    Raises:
        ScaffoldError: Of the given class, where it does not parse.
    """
    return list(tests_of(parse(path, source, error)))


def tests_of(root: Node) -> Iterator[Call]:
    """The tests below a node, in order; what stands in the body of a test is none."""
    waiting: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    while waiting:
        node, groups = waiting.pop()
        found = call_of(node, groups)
        if found is not None and found.word in TESTS:
            yield found
        elif found is not None:
            inner = (*groups, found.title)
            waiting += [(child, inner) for child in reversed(found.arguments)]
        else:
            waiting += [(child, groups) for child in reversed(node.named_children)]


def call_of(node: Node, groups: tuple[str, ...] = ()) -> Call | None:
    """The call of a test or a describe that a node is; None where it is none."""
    if node.type != "call_expression":
        return None
    word, marks = _head(node.child_by_field_name("function"))
    if word not in TESTS + GROUPS:
        return None
    above = node.parent
    alone = above is not None and above.type == "expression_statement"
    found = Call(word, marks, above if alone and above is not None else node, node, groups)
    return found if found.arguments else None


def _head(function: Node | None) -> tuple[str, tuple[str, ...]]:
    """`it` and `fails`, `each` of `it.fails.each(table)`."""
    marks: list[str] = []
    while function is not None and function.type in ("member_expression", "call_expression"):
        if function.type == "member_expression":
            marks.append(text_of(function.child_by_field_name("property")))
            function = function.child_by_field_name("object")
        else:
            function = function.child_by_field_name("function")
    is_name = function is not None and function.type == "identifier"
    return (text_of(function) if is_name else ""), tuple(reversed(marks))


def summary(path: str, source: bytes) -> str:
    """What a file is about: the first sentence of its doc comment; empty without one."""
    try:
        root = parse(path, source)
    except CheckoutError:
        return ""
    first = next(iter(root.children), None)
    is_doc = first is not None and first.type == "comment" and text_of(first).startswith("/**")
    return first_sentence(comment_text([first])) if first is not None and is_doc else ""
