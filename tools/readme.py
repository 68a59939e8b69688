"""The parts of the README that are made: numbers from the ledger, one test as it is rendered.

`python tools/readme.py` writes them; with `--check` it is red where the README says something else.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.render import render
from scaffold.languages.formatting import format_files

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
NEWEST = "003c36ae"
EXAMPLE = ("cli_main", "cli/test/test_main_keys.py", "test_a_key_of_the_shell_reaches_the_gateway")


def fits(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a whole row at the newest commit."""
    return entry["commit"] == NEWEST and "case" not in entry and not entry.get("retired")


def numbers(kit: Kit, entries: list[Mapping[str, Any]]) -> str:
    """What is built and what was proved at the newest commit of the ledger."""
    rows = [gap for gap in kit.gaps.values() if gap.state != "deprecated"]
    built = [gap for gap in rows if gap.state == "ready"]
    newest = [item for item in entries if fits(item)]
    targets = [target for item in newest for target in item["targets"]]
    killed = sum(target["killed"] or 0 for target in targets)
    viable = sum(target["viable"] or 0 for target in targets)
    tests = sum(item["generated"] for item in newest)
    defects = sum(item["known_defects"] for item in newest)
    languages = sorted({gap.language for gap in built})
    return (
        f"{len(built)} of {len(rows)} rows are built ({' and '.join(languages)}); the others are "
        f"planned and refused by name. At Plano `{NEWEST}`\nthey are {tests:,} tests, {defects} of "
        f"them strict known defects, and {killed:,} of {viable:,} mutants are killed;\n"
        "every survivor is explained ([ledger](docs/ledger.md))."
    )


def example(kit: Kit) -> str:
    """One generated test, cut from its file as it is rendered for the newest commit."""
    slug, path, name = EXAMPLE
    facts = json.loads((ROOT / "field" / "facts" / f"{NEWEST}.json").read_text("utf-8"))[slug]
    files = format_files(
        render(kit, kit.gap(slug), case_answers(kit.gap(slug), "default"), facts, "0").files
    )
    source = files[path].decode()
    node = next(item for item in ast.parse(source).body if getattr(item, "name", "") == name)
    return f"```python\n{ast.get_source_segment(source, node)}\n```"


def made(text: str) -> str:
    """The README with its made parts made anew."""
    kit = load_kit(ROOT)
    entries = json.loads((ROOT / "field" / "ledger.json").read_text("utf-8"))["entries"]
    for word, content in (("numbers", numbers(kit, entries)), ("example", example(kit))):
        part = re.compile(rf"(<!-- {word}:[^\n]*-->\n).*?(<!-- end of {word} -->)", re.DOTALL)
        text = part.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


def main() -> int:
    """Write the README, or compare it."""
    text = README.read_text("utf-8")
    new = made(text)
    if "--check" in sys.argv:
        if new != text:
            print("README.md is not what tools/readme.py makes: run it")
        return int(new != text)
    README.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
