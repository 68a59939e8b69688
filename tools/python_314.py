"""The Python rows with the names that Python 3.14 removed taken away, on copies of real checkouts.

    python tools/python_314.py run [NAME=]DIR ...   run what is new; NAME is the commit
    python tools/python_314.py check                 print what is missing; 1 where a test is red

Python 3.14 cannot be had everywhere; plugins/removed_in_314.py takes the names away from another
version. docs/ledger.md has the results (`tools/field.py table`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from checkouts import arguments, chosen, end, finished
from entries import Entry, find_entry, keep_entry, read_entries
from field import IGNORED, generated_files, read_ledger, say, scaffold, write_table
from renderings import ROOT, rendered_digest
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit, load_kit
from tables import table

RESULTS = ROOT / "field" / "python_314.json"
PLUGIN = ROOT / "tools" / "plugins" / "removed_in_314.py"
RED = re.compile(r"^(?:FAILED|ERROR) (.*)")
AS_DECLARED = re.compile(r"(\d+) (?:passed|xfailed)")


def main() -> int:
    """Run one of the two."""
    options = arguments(__doc__)
    kit = load_kit(ROOT)
    if options.action == "check":
        return check(kit, read_ledger(), read_entries(RESULTS))
    for gap, commit, folder in chosen(options, rows(kit, options.gap)):
        keep_entry(RESULTS, entry_of(kit, gap, commit, folder, options.python or sys.executable))
    write_table(kit, read_ledger())
    return 0


def rows(kit: Kit, named: Iterable[str] | None = None) -> list[Gap]:
    """The finished or named rows whose tests pytest runs."""
    found = finished(kit, named)
    return [gap for gap in found if gap.run and gap.run.runner == "pytest"]


def entry_of(kit: Kit, gap: Gap, commit: str, folder: Path, python: str) -> Entry:
    """The entry of one row on one checkout, run only where its rendering is new."""
    digest = rendered_digest(kit, gap, Checkout(folder).find(gap).facts())
    earlier = find_entry(read_entries(RESULTS), gap.slug, commit)
    if earlier is not None and earlier["digest"] == digest:
        say(f"{gap.slug} {commit}: rendered as before, kept")
        return earlier
    with tempfile.TemporaryDirectory(prefix="scaffold-314-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=IGNORED, symlinks=True)
        scaffold("new", "--gap", gap.slug, "-C", str(copy), "--json")
        assert gap.run is not None
        home = copy / gap.run.root
        files = [name for name in generated_files(copy) if Path(name).name.startswith("test_")]
        count, red = run_tests(home, [os.path.relpath(copy / name, home) for name in files], python)
    say(f"{gap.slug} {commit}: {count} as declared, {len(red)} red")
    return {"gap": gap.slug, "commit": commit, "digest": digest, "as_declared": count, "red": red}


def run_tests(home: Path, files: list[str], python: str) -> tuple[int, list[str]]:
    """How many tests end as declared without the names, and what is red."""
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", PLUGIN.stem, "-rfE", *files],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(PLUGIN.parent), "COLUMNS": "500"},
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = done.stdout.splitlines() or [f"pytest ended with {done.returncode}"]
    red = [found[1] for line in lines if (found := RED.match(line))]
    if done.returncode and not red:
        red = lines[-1:]
    return sum(int(number) for number in AS_DECLARED.findall(lines[-1])), red


def check(kit: Kit, ledger: list[Entry], results: list[Entry]) -> int:
    """Print each red test and each row without an entry; 1 where a test is red."""
    wanted = {gap.slug for gap in rows(kit)}
    problems = 0
    for entry in ledger:
        if entry["gap"] not in wanted or entry.get("retired") or "case" in entry:
            continue
        where = f"{entry['gap']} {entry['commit']}"
        found = find_entry(results, entry["gap"], entry["commit"])
        if found is None:
            print(f"python 3.14: {where} was not run")
            continue
        if found["digest"] != entry["digest"]:
            print(f"stale: Python 3.14 of {where}")
        for line in found["red"]:
            print(f"python 3.14: {where}: {line}")
        problems += len(found["red"])
    return 1 if problems else 0


def section() -> Iterator[str]:
    """The part of docs/ledger.md about it: one line a row and commit."""
    found = read_entries(RESULTS)
    lines = [[one["gap"], one["commit"], one["as_declared"], len(one["red"])] for one in found]
    yield from (
        "",
        "## Python 3.14",
        "Made by `tools/python_314.py`: the tests of the Python rows, with the names that Python",
        "3.14 removed taken away from the Python that they run with.",
        "",
        *table(["row", "commit", "as declared", "red"], lines),
    )


if __name__ == "__main__":
    end(main)
