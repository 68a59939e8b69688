"""Upstream's real bugs: which of them the generated tests reveal, and which they guard against.

    python tools/realbugs.py run GITDIR [--bug COMMIT] [--gap GAP]   GITDIR is a clone of the target
    python tools/realbugs.py table                                   docs/real-bugs.md anew

For each commit of field/real-bugs.toml and each row with a target among its files:

revealed: the row is written into the commit's parent; a known defect of it passes once the fix is
    there.
guarded: the row is written into the commit; a green test of it fails once the fix is taken out.

The fix is what the commit changes in the programs and their own tests. A Cargo.lock that does not
fit its crates is brought up to date first, and the document says so. A result is kept by what was
rendered at both ends.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from entries import Entry, find_entry, keep_entry, read_entries
from field import FieldError, say, scaffold
from renderings import ROOT, rendered_digest
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit, load_kit
from tables import table

BUGS = ROOT / "field" / "real-bugs.toml"
RESULTS = ROOT / "field" / "real-bugs.json"
TABLE = ROOT / "docs" / "real-bugs.md"
SOURCES = ("cli", "crates", "config")
LEFT_OUT = ":!docs/source/_static"
LOCK = "crates/Cargo.lock"
GREEN, KNOWN, RED = "passed", "xfailed", ("failed", "error", "xpassed")


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("clone", nargs="?", type=Path, metavar="GITDIR")
    parser.add_argument("--bug", action="append", help="only this commit; may repeat")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    options = parser.parse_args()
    if options.action == "run":
        kit = load_kit(ROOT)
        for bug in read_bugs():
            if not options.bug or bug["commit"] in options.bug:
                examine(kit, options.clone, bug["commit"], options)
    TABLE.write_text("\n".join(document(read_bugs(), read_results())) + "\n", encoding="utf-8")
    return 0


def read_bugs() -> list[dict[str, str]]:
    """Commit and fault of each, and why it is missed, in the order of the file."""
    return list(tomllib.loads(BUGS.read_text("utf-8"))["bug"])


def read_results() -> list[Entry]:
    """What was found, an entry for each fix and row."""
    return read_entries(RESULTS)


def examine(kit: Kit, clone: Path, commit: str, options: argparse.Namespace) -> None:
    """Measure every row that the fix concerns, and keep each result at once."""
    changed = git(clone, "diff", "--name-only", f"{commit}^", commit, "--", *SOURCES).split()
    for gap in kit.gaps.values():
        concerned = {path for target in gap.targets for path in target.paths} & set(changed)
        wanted = gap.slug in options.gap if options.gap else gap.state == "ready"
        if not concerned or not gap.built or not wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="scaffold-realbugs-") as scratch:
            try:
                found = measure(kit, gap, clone, commit, Path(scratch), options)
            except FieldError as error:
                found = {"failed": str(error)}
        keep_entry(RESULTS, {"gap": gap.slug, "commit": commit, **found})
        say(f"{commit} {gap.slug}: {found.get('failed') or answers(found)}")


def measure(
    kit: Kit, gap: Gap, clone: Path, commit: str, scratch: Path, options: argparse.Namespace
) -> Entry:
    """Both questions of one row and one fix."""
    before, after = scratch / "before", scratch / "after"
    for tree, name in ((before, f"{commit}^"), (after, commit)):
        export(clone, name, tree)
    digests = [
        rendered_digest(kit, gap, Checkout(tree).find(gap).facts()) for tree in (before, after)
    ]
    earlier = find_entry(read_results(), gap.slug, commit)
    if earlier is not None and earlier.get("digests") == digests:
        return earlier
    renewed = [renew_lock(gap, tree) for tree in (before, after)]
    patch = fix_of(clone, commit, gap, [f":!{LOCK}"] if any(renewed) else [])
    say(f"{commit} {gap.slug}: the parent, then with the fix")
    first, fixed = around(gap, before, patch, (), options)
    say(f"{commit} {gap.slug}: the commit, then without the fix")
    whole, broken = around(gap, after, patch, ("--reverse",), options)
    return {
        "digests": digests,
        **({"lock": "renewed"} if any(renewed) else {}),
        "revealed": sorted(
            test for test, how in first.items() if how == KNOWN and fixed.get(test) != KNOWN
        ),
        "hindered": sorted(turned(first, fixed)),
        "guarded": sorted(turned(whole, broken)),
        "tests": len(whole),
    }


def renew_lock(gap: Gap, tree: Path) -> bool:
    """Whether Cargo.lock of a Rust row did not fit its crates; it does afterwards.

    Raises:
        FieldError: Cargo cannot bring it up to date.
    """
    if gap.run is None or gap.run.runner != "cargo" or not (tree / LOCK).is_file():
        return False
    folder = (tree / LOCK).parent
    fits = ["cargo", "metadata", "--locked", "--format-version", "1"]
    if subprocess.run(fits, cwd=folder, capture_output=True).returncode == 0:
        return False
    update = ["cargo", "update", "--quiet", "--workspace"]
    done = subprocess.run(update, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise FieldError(f"{LOCK} does not fit: {done.stderr.strip().splitlines()[-1]}")
    return True


def fix_of(clone: Path, commit: str, gap: Gap, left_out: Sequence[str] = ()) -> str:
    """The change of a commit as a patch, without the files that the row deletes."""
    # Lock files of uv may hold what git cannot apply, and decide nothing here.
    left_out = [":!*uv.lock", *(f":!{removal.path}" for removal in gap.removes), *left_out]
    return git(clone, "diff", f"{commit}^", commit, "--", *SOURCES, *left_out)


def turned(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """The green tests that are red afterwards, or cannot be run any more."""
    return (
        test for test, how in before.items() if how == GREEN and after.get(test, "error") in RED
    )


def around(
    gap: Gap, tree: Path, patch: str, direction: Sequence[str], options: argparse.Namespace
) -> tuple[dict[str, str], dict[str, str]]:
    """How each test of a row ends in a tree, and how once the patch is applied.

    Raises:
        FieldError: The row is red before, or the patch does not apply.
    """
    scaffold("new", "--gap", gap.slug, "-C", str(tree), "--json")
    first = outcomes(gap, tree, options)
    if red := sorted(test for test, how in first.items() if how in RED):
        raise FieldError(f"{gap.slug} is red before the fix is touched: {', '.join(red[:3])}")
    argv = ["git", "apply", *direction, "--whitespace=nowarn", "-"]
    done = subprocess.run(argv, cwd=tree, input=patch, text=True, capture_output=True)
    if done.returncode:
        raise FieldError(f"the fix does not apply: {done.stderr.strip().splitlines()[0]}")
    return first, outcomes(gap, tree, options)


def outcomes(gap: Gap, tree: Path, options: argparse.Namespace) -> dict[str, str]:
    """How each generated test ends.

    Raises:
        FieldError: None could be run: it does not build, or the checkout's own tests are red.
    """
    python = ["--python", options.python] if options.python else []
    argv = ["verify", gap.slug, "-C", str(tree), "--no-rules", "--no-lines", "--json", *python]
    found = scaffold(*argv, accept=(0, 5, 6)).get("outcomes")
    if not found or not found[0]["tests"]:
        raise FieldError("no test could be run: it does not build, or its own tests are red")
    return {test["id"]: test["outcome"] for test in found[0]["tests"]}


def export(clone: Path, commit: str, tree: Path) -> None:
    """The files of a commit, in a new folder."""
    tree.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", str(clone), "archive", commit, "--", ".", LEFT_OUT],
        stdout=subprocess.PIPE,
        check=True,
    )
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    subprocess.run(["git", "init", "-q", str(tree)], check=True)


def git(clone: Path, *arguments: str) -> str:
    """What git prints."""
    argv = ["git", "-C", str(clone), *arguments]
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout


def answers(found: Entry) -> str:
    """Both answers in words."""
    revealed, guarded = ("yes" if found[key] else "no" for key in ("revealed", "guarded"))
    return f"revealed {revealed}, guarded {guarded}"


def document(bugs: Sequence[Mapping[str, str]], results: Sequence[Entry]) -> list[str]:
    """docs/real-bugs.md: a line for each fix and row, and the shares."""
    rows, known = [], dict[str, list[Entry]]()
    for bug in bugs:
        for found in (one for one in results if one["commit"] == bug["commit"]):
            if "failed" in found:
                cells = [f"not measured: {found['failed']}", "", ""]
            else:
                cells = [shown(found, key) for key in ("revealed", "guarded", "hindered")]
                if "no" in cells and "missed" in bug:
                    cells[cells.index("no")] = f"no: {bug['missed']}"
                known.setdefault(bug["commit"], []).append(found)
            row = f"{found['gap']} (Cargo.lock renewed)" if "lock" in found else found["gap"]
            rows.append([bug["commit"], bug["fault"], row, *cells])
    revealed, guarded = (
        sum(any(one[key] for one in found) for found in known.values())
        for key in ("revealed", "guarded")
    )
    return [
        "# Upstream's real bugs",
        "",
        "Made by `make realbugs` from `field/real-bugs.toml` and `field/real-bugs.json`; not",
        "written by hand. **Revealed**: written into the commit before the fix, a known defect of",
        "the row passes once the fix is there. **Guarded**: written into the fix, a green test",
        "fails once it is taken out. **In the way**: green tests before the fix that fail with it.",
        "",
        f"Of {len(bugs)} bugs {len(known)} are measured: {revealed} revealed, {guarded} guarded.",
        "A bug has a line for each row that tests a file of its fix, and counts once, as measured",
        "where one of them is.",
        "The rows were written with this history in reach, so this is no prediction.",
        "",
        *table(["fix", "what was wrong", "row", "revealed by", "guarded by", "in the way"], rows),
    ]


def shown(found: Entry, key: str) -> str:
    """The first test of a list and how many there are; `no` where there is none."""
    tests = found[key]
    if not tests:
        return "no" if key != "hindered" else "none"
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return f"`{tests[0].rpartition('::')[2]}`{more}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FieldError as error:
        sys.exit(f"error: {error}")
