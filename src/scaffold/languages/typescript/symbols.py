"""The symbols of a TypeScript file: functions, classes, types, and components with their props.

The names are those of the other languages: `Class.method`, `Type.field`. What `export { name }`
hands out below its declaration counts as exported, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scaffold.languages import Symbols
from scaffold.languages.trees import text_of, within
from scaffold.languages.typescript.syntax import parse, string_of
from scaffold.system.reading import decoded, parsing

if TYPE_CHECKING:
    from tree_sitter import Node

KINDS = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
}
"""Node type of a declaration -> `kind` of its symbol."""
FUNCTIONS = ("arrow_function", "function_expression", "function_declaration", "generator_function")
_JSX = ("jsx_element", "jsx_self_closing_element", "jsx_fragment")
_FIELDS = ("property_signature", "public_field_definition", "method_signature")


def check_syntax(path: str, source: bytes) -> None:
    """Parse a file.

    Raises:
        CheckoutError: It does not parse, or is not UTF-8.
    """
    decoded(path, source)
    parse(path, source)


def find_symbols(path: str, source: bytes) -> Symbols:
    """Functions, components, classes with their members, constants, types and imports.

    A component is a function with `component`; `props` are the names that it takes.

    Raises:
        CheckoutError: Text between the statements does not parse, or the file is not UTF-8.
    """
    decoded(path, source)
    with parsing(path, source):
        return _Reader(parse(path, source)).found


class _Reader:
    """All that a file declares, and what it hands out."""

    def __init__(self, root: Node) -> None:
        self.found: Symbols = {}
        self.exported: dict[str, str] = {}
        for node in root.named_children:
            self._statement(node)
        for name, outside in self.exported.items():
            symbol = self.found.setdefault(name, {"kind": "export"})
            symbol["public"] = True
            if outside != name:
                symbol["exported_as"] = outside
        for name, symbol in self.found.items():
            if symbol.get("component"):
                symbol["props"] = sorted(self._props(symbol.pop("takes")))
                symbol["public"] = bool(self.found[name]["public"])

    def _statement(self, node: Node) -> None:
        if node.type == "import_statement":
            for name in _imported(node):
                self.found.setdefault(name, {"kind": "import", "public": False})
        elif node.type == "export_statement":
            self._export(node)
        else:
            self._declare(node, public=False)

    def _export(self, node: Node) -> None:
        declared = node.child_by_field_name("declaration")
        default = any(child.type == "default" for child in node.children)
        if declared is not None:
            for name in self._declare(declared, public=True):
                if default:
                    self.found[name]["exported_as"] = "default"
        elif default and (value := node.child_by_field_name("value")) is not None:
            if value.type == "identifier":
                self.exported[text_of(value)] = "default"
            else:
                self.found["default"] = {**_value(value), "public": True}
        for one in within(node) if declared is None else ():
            if one.type == "export_specifier":
                name = text_of(one.child_by_field_name("name"))
                self.exported[name] = text_of(one.child_by_field_name("alias")) or name

    def _declare(self, node: Node, *, public: bool) -> list[str]:
        """Put in what a statement declares; the names."""
        names = []
        for name, symbol, inner in _declared(node):
            names.append(name)
            # Of overloads the first one stands.
            self.found.setdefault(name, {**symbol, "public": public})
            for member, facts in inner:
                self.found.setdefault(f"{name}.{member}", {**facts, "public": public})
        return names

    def _props(self, given: Node | None) -> set[str]:
        """The names of the props: those taken apart, and those of a type of this file."""
        if given is None:
            return set()
        names = set()
        for node in within(given):
            if node.type == "shorthand_property_identifier_pattern":
                names.add(text_of(node))
            elif node.type == "pair_pattern":
                names.add(text_of(node.child_by_field_name("key")))
            elif node.type == "property_signature":
                names.add(_key(node))
            elif node.type == "type_identifier":
                lead = f"{text_of(node)}."
                names |= {name.removeprefix(lead) for name in self.found if name.startswith(lead)}
        return names


_Declared = tuple[str, dict[str, Any], list[tuple[str, dict[str, Any]]]]


def _declared(node: Node) -> Iterator[_Declared]:
    if node.type in ("lexical_declaration", "variable_declaration"):
        for one in node.named_children:
            bound = one.child_by_field_name("name")
            if bound is not None and bound.type == "identifier":
                yield text_of(bound), _value(one.child_by_field_name("value"), one), []
            for part in within(bound) if bound is not None else ():
                if part.type == "shorthand_property_identifier_pattern":
                    yield text_of(part), {"kind": "constant"}, []
    elif node.type == "ambient_declaration":
        for child in node.named_children:
            yield from _declared(child)
    elif node.type in KINDS:
        kind, name = KINDS[node.type], text_of(node.child_by_field_name("name"))
        symbol = _function(node) if kind == "function" else {"kind": kind}
        yield name or "default", symbol, list(_members(node))


def _value(value: Node | None, declarator: Node | None = None) -> dict[str, Any]:
    """What a constant is: a function, a component that a call wraps, or a plain value."""
    function = value
    while function is not None and function.type == "call_expression":
        given = function.child_by_field_name("arguments")
        called = text_of(function.child_by_field_name("function")).rpartition(".")[2]
        first = given.named_children[:1] if given is not None else []
        function = first[0] if first and called in ("forwardRef", "memo", "observer") else None
    if function is None or function.type not in FUNCTIONS:
        return {"kind": "constant"}
    return _function(function, declarator)


def _function(node: Node, declarator: Node | None = None) -> dict[str, Any]:
    name = text_of((declarator or node).child_by_field_name("name"))
    taken = _parameters(node)
    symbol: dict[str, Any] = {
        "kind": "function",
        "async": any(child.type == "async" for child in node.children),
        "params": [
            " ".join(text_of(one.child_by_field_name("pattern") or one).split()) for one in taken
        ],
        "returns": text_of(node.child_by_field_name("return_type")).removeprefix(":").strip(),
    }
    body = node.child_by_field_name("body")
    makes_jsx = body is not None and any(one.type in _JSX for one in within(body))
    if makes_jsx and name[:1].isupper():
        symbol |= {"component": True, "takes": taken[0] if taken else None}
    return symbol


def _parameters(node: Node) -> list[Node]:
    only = node.child_by_field_name("parameter")
    given = node.child_by_field_name("parameters")
    if only is not None or given is None:
        return [only] if only is not None else []
    return [one for one in given.named_children if one.type != "comment"]


def _members(node: Node) -> Iterator[tuple[str, dict[str, Any]]]:
    body = node.child_by_field_name("body")
    if node.type == "type_alias_declaration":
        body = node.child_by_field_name("value")
    for child in body.named_children if body is not None else ():
        if child.type == "method_definition":
            yield _key(child), _function(child)
        elif child.type in _FIELDS:
            yield _key(child), {"kind": "field"}
        elif node.type == "enum_declaration":
            yield _key(child) or text_of(child), {"kind": "variant"}


def _key(node: Node) -> str:
    name = node.child_by_field_name("name")
    value = string_of(name)
    return text_of(name) if value is None else value


def _imported(node: Node) -> Iterator[str]:
    for one in within(node):
        if one.type == "import_specifier":
            alias = one.child_by_field_name("alias") or one.child_by_field_name("name")
            yield text_of(alias)
        elif one.type in ("namespace_import", "import_clause"):
            yield from (text_of(child) for child in one.children if child.type == "identifier")
