"""Rust sources by tree-sitter: the one door to it, and the symbols of a file.

The names are those of the other languages: `Type.method`, `Type.field`, `Enum.Variant`,
`module.function`. tree-sitter reads on where a file is broken, so only an error between items,
which may hide one, is refused; what a macro hides is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.languages import Symbols
from scaffold.languages.trees import text_of, whole
from scaffold.system.invocation import quoted
from scaffold.system.reading import decoded, parsing

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

ITEMS = {
    "function_item": "function",
    "function_signature_item": "function",
    "struct_item": "struct",
    "union_item": "struct",
    "enum_item": "enum",
    "trait_item": "trait",
    "type_item": "type",
    "associated_type": "type",
    "const_item": "constant",
    "static_item": "constant",
    "mod_item": "module",
    "macro_definition": "macro",
}
"""Node type of a named item -> `kind` of its symbol."""
DEEPEST = 100
"""How deep modules may stand in each other: each name holds those of all that are around it."""
_MEMBERS = {"field_declaration": "field", "enum_variant": "variant"}
_CONTAINERS = ("impl_item", "trait_item", "mod_item", "struct_item", "union_item", "enum_item")


def check_syntax(path: str, source: bytes) -> None:
    """Parse a file.

    Raises:
        CheckoutError: It does not parse, or is not UTF-8.
    """
    decoded(path, source)
    parse(path, source)


def find_symbols(path: str, source: bytes) -> Symbols:
    """Functions, types with their methods, fields and variants, constants, modules and uses.

    Raises:
        CheckoutError: Text between the items does not parse, or the file is not UTF-8.
    """
    decoded(path, source)
    root = parse(path, source)
    found: Symbols = {}
    with parsing(path, source):
        _collect(found, root)
    return found


def parse(
    path: str, source: bytes, error: type[ScaffoldError] = CheckoutError, hint: str = ""
) -> Node:
    """The root of a file's tree.

    Raises:
        ScaffoldError: Of the given class, where text between the items does not parse.
    """
    root = _parser().parse(source).root_node
    return whole(root, path, error, hint or f"rustfmt --check {quoted(path)}")


def attributes_of(item: Node) -> list[Node]:
    """The attributes and comments that stand right above an item, from the top."""
    siblings = item.parent.children if item.parent is not None else [item]
    return attributes_above(siblings, siblings.index(item))


def attributes_above(siblings: Sequence[Node], place: int) -> list[Node]:
    """The same of the item in this place among its siblings, for a caller that has them.

    A node of tree-sitter finds its neighbour only by counting from the first one.
    """
    found: list[Node] = []
    below = siblings[place]
    for number in range(place - 1, -1, -1):
        above = siblings[number]
        if above.type not in ("attribute_item", "line_comment", "block_comment"):
            break
        gap = below.start_point[0] - _last_row(above)
        # A comment that shares its line with code belongs to that.
        shares = number > 0 and _last_row(siblings[number - 1]) == above.start_point[0]
        if above.type != "attribute_item" and (gap > 1 or shares or _is_inner(above)):
            break
        found.append(above)
        below = above
    return found[::-1]


@cache
def _parser() -> Parser:
    import tree_sitter_rust
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_rust.language()))


def _collect(found: Symbols, root: Node) -> None:
    # Frames of our own: a file may nest deeper than Python's stack.
    frames = [(iter(enumerate(root.children)), root.children, "")]
    while frames:
        places, siblings, prefix = frames[-1]
        for place, node in places:
            body, within = _add(found, node, siblings, place, prefix)
            if body is not None and len(frames) > DEEPEST:
                raise RecursionError
            if body is not None:
                frames.append((iter(enumerate(body.children)), body.children, within))
                break
        else:
            frames.pop()


def _add(
    found: Symbols, node: Node, siblings: Sequence[Node], place: int, prefix: str
) -> tuple[Node | None, str]:
    """Put in what a node declares; the body in it that declares more, with its prefix."""
    if node.type == "use_declaration":
        public = is_public(node)
        for bound in _bound(node.child_by_field_name("argument")):
            found.setdefault(prefix + bound, {"kind": "import", "public": public})
    elif node.type == "impl_item":
        return _body(node), f"{prefix}{type_name(node)}."
    elif node.type == "foreign_mod_item":
        return _body(node), prefix
    elif node.type in ITEMS or node.type in _MEMBERS:
        name = text_of(node.child_by_field_name("name"))
        # A `cfg` may give a name twice; the first one stands.
        if prefix + name not in found:
            found[prefix + name] = _symbol(node, attributes_above(siblings, place))
        if node.type in _CONTAINERS:
            return _body(node), f"{prefix}{name}."
    return None, prefix


def _body(node: Node) -> Node | None:
    body = node.child_by_field_name("body")
    return None if body is None or body.type == "ordered_field_declaration_list" else body


def _symbol(node: Node, above: Sequence[Node]) -> dict[str, Any]:
    attributes = [a for a in above if a.type == "attribute_item"]
    symbol: dict[str, Any] = {
        "kind": ITEMS.get(node.type) or _MEMBERS[node.type],
        "public": is_public(node),
        "attributes": [" ".join(text_of(a).split())[2:-1] for a in attributes],
    }
    if symbol["kind"] == "function":
        symbol["async"] = "async" in modifiers(node)
        symbol["params"] = list(_params(node))
        symbol["returns"] = text_of(node.child_by_field_name("return_type"))
        symbol["locals"] = sorted(set(_locals(node.child_by_field_name("body"))))
    return symbol


def _params(function: Node) -> Iterator[str]:
    parameters = function.child_by_field_name("parameters")
    for node in parameters.named_children if parameters is not None else ():
        if node.type == "self_parameter":
            yield "self"
        elif node.type == "parameter":
            yield text_of(node.child_by_field_name("pattern"))
        elif node.type == "variadic_parameter":
            yield "..."


def _locals(body: Node | None) -> Iterator[str]:
    """The names that `let` binds in a body."""
    waiting = [] if body is None else list(body.named_children)
    while waiting:
        node = waiting.pop()
        if node.type in ("let_declaration", "let_condition"):
            pattern = node.child_by_field_name("pattern")
            names = re.findall(r"\b[a-z_]\w*\b", text_of(pattern))
            yield from (name for name in names if name not in ("mut", "ref"))
        waiting += node.named_children


def _bound(argument: Node | None) -> Iterator[str]:
    """The names that a `use` binds; a glob binds none that are known."""
    waiting = [] if argument is None else [(argument, "")]
    while waiting:
        node, of = waiting.pop()
        match node.type:
            case "identifier":
                yield text_of(node)
            case "self":
                yield of or text_of(node)
            case "scoped_identifier":
                yield text_of(node.child_by_field_name("name"))
            case "use_as_clause":
                yield text_of(node.child_by_field_name("alias"))
            case "scoped_use_list":
                path, inner = (node.child_by_field_name(name) for name in ("path", "list"))
                if inner is not None:
                    waiting.append((inner, text_of(path).rpartition("::")[2]))
            case "use_list":
                waiting += [(child, of) for child in reversed(node.named_children)]
            case _:
                pass


def type_name(impl: Node) -> str:
    """`Bar` of `impl<T> Foo for a::Bar<T>`."""
    node = impl.child_by_field_name("type")
    while node is not None and node.type in ("generic_type", "reference_type"):
        node = node.child_by_field_name("type")
    if node is not None and node.type == "scoped_type_identifier":
        node = node.child_by_field_name("name")
    return text_of(node)


def modifiers(function: Node) -> list[str]:
    """`async`, `const`, `unsafe` and the like of a function."""
    words = next((c for c in function.children if c.type == "function_modifiers"), None)
    return text_of(words).split()


def is_public(node: Node) -> bool:
    """Whether an item has a visibility."""
    return any(child.type == "visibility_modifier" for child in node.children)


def _is_inner(comment: Node) -> bool:
    return text_of(comment).startswith(("//!", "/*!"))


def _last_row(node: Node) -> int:
    # A doc comment holds its line end.
    row, column = node.end_point
    return int(row) - 1 if column == 0 and row > node.start_point[0] else int(row)
