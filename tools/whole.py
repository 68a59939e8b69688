"""All finished gaps at once on a real checkout: `new --all --kind gap`, then `verify --all`, timed.

    python tools/whole.py run [NAME=]DIR ... [--python EXE]   NAME is the commit
    python tools/whole.py table                               docs/whole.md anew

In a copy: everything is written in one transaction and proved in one run (without mutants), a
second `new` writes nothing, and `undo` brings back every byte. What the tests need of npm is
installed between the two, and counts for neither. The results are field/whole.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from entries import Entry
from field import IGNORED, FieldError, installed, named, say, scaffold, snapshot, without_proofs
from renderings import ROOT
from scaffold.kit.catalog import Gap, Kit, load_kit
from tables import table

RESULTS = ROOT / "field" / "whole.json"
TABLE = ROOT / "docs" / "whole.md"
COUNTS = ("passed", "known_defects", "todo")


def main() -> int:
    """Run one of the two; 1 where a gap is red."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    options = parser.parse_intermixed_args()
    kit, results = load_kit(ROOT), read_results()
    for given in options.checkouts if options.action == "run" else ():
        commit, folder = named(given)
        results[commit] = examine(kit, folder, options.python)
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    TABLE.write_text("\n".join(document(results)) + "\n", encoding="utf-8")
    return 1 if any(red(entry) for entry in results.values()) else 0


def read_results() -> dict[str, Entry]:
    """What was found, by commit."""
    if not RESULTS.is_file():
        return {}
    found: dict[str, Entry] = json.loads(RESULTS.read_text("utf-8"))
    return found


def examine(kit: Kit, folder: Path, python: str | None) -> Entry:
    """What both commands did on a copy, and how long each took.

    Raises:
        FieldError: A second run writes, or undo leaves something.
    """
    new = ["new", "--all", "--kind", "gap", "--json"]
    with tempfile.TemporaryDirectory(prefix="scaffold-whole-") as scratch:
        tree = Path(scratch) / "checkout"
        shutil.copytree(folder, tree, symlinks=True, ignore=IGNORED)
        first = snapshot(tree)
        written, new_s = timed(*new, "-C", str(tree))
        after = snapshot(tree)
        say(f"{folder.name}: written in {new_s:.1f} s")
        with installed(_of_npm(kit), tree):
            proof, verify_s = timed(*_verify(tree, python), accept=(0, 6))
        say(f"{folder.name}: proved in {verify_s:.0f} s")
        same = not scaffold(*new, "-C", str(tree))["written"]
        if not same or without_proofs(snapshot(tree)) != after:
            raise FieldError(f"{folder.name}: a second run is not the same")
        scaffold("undo", "-C", str(tree), "--json")
        if snapshot(tree) != first:
            raise FieldError(f"{folder.name}: undo is not exact")
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "files": len(written["changes"]),
        "new_s": round(new_s, 1),
        "verify_s": round(verify_s),
        "rows": [summary(outcome) for outcome in proof["outcomes"]],
    }


def timed(*words: str, accept: Sequence[int] = (0,)) -> tuple[Any, float]:
    """The document that a command prints, and the seconds it took."""
    began = time.monotonic()
    found = scaffold(*words, accept=accept)
    return found, time.monotonic() - began


def summary(outcome: Mapping[str, Any]) -> Entry:
    """Of the proof of a gap what is shown."""
    return {key: outcome[key] for key in ("gap", "verdict", *COUNTS)}


def red(entry: Entry) -> list[str]:
    """The gaps that are not as declared."""
    good = ("green", "proved")
    return [row["gap"] for row in entry["rows"] if row["verdict"] not in good]


def document(results: Mapping[str, Entry]) -> list[str]:
    """docs/whole.md: both times of each commit, and each row of it."""
    header = ["commit", "gaps", "files", "new", "verify", "tests passed", "known defects", "red"]
    return [
        "# All gaps in one go",
        "",
        "Made by `make whole` (`tools/whole.py`) from `field/whole.json`; not written by hand.",
        "`scaffold new --all --kind gap`, then `scaffold verify --all`: the checkout's own rules",
        "included, no mutants; builds that an earlier run kept are used. Seconds of one run on the",
        "machine that is named.",
        "Afterwards a second `new` wrote nothing, and `undo` brought back every byte.",
        "",
        *table(header, (_row(commit, results[commit]) for commit in sorted(results))),
        "",
        *(f"- {commit}: {results[commit]['machine']}." for commit in sorted(results)),
    ]


def _row(commit: str, entry: Entry) -> list[object]:
    total = {key: sum(row[key] for row in entry["rows"]) for key in COUNTS}
    seconds = [f"{entry['new_s']} s", f"{entry['verify_s']} s"]
    counts = [total["passed"], total["known_defects"]]
    return [
        *(commit, len(entry["rows"]), entry["files"], *seconds, *counts),
        ", ".join(red(entry)) or "none",
    ]


def _verify(tree: Path, python: str | None) -> list[str]:
    return ["verify", "--all", "-C", str(tree), "--json", *(["--python", python] if python else [])]


def _of_npm(kit: Kit) -> Gap:
    """The row whose packages npm installs."""
    return next(gap for gap in kit.gaps.values() if gap.run and gap.run.runner == "vitest")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FieldError as error:
        sys.exit(f"error: {error}")
