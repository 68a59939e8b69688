"""All finished Rust rows at once on copies of real checkouts, by the checkout's own checks.

    python tools/together.py [NAME=]DIR ...     NAME is the commit

In a copy: clippy as it is, every row written in one transaction, `cargo fmt --check`, clippy again,
`cargo test --locked` of the whole workspace, a second run, undo. The results are
field/together.json, the table made of them docs/together.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from field import IGNORED, named, say, scaffold, snapshot
from renderings import ROOT
from scaffold.kit.catalog import load_kit
from scaffold.proof.cargo.build import cargo_env
from scaffold.proof.cargo.output import LibtestReader
from scaffold.system import process
from scaffold.system.caching import cache_dir
from tables import table

RESULTS = ROOT / "field" / "together.json"
TABLE = ROOT / "docs" / "together.md"
CLIPPY = ("clippy", "--locked", "--all-targets", "--all-features", "--message-format", "json")
TEST = ("test", "--locked", "--no-fail-fast")
Entry = dict[str, Any]


def main() -> int:
    """Examine every checkout that is named; 1 where one is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="+", metavar="[NAME=]DIR")
    options = parser.parse_args()
    kit = load_kit(ROOT)
    rows = [g.slug for g in kit.gaps.values() if g.state == "ready" and g.language == "rust"]
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    for given in options.checkouts:
        commit, folder = named(given)
        results[commit] = examine(rows, folder)
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        say(f"{commit}: {'; '.join(problems(results[commit])) or 'as it must be'}")
    TABLE.write_text("\n".join(document(results)) + "\n", encoding="utf-8")
    return 1 if any(problems(entry) for entry in results.values()) else 0


def examine(rows: Sequence[str], folder: Path) -> Entry:
    """What the checkout's own checks say before and after; nothing of it is changed."""
    with tempfile.TemporaryDirectory(prefix="scaffold-together-") as scratch:
        tree = Path(scratch) / "checkout"
        # With new times: the target folder is one for all checkouts, and cargo goes by times.
        shutil.copytree(folder, tree, symlinks=True, ignore=IGNORED, copy_function=shutil.copyfile)
        first = snapshot(tree)
        say(f"{folder.name}: clippy as it is")
        before = warnings(cargo(tree, *CLIPPY).stdout.splitlines())
        new = ["new", *(part for row in rows for part in ("--gap", row)), "-C", str(tree), "--json"]
        scaffold(*new)
        say(f"{folder.name}: {len(rows)} rows written; clippy and the tests")
        entry = {"rows": len(rows), **judge(tree, before)}
        second = scaffold(*new)
        scaffold("undo", "-C", str(tree), "--json")
        same, exact = not second["written"], snapshot(tree) == first
    return {**entry, "second_run_same": same, "undo_exact": exact}


def judge(tree: Path, before: Counter[str]) -> Entry:
    """fmt, clippy and the tests of the workspace with everything in it."""
    after = warnings(cargo(tree, *CLIPPY).stdout.splitlines())
    tests = cargo(tree, *TEST)
    words = outcomes(tests.stdout.splitlines())
    return {
        "formatted": cargo(tree, "fmt", "--all", "--", "--check").returncode == 0,
        "warnings": sum(before.values()),
        "new_warnings": sorted((after - before).elements()),
        "passed": words["ok"],
        "ignored": words["ignored"],
        "failed": words["FAILED"],
        "green": tests.returncode == 0,
    }


def cargo(tree: Path, *arguments: str) -> process.Completed:
    """Run cargo in the workspace, with a target folder of these runs."""
    env = cargo_env(cache_dir("together") / "target")
    return process.run(["cargo", *arguments], cwd=tree / "crates", env=env)


def warnings(lines: Iterable[str]) -> Counter[str]:
    """The warnings of clippy, as their files and words: lines move where a file gets longer."""
    found: dict[str, set[tuple[str, int]]] = {}
    for line in lines:
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") != "compiler-message":
            continue
        told = message["message"]
        for span in told["spans"]:
            if span["is_primary"] and told["level"] in ("warning", "error"):
                place = (span["file_name"], span["line_start"])
                found.setdefault(f"{span['file_name']}: {told['message']}", set()).add(place)
    # A file that several targets share is told of once for each.
    return Counter({what: len(places) for what, places in found.items()})


def outcomes(lines: Iterable[str]) -> Counter[str]:
    """How many tests of all programs came to which end."""
    reader, counts = LibtestReader(), Counter[str]()
    for line in lines:
        word = reader.feed(line)
        if word is not None:
            counts[word] += 1
    return counts


def problems(entry: Entry) -> list[str]:
    """What is not as it must be."""
    checks = {
        "cargo fmt finds something": not entry["formatted"],
        f"new warnings: {entry['new_warnings']}": bool(entry["new_warnings"]),
        f"{entry['failed']} tests are red": not entry["green"],
        "a second run writes": not entry["second_run_same"],
        "undo leaves something": not entry["undo_exact"],
    }
    return [line for line, wrong in checks.items() if wrong]


def document(results: Mapping[str, Entry]) -> list[str]:
    """docs/together.md: one line a commit."""
    header = ["commit", "rows", "fmt", "clippy", "tests passed", "ignored", "failed"]
    header += ["second run", "undo"]
    return [
        "# All Rust rows at once",
        "",
        "Made by `make together` (`tools/together.py`) from `field/together.json`; not written by",
        "hand. Clippy: its warnings before, and those that are new with all rows in. Tests: of the",
        "whole workspace, by `cargo test --locked`.",
        "",
        *table(header, (row(commit, entry) for commit, entry in sorted(results.items()))),
    ]


def row(commit: str, entry: Entry) -> list[object]:
    """The cells of a commit."""
    return [
        commit,
        entry["rows"],
        "clean" if entry["formatted"] else "not clean",
        f"{entry['warnings']}, {len(entry['new_warnings'])} new",
        *(entry[word] for word in ("passed", "ignored", "failed")),
        "same" if entry["second_run_same"] else "writes",
        "exact" if entry["undo_exact"] else "not exact",
    ]


if __name__ == "__main__":
    sys.exit(main())
