"""The made parts of the README: numbers from the ledger, one test as rendered, one red run.

`python tools/readme.py` writes them; with `--check` it is red where the README has something else.
The red run takes half a minute, so `--check` leaves it to tests/cli/test_readme.py.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entries import distinct
from made_parts import with_part, write_or_compare
from release_trees import release_tree
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.render import render
from scaffold.languages.formatting import format_files

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
NEWEST = "003c36ae"
RELEASE = "0.4.8"
"""The release whose dependencies are installed beside us."""
RELEASE_COMMIT = "baeee56f"
"""The commit that has the Python files of this release."""
BROKEN = (
    "cli/planoai/main.py",
    "env_stage[access_key] = env.get(access_key)",
    'env_stage[access_key] = ""',
)
EXAMPLE = ("cli_main", "cli/test/test_main_keys.py", "test_up_takes_a_key_from_the_shell")


def fits(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a whole row at the newest commit."""
    return entry["commit"] == NEWEST and "case" not in entry and not entry.get("retired")


def numbers(kit: Kit, entries: list[Mapping[str, Any]]) -> str:
    """What is built and what was proved at the newest commit of the ledger."""
    rows = [gap for gap in kit.gaps.values() if gap.state != "deprecated"]
    built = [gap for gap in rows if gap.state == "ready"]
    early = [gap for gap in rows if gap.state == "unproven"]
    proved = {gap.slug for gap in built}
    newest = [item for item in entries if fits(item) and item["gap"] in proved]
    targets = [(dict(item), target) for item in newest for target in item["targets"]]
    killed = sum(target["killed"] or 0 for _, target in targets)
    viable = sum(distinct(item, target) for item, target in targets)
    tests = sum(item["generated"] for item in newest)
    defects = sum(item["known_defects"] for item in newest)
    *first, last = sorted({gap.language for gap in built})
    languages = f"{', '.join(first)} and {last}" if first else last
    left = len(rows) - len(built) - len(early)
    others = " The others are planned and refused by name." if left else ""
    return (
        f"{len(built)} of {len(rows)} rows are built and proved ({languages}).\n"
        f"{len(early)} more are built, but not proved on every commit yet: `--gap` writes them, "
        f"`--all` leaves them out.{others}\n"
        f"At Plano `{NEWEST}` the proved ones are {tests:,} tests, {defects} of them strict known "
        f"defects. They kill\n{killed:,} of the {viable:,} mutants that a test can tell apart; "
        "each survivor is explained. These are the numbers\nof the last measurement: the "
        "[ledger](docs/ledger.md) marks a row that changed since as stale."
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


def red_run() -> str:
    """What was broken in a released package, and what `verify` prints then; seconds left out."""
    path, old, new = BROKEN
    with tempfile.TemporaryDirectory() as name:
        tree = release_tree(RELEASE, Path(name) / "plano")
        _scaffold("new", "--gap", EXAMPLE[0], "-C", str(tree))
        before = (tree / path).read_text("utf-8")
        after = before.replace(old, new)
        (tree / path).write_text(after, "utf-8")
        told = _scaffold("verify", EXAMPLE[0], "-C", str(tree), "--python", sys.executable)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, "", "", 0, "")
    change = [line[0] + " " + line[1:].strip() for line in lines if line[0] in "+-"][2:]
    shown = re.sub(r"; \d+ were there before; [\d.]+ s\)", ")", told.strip())
    command = f"$ scaffold verify {EXAMPLE[0]}"
    where = f"At Plano `{RELEASE_COMMIT}` (planoai {RELEASE}):"
    return "\n".join([where, "```diff", *change, "```", "```text", command, shown, "```"])


def _scaffold(*words: str) -> str:
    argv = [sys.executable, "-P", "-m", "scaffold", *words]
    kept = {name: value for name, value in os.environ.items() if name != "SCAFFOLD_KIT"}
    return subprocess.run(argv, env=kept, capture_output=True, text=True, check=False).stdout


def made(text: str, *, whole: bool) -> str:
    """The README with its made parts made anew; the red run only where the whole is asked for."""
    kit = load_kit(ROOT)
    entries = json.loads((ROOT / "field" / "ledger.json").read_text("utf-8"))["entries"]
    parts = [("numbers", numbers(kit, entries)), ("example", example(kit))]
    parts += [("red run", red_run())] if whole else []
    for word, content in parts:
        text = with_part(text, word, content)
    return text


def main() -> int:
    """Write the README, or compare it."""
    text = made(README.read_text("utf-8"), whole="--check" not in sys.argv)
    old = "README.md has old numbers or an old example: python tools/readme.py"
    return write_or_compare(README, text, old)


if __name__ == "__main__":
    sys.exit(main())
