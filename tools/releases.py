"""The Python rows on released versions of planoai: written, run, written again, taken back.

    python tools/releases.py [VERSION ...]      default: every release that the index has

Each release is unpacked into a tree and installed in an environment of its own below .cache/; the
suite is what a person types there. A result is kept by the content of what was written, so a
release that gets the same tests as before is not run again. The results are
field/releases.json, the table made of them docs/releases.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from field import FieldError, say, scaffold, snapshot
from release_trees import CACHE, release_tree, released_versions
from tables import table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "field" / "releases.json"
TABLE = ROOT / "docs" / "releases.md"
BULK = ("new", "--all", "--kind", "gap", "--language", "python")
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")
Entry = dict[str, Any]


def main() -> int:
    """Run the releases that are named, or all; 1 where one is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--again", action="store_true", help="run what is known as well")
    options = parser.parse_args()
    results = read_results()
    for version in options.versions or released_versions():
        earlier = {} if options.again else results.get(version, {})
        entry = examine(version, earlier)
        results[version] = entry
        write_results(results)
        say(f"planoai {version}: {verdict(entry)}")
    TABLE.write_text("\n".join(document(results)) + "\n", encoding="utf-8")
    return 1 if any(entry["problems"] for entry in results.values()) else 0


def examine(version: str, earlier: Entry) -> Entry:
    """The entry of one release; what went wrong is told in it, and the next one goes on."""
    with tempfile.TemporaryDirectory(prefix="scaffold-release-") as scratch:
        tree = release_tree(version, Path(scratch) / "tree")
        try:
            return measure(version, tree, earlier)
        except FieldError as error:
            return {"gaps": {}, "retired": [], "tests": {}, "problems": [str(error)]}


def measure(version: str, tree: Path, earlier: Entry) -> Entry:
    """new, suite, new once more, undo."""
    first = snapshot(tree)
    plan = scaffold(*BULK, "-C", str(tree), "--json")
    entry: Entry = {
        "gaps": {item["gap"]: item["digest"] for item in plan["gaps"]},
        "retired": [item["gap"] for item in plan["skipped"]],
    }
    if earlier.get("gaps") == entry["gaps"] and not earlier["problems"]:
        return earlier
    written = snapshot(tree)
    tests, problems = run_suite(version, tree) if plan["gaps"] else ({}, [])
    again = scaffold(*BULK, "-C", str(tree), "--json")
    if again["written"] or snapshot(tree) != written:
        problems.append("the second run is not the same")
    if plan["gaps"]:
        scaffold("undo", "-C", str(tree), "--json")
    if snapshot(tree) != first:
        problems.append("undo is not exact")
    return {**entry, "tests": tests, "problems": problems}


def run_suite(version: str, tree: Path) -> tuple[dict[str, int], list[str]]:
    """What a person types in `cli/`, with that release installed: counts, and what is red."""
    done = subprocess.run(
        [str(interpreter(version)), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test"],
        cwd=tree / "cli",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    red = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    if done.returncode != 0 and not red:
        red = [f"pytest ended with {done.returncode}: {lines[-1] if lines else done.stderr[-200:]}"]
    return counted(lines[-1] if lines else ""), red


def interpreter(version: str) -> Path:
    """The Python of an environment in which that release is installed."""
    place = CACHE / "env"
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([*pip, "pytest>=8.4,<10"], check=True)
    subprocess.run([*pip, f"planoai=={version}"], check=True)
    return python


def counted(line: str) -> dict[str, int]:
    """Outcome -> number, from pytest's last line."""
    found: Counter[str] = Counter()
    for number, word in COUNT.findall(line):
        found[word.removesuffix("s") if word.startswith("error") else word] += int(number)
    return dict(found)


def read_results() -> dict[str, Entry]:
    """Release -> entry."""
    if not RESULTS.is_file():
        return {}
    found: dict[str, Entry] = json.loads(RESULTS.read_text("utf-8"))["releases"]
    return found


def write_results(results: Mapping[str, Entry]) -> None:
    """Oldest release first."""
    ordered = {version: results[version] for version in sorted(results, key=numbers)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"releases": ordered}, indent=1) + "\n", encoding="utf-8")


def numbers(version: str) -> tuple[int, ...]:
    """What a version is ordered by."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def verdict(entry: Entry) -> str:
    """One phrase."""
    if entry["problems"]:
        return "; ".join(entry["problems"])
    if not entry["gaps"]:
        return "no row fits"
    return ", ".join(f"{number} {word}" for word, number in entry["tests"].items())


def document(results: Mapping[str, Entry]) -> list[str]:
    """docs/releases.md: one line a release."""
    header = ["release", "rows", "retired", "passed", "known defects", "skipped", "verdict"]
    ordered = sorted(results, key=numbers)
    return [
        "# The Python rows on every release of planoai",
        "",
        "Made by `python tools/releases.py` (part of `make field`) from `field/releases.json`; not",
        "written by hand. On each release: `scaffold new --all --kind gap --language python` on",
        "the unpacked package, `python -m pytest -q test` in `cli/` with that release installed,",
        "the same `new` once more (nothing changes), `undo` (byte for byte as before).",
        "",
        *table(header, (row(version, results[version]) for version in ordered)),
    ]


def row(version: str, entry: Entry) -> list[object]:
    """The cells of a release."""
    counts = [entry["tests"].get(word, 0) for word in ("passed", "xfailed", "skipped")]
    return [version, *names(entry), *counts, mark(entry)]


def names(entry: Entry) -> Sequence[str]:
    """Rows that were written, and those whose target is gone."""
    return ", ".join(entry["gaps"]) or "none", ", ".join(entry["retired"])


def mark(entry: Entry) -> str:
    """The last cell."""
    if entry["problems"]:
        return "; ".join(entry["problems"][:3])
    return "green, same, exact" if entry["gaps"] else "nothing to test, nothing written"


if __name__ == "__main__":
    sys.exit(main())
