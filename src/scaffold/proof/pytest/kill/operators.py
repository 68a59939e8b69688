"""Operators that break a Python source at one place each: the set of cosmic-ray 8.7, by its names.

parso gives the places: it knows each byte's line and column, in f-strings as well, on any Python.
Why these are ours: docs/decisions/mutation-operators.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parso import parse
from parso.tree import BaseNode, Leaf, NodeOrLeaf

BINARY = {
    "+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "//": "FloorDiv", "%": "Mod", "**": "Pow",
    ">>": "RShift", "<<": "LShift", "|": "BitOr", "&": "BitAnd", "^": "BitXor",
}  # fmt: skip
NOT_BINARY = frozenset({"factor", "argument", "star_expr", "import_from", "param"})
"""What an operator that stands between no two values is a part of."""
COMPARISON = {
    "==": "Eq", "!=": "NotEq", "<": "Lt", "<=": "LtE", ">": "Gt", ">=": "GtE",
    "is": "Is", "is not": "IsNot",
}  # fmt: skip
IDENTITY = frozenset({"is", "is not"})
"""Nothing becomes one of these: on interned strings and small integers no test could tell."""
UNARY = {"+": "UAdd", "-": "USub", "~": "Invert", "not": "Not"}
KEYWORDS = {
    "True": ("ReplaceTrueWithFalse", "False"),
    "False": ("ReplaceFalseWithTrue", "True"),
    "and": ("ReplaceAndWithOr", "or"),
    "or": ("ReplaceOrWithAnd", "and"),
    "break": ("ReplaceBreakWithContinue", "continue"),
    "continue": ("ReplaceContinueWithBreak", "break"),
}
CONDITION = {"if_stmt": 1, "while_stmt": 1, "assert_stmt": 1, "test": 2}
"""Kind of a node -> which of its children is a condition."""
REPLACED: dict[str, tuple[str, int | None, str]] = {
    "for_stmt": ("ZeroIterationForLoop", 3, " []"),
    "decorator": ("RemoveDecorator", None, ""),
}
"""Kind of a node -> the operator, which of its children goes (all of it: None), and for what."""
RAISED_BY_NOBODY = "CosmicRayTestingException"


@dataclass(frozen=True)
class Edit:
    """One change of a text.

    Attributes:
        operator: The name of the operator.
        line: Where the mutated code is, from 1.
        column: Its column, from 0.
        start: The first character that goes.
        end: The first one after it that stays.
        text: What stands there instead.
    """

    operator: str
    line: int
    column: int
    start: int
    end: int
    text: str


def edits_of(source: str) -> list[Edit]:
    """Every edit of a source, operator by operator in the order of the text."""
    tree = parse(source)
    places = _Places(tree)
    found = [edit for node in _nodes(tree) for edit in _edits(node, places)]
    return sorted(found, key=lambda edit: edit.operator)


class _Places:
    """Where each leaf stands in the text: its first character, and that of its prefix."""

    def __init__(self, tree: BaseNode) -> None:
        self._starts: dict[int, int] = {}
        at = 0
        for node in _nodes(tree):
            if isinstance(node, Leaf):
                self._starts[id(node)] = at + len(node.prefix)
                at += len(node.prefix) + len(node.value)

    def replaced(self, name: str, node: NodeOrLeaf, text: str, *, whole: bool = False) -> Edit:
        """A node replaced; if `whole`, with the space and the comments before it."""
        first, last = node.get_first_leaf(), node.get_last_leaf()
        start = self._starts[id(first)] - (len(first.prefix) if whole else 0)
        end = self._starts[id(last)] + len(last.value)
        return Edit(name, *node.start_pos, start, end, text)

    def negated(self, node: NodeOrLeaf) -> Edit:
        """`not` before a condition."""
        first = node.get_first_leaf()
        start = self._starts[id(first)] - len(first.prefix)
        return Edit("AddNot", *node.start_pos, start, start, " not")


def _nodes(node: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    """A node and all below it, in the order of the text."""
    todo = [node]
    while todo:
        found = todo.pop()
        yield found
        if isinstance(found, BaseNode):
            todo += reversed(found.children)


def _edits(node: NodeOrLeaf, places: _Places) -> Iterator[Edit]:
    if isinstance(node, Leaf):
        yield from _leaf_edits(node, places)
    elif isinstance(node, BaseNode):
        children = node.children
        if node.type in CONDITION:
            yield places.negated(children[CONDITION[node.type]])
        elif node.type in REPLACED:
            name, at, text = REPLACED[node.type]
            yield places.replaced(name, node if at is None else children[at], text, whole=True)
        elif node.type == "comparison":
            yield from _comparisons(children, places)
        elif node.type in ("factor", "not_test"):
            yield from _unary(children[0], places)
        elif node.type == "except_clause":
            for leaf in _caught(children[1]):
                yield places.replaced("ExceptionReplacer", leaf, RAISED_BY_NOBODY)


def _leaf_edits(leaf: Leaf, places: _Places) -> Iterator[Edit]:
    if leaf.type == "keyword" and leaf.value in KEYWORDS:
        yield places.replaced(KEYWORDS[leaf.value][0], leaf, KEYWORDS[leaf.value][1])
    elif leaf.type == "number":
        for offset in (1, -1):
            try:
                text = f" {ast.literal_eval(leaf.value) + offset}"
            except (SyntaxError, ValueError):  # too many digits to be written
                continue
            yield places.replaced("NumberReplacer", leaf, text, whole=True)
    elif leaf.type == "operator" and leaf.value in BINARY and _is_binary(leaf):
        for sign, name in BINARY.items():
            if sign != leaf.value:
                operator = f"ReplaceBinaryOperator_{BINARY[leaf.value]}_{name}"
                yield places.replaced(operator, leaf, sign)


def _is_binary(leaf: Leaf) -> bool:
    parent = leaf.parent
    if parent is None or parent.type in NOT_BINARY:
        return False
    # A union as the annotation of a variable.
    above = parent.parent
    annotation = parent.type == "expr" and above is not None and above.type == "annassign"
    return not (leaf.value == "|" and annotation)


def _comparisons(children: Sequence[NodeOrLeaf], places: _Places) -> Iterator[Edit]:
    for sign, right in zip(children[1::2], children[2::2], strict=True):
        before = sign.get_code().strip()
        is_none = right.type == "keyword" and right.get_code().strip() == "None"
        if before not in COMPARISON or is_none:  # with None all that is left is `is`
            continue
        for after, name in COMPARISON.items():
            if after != before and after not in IDENTITY:
                operator = f"ReplaceComparisonOperator_{COMPARISON[before]}_{name}"
                yield places.replaced(operator, sign, f" {after}", whole=True)


def _unary(sign: NodeOrLeaf, places: _Places) -> Iterator[Edit]:
    before = sign.get_code(include_prefix=False)
    if before not in UNARY:
        return
    if before != "+":  # `+1` for `1` changes nothing
        yield places.replaced(f"ReplaceUnaryOperator_Delete_{UNARY[before]}", sign, "")
    for after, name in UNARY.items():
        if before != "not" and after != before:  # `not` is taken away, never replaced
            text = "not " if after == "not" else after
            yield places.replaced(f"ReplaceUnaryOperator_{UNARY[before]}_{name}", sign, text)


def _caught(clause: NodeOrLeaf) -> list[Leaf]:
    """What an `except` names, as far as it is plain names; of `a.B` the dot, which breaks it."""
    if clause.type == "name":
        inside = [clause]
    else:
        listed = getattr(clause, "children", [clause, clause])[1]
        inside = getattr(listed, "children", [listed] if listed.type == "name" else [])[::2]
    return [item for item in inside if isinstance(item, Leaf)]
