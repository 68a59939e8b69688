"""The test functions of a Rust file, and what stands above them, by parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.languages import first_sentence
from scaffold.languages.rust.symbols import DEEPEST, attributes_above
from scaffold.languages.trees import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMENT = re.compile(r"^\s*(?:///?|/\*+|\*+/|\*)\s?|\s*\*/\s*$")
_LEAD = "Known defect:"


@dataclass(frozen=True)
class RustTest:
    """A test function: its path from the file's own module on, and what stands above it."""

    name: str
    node: Node
    above: tuple[Node, ...]

    @property
    def reason(self) -> str:
        """What follows `Known defect:` in the comment above; empty where none does."""
        lines = [
            _COMMENT.sub("", line).strip()
            for item in self.above
            if item.type != "attribute_item"
            for line in text_of(item).strip().split("\n")
        ]
        return " ".join(line for line in lines if line).partition(_LEAD)[2].strip()


def summary(path: str, source: bytes) -> str:
    """What a file is about: the first sentence of its doc comment; empty without one."""
    lines = [line.strip() for line in source.decode("utf-8", "replace").splitlines()]
    doc = [line.removeprefix("//!").strip() for line in lines if line.startswith("//!")]
    return first_sentence("\n".join(doc))


def tests_of(root: Node) -> Iterator[RustTest]:
    """The test functions of a file's root, those of its inline modules included, in order."""
    waiting = [(iter(enumerate(root.children)), root.children, "")]
    while waiting:
        places, siblings, prefix = waiting[-1]
        for place, node in places:
            if node.type not in ("mod_item", "function_item"):
                continue
            name = text_of(node.child_by_field_name("name"))
            body = node.child_by_field_name("body")
            if node.type == "mod_item" and body is not None and len(waiting) <= DEEPEST:
                inner = body.children
                waiting.append((iter(enumerate(inner)), inner, f"{prefix}{name}::"))
                break
            if node.type == "function_item":
                above = tuple(attributes_above(siblings, place))
                if any(head_of(item).rpartition("::")[2] == "test" for item in attributes(above)):
                    yield RustTest(f"{prefix}{name}", node, above)
        else:
            waiting.pop()


def attributes(above: Sequence[Node]) -> list[str]:
    """The attributes among what stands above an item, without their brackets."""
    return [attribute(item) for item in above if item.type == "attribute_item"]


def attribute(item: Node) -> str:
    """`tokio::test(flavor = "…")` of `#[tokio::test(flavor = "…")]`; empty for a comment."""
    return text_of(item)[2:-1].strip() if item.type == "attribute_item" else ""


def head_of(attribute: str) -> str:
    """The path that an attribute begins with."""
    return re.split(r"[\s(=]", attribute, maxsplit=1)[0]
