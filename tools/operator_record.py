"""Record what cosmic-ray makes of sources, for the test of our operators; takes some minutes.

cosmic-ray is not among our dependencies: pip install cosmic-ray==8.7.0 first.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

RECORD = Path("tests/testdata/operators.json")
SOURCES = Path("tests/testdata/operators")


def mutated(source: str) -> list[tuple[str, str]]:
    """Operator and whole mutated source of everything that its operators without arguments make."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    found = []
    nodes = list(ast_nodes(get_ast(source)))
    for name in plugins.operator_names():
        operator_class = plugins.get_operator(name)
        if operator_class.arguments():
            continue
        operator = operator_class()
        count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
        for occurrence in range(count):
            try:
                text = mutate_code(source, operator, occurrence)
            except AttributeError:  # `a.B` in `except (a.B, C):`: it gives up
                continue
            found.append((name.split("/")[1], text))
    return found


def digest(found: list[tuple[str, str]]) -> list[object]:
    """How many there are, and a hash of all of them, in any order."""
    lines = sorted(f"{name} {hashlib.sha256(text.encode()).hexdigest()}" for name, text in found)
    return [len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()]


def sources(small: Path = SOURCES) -> dict[str, str]:
    """The small sources, and those of the release of planoai that the tests install."""
    import planoai

    folder = Path(planoai.__file__).parent
    places = {f"planoai/{path.name}": path for path in folder.glob("*.py")}
    places |= {path.name: path for path in small.glob("*.py")}
    return {name: path.read_text("utf-8") for name, path in sorted(places.items())}


def main() -> None:
    """Write the record, without what becomes `is`, which we leave out."""
    record = {}
    for name, source in sources().items():
        kept = [item for item in mutated(source) if not item[0].endswith(("_Is", "_IsNot"))]
        record[name] = digest(kept)
        print(name, record[name], flush=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
