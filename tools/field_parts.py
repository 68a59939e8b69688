"""The ledger's proof by part: what each part of a row adds over what it needs and upstream has.

    python tools/field_parts.py run [--tests] [NAME=]DIR ...   measure what changed
    python tools/field_parts.py check                          names the rows that are not measured

A row is written whole into a copy of the checkout, and each of its files is run on every mutant,
and upstream's own tests too. What no test of the parts that a part needs, and none of upstream's,
kills, runs or shows is what the part adds. With `--tests` each test function is tried by itself,
which takes longer, and the entry lists the tests that add nothing. The entries are in
field/parts.json, each kept by what was rendered.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import field
import renderings
from entries import Entry, find_entry, keep_entry, key_of, read_entries
from groups import UPSTREAM, Groups, Matrix
from kill_matrix import matrix
from scaffold import workflow
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import read_state
from scaffold.kit.catalog import Gap, Kit, load_kit
from scaffold.kit.cuts import functions_in
from scaffold.kit.defects import load_defects
from scaffold.kit.parts import needed
from scaffold.proof.runner import VerifyOptions
from tables import table

PARTS = renderings.ROOT / "field" / "parts.json"
TIMEOUT_S = 600.0


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "check"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--tests", action="store_true", help="try each test function by itself")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_intermixed_args()
    kit = load_kit(renderings.ROOT)
    if options.action == "check":
        return check(kit, field.read_ledger(), read_entries(PARTS))
    for given in options.checkouts:
        commit, folder = field.named(given)
        for gap in cut_rows(kit):
            if gap.slug in (options.gap or [gap.slug]):
                measure(kit, gap, commit, folder, options)
    field.write_table(kit, field.read_ledger())
    return 0


def cut_rows(kit: Kit) -> list[Gap]:
    """The finished rows that have parts."""
    return [gap for gap in kit.gaps.values() if gap.parts and gap.state == "ready"]


def measure(kit: Kit, gap: Gap, commit: str, folder: Path, options: argparse.Namespace) -> None:
    """Measure a row on a checkout where its rendering is new, and write the entry."""
    findings = Checkout(folder).find(gap)
    if findings.retired:
        return
    digest = renderings.rendered_digest(kit, gap, findings.facts())
    earlier = find_entry(read_entries(PARTS), gap.slug, commit)
    same = earlier is not None and earlier["digest"] == digest
    if earlier is not None and same and ("idle" in earlier or not options.tests):
        field.say(f"{gap.slug} {commit}: rendered as before, kept")
        return
    with tempfile.TemporaryDirectory(prefix="scaffold-parts-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=field.IGNORED, symlinks=True)
        field.scaffold("new", "--gap", gap.slug, "-C", str(copy), "--json")
        checkout = open_checkout(copy, kit)
        subject = workflow.subject_of(kit, checkout, read_state(copy, kit.name), gap.slug)
        asked = VerifyOptions(
            mutants="all", python=options.python, jobs=options.jobs, timeout_s=TIMEOUT_S
        )
        field.say(f"{gap.slug} {commit}: {'tests' if options.tests else 'files'} on all mutants")
        with field.installed(gap, copy):
            found = matrix(subject, asked, field.say, by_file=not options.tests)
    entry = {"gap": gap.slug, "commit": commit, "digest": digest, **added(kit, gap, found)}
    if options.tests:
        entry["idle"] = idle(found)
    keep_entry(PARTS, entry)


def added(kit: Kit, gap: Gap, found: Matrix) -> Entry:
    """What upstream's tests show, and what each part adds over its needs and over them."""
    parts = []
    for part in gap.parts:
        over = [name for slug, name in needed(kit, gap, part.name) if slug == gap.slug]
        files = [path for one in gap.parts if one.name in over for path in one.files]
        before = {UPSTREAM, *(name for name, path in found.files.items() if path in files)}
        own = {name for name, path in found.files.items() if path in part.files}
        parts.append(
            {
                "part": part.name,
                "over": over,
                "killed": gained(found.kills, own, before),
                "lines": gained(found.lines, own, before),
                "defects": shown(gap, found, part.files),
            }
        )
    nothing: set[str] = set()
    upstream = {
        "killed": gained(found.kills, {UPSTREAM}, nothing),
        "lines": gained(found.lines, {UPSTREAM}, nothing),
    }
    return {"viable": len(found.kills), "upstream": upstream, "parts": parts}


def gained(by: Mapping[str, Groups], own: Collection[str], before: Collection[str]) -> int:
    """How many of these some of `own` reach and none of `before` does."""
    return sum(not names.isdisjoint(own) and names.isdisjoint(before) for names in by.values())


def shown(gap: Gap, found: Matrix, files: Collection[str]) -> list[str]:
    """The known defects that tests of these files show."""
    names = {test.rpartition("::")[2] for test, path in found.tests.items() if path in files}
    marked = {test.rpartition("::")[2] for test in found.defects} & names
    return [one.id for one in load_defects(gap) if not marked.isdisjoint(one.tests)]


def idle(found: Matrix) -> list[str]:
    """The tests that add nothing: without all of them as much is killed, run and shown.

    Those that reach least go first, so that of two tests that do the same the larger one stays.
    """
    reached = [set(names) for names in (*found.kills.values(), *found.lines.values()) if names]
    weight = {name: sum(name in names for names in reached) for name in found.files}
    left_out = []
    for name in sorted(weight, key=lambda name: (weight[name], name)):
        needed_here = any(names == {name} for names in reached)
        if name == UPSTREAM or name in found.defects or needed_here:
            continue
        left_out.append(name)
        for names in reached:
            names.discard(name)
    return sorted(left_out)


def check(kit: Kit, ledger: Sequence[Entry], known: Sequence[Entry]) -> int:
    """Print what is missing or stale; 1 where a test adds nothing and no reason keeps it."""
    problems, lacking = [], []
    for gap, entry in ledger_of(kit, ledger):
        found = find_entry(known, gap.slug, entry["commit"])
        where = f"{gap.slug} {entry['commit']}"
        if found is None:
            lacking.append(f"{where} was not measured by part")
            continue
        if found["digest"] != entry["digest"]:
            print(f"stale: parts of {where}")
        names = [part["part"] for part in found["parts"]]
        if names != [part.name for part in gap.parts]:
            lacking.append(f"{where} was measured when it had other parts")
        # What was measured may be a test that has another name now, or is gone.
        asked = functions_in(gap.files_dir) - {one.test for one in gap.keep}
        idle_tests = (name for name in found.get("idle", ()) if plain(name) in asked)
        problems += [
            f"{where}: {test} adds nothing, and `keep` has no reason" for test in idle_tests
        ]
    for problem in (*lacking, *problems):
        print(f"parts: {problem}")
    if lacking or problems:
        print('run it again with: make parts PLANO="COMMIT=DIR …"')
    return 1 if problems else 0


def plain(test: str) -> str:
    """The name of a test function without its file."""
    return test.rpartition("::")[2]


def ledger_of(kit: Kit, ledger: Sequence[Entry]) -> list[tuple[Gap, Entry]]:
    """The entries of the ledger that a row with parts has, with the answers of its default case."""
    rows = {gap.slug: gap for gap in cut_rows(kit)}
    return [
        (rows[entry["gap"]], entry)
        for entry in ledger
        if entry["gap"] in rows and not entry.get("retired") and key_of(entry)[2] == "default"
    ]


def section() -> Iterable[str]:
    """The part of docs/ledger.md about parts: one line a part and commit."""
    rows = []
    for entry in read_entries(PARTS):
        first = [entry["gap"], entry["commit"]]
        upstream = entry["upstream"]
        rows.append([*first, "upstream's own tests", "", upstream["lines"], upstream["killed"], ""])
        rows += [
            [*first, part["part"], ", ".join(part["over"]), part["lines"], part["killed"],
             len(part["defects"])]
            for part in entry["parts"]
        ]  # fmt: skip
    header = ["row", "commit", "part", "over", "lines", "killed", "defects"]
    return [
        "",
        "## Parts",
        "Made by `make parts` from `field/parts.json`: the lines of the targets, the mutants and",
        "the known defects that a part adds over what it needs and over upstream's own tests.",
        "",
        *table(header, rows),
    ]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except field.FieldError as error:
        sys.exit(f"error: {error}")
