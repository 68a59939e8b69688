"""The picture of the rooms in docs/architecture.md, drawn from the imports.

`python tools/picture.py` writes it; with `--check` it is red where the document has another one.
A room is a module or package below `scaffold`, and a package below one of these. An arrow is an
import of any module of one room in another, those for types and inside of functions included; one
that a longer way already shows is not drawn. A dotted arrow is a name in
a table, loaded when asked for.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp

from made_parts import with_part, write_or_compare

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = "scaffold"
SAME_ROOM = {"__main__": "cli", "checkout/state": "checkout", "proof/rules": "proof"}
Arrow = tuple[str, str]


def room_of(module: str, packages: Iterable[str]) -> str:
    """The room of a module; empty for the package itself."""
    parts = module.split(".")[1:3]
    inner = ".".join([PACKAGE, *parts])
    name = "/".join(parts if inner in packages else parts[:1])
    return SAME_ROOM.get(name, name)


def find_arrows(graph: grimp.ImportGraph) -> tuple[set[Arrow], set[Arrow]]:
    """Arrows of imports, and arrows of names in tables."""
    packages = {name for name in graph.modules if graph.find_children(name)}
    imports, tables = set(), set()
    for module in graph.modules:
        room = room_of(module, packages)
        for other in graph.find_modules_directly_imported_by(module):
            imports.add((room, room_of(other, packages)))
        for other in named_modules(module, graph.modules):
            tables.add((room, room_of(other, packages)))
    between = {(one, two) for one, two in imports | tables if one and two and one != two}
    return imports & between, (tables & between) - imports


def named_modules(module: str, modules: set[str]) -> set[str]:
    """Modules of the package that a module names in its strings."""
    place = ROOT / "src" / module.replace(".", "/")
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    words = {
        node.value.partition(":")[0].rstrip(".")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {word for word in words if word in modules and word != PACKAGE}


def reached(start: str, arrows: set[Arrow]) -> set[str]:
    """The rooms that a room leads to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        new = {two for one, two in arrows if one == here} - found
        found |= new
        waiting += new
    return found


def without_shown(arrows: set[Arrow]) -> set[Arrow]:
    """The arrows less those that a longer way already shows."""
    return {arrow for arrow in arrows if arrow[1] not in reached(arrow[0], arrows - {arrow})}


def draw() -> str:
    """The picture as a Mermaid flowchart: the highest room first."""
    imports, tables = find_arrows(grimp.build_graph(PACKAGE))
    downward = {(one, two) for one, two in tables if one not in reached(two, imports)}
    depth = heights(imports | downward)
    shown = sorted(without_shown(imports) | tables, key=lambda arrow: (-depth[arrow[0]], arrow))
    lines = [
        f"    {key(one)} {'-.->' if (one, two) in tables else '-->'} {key(two)}"
        for one, two in shown
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def key(room: str) -> str:
    """A room as Mermaid writes it."""
    return f'{room.replace("/", "_")}["{room}"]' if "/" in room else room


def heights(arrows: set[Arrow]) -> dict[str, int]:
    """How far each room is from the bottom.

    Raises:
        ValueError: Rooms import each other in a circle.
    """
    found = {room: 0 for arrow in arrows for room in arrow}
    for _ in found:
        higher = {one: found[two] + 1 for one, two in sorted(arrows) if found[two] >= found[one]}
        if not higher:
            return found
        found.update(higher)
    raise ValueError("rooms import each other in a circle; `lint-imports` names the modules")


def made(text: str) -> str:
    """The document with its picture drawn anew."""
    return with_part(text, "picture", draw())


def main() -> int:
    """Write the picture, or compare it."""
    text = made(PAGE.read_text("utf-8"))
    old = "docs/architecture.md has an old picture of the rooms: make picture"
    return write_or_compare(PAGE, text, old)


if __name__ == "__main__":
    sys.exit(main())
