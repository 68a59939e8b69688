"""All finished rows at every commit at which upstream cut a release: written and run as declared.

    python tools/drift.py run GITDIR [--commit C] [--gap GAP]   GITDIR is a clone of the target
    python tools/drift.py table                                  docs/drift.md anew

The rows of a tool are written together and run by `scaffold verify`, without lines and mutants;
where one of them is red or does not compile, each is run alone. A result is kept by what was
rendered, at once, so that a run can be continued.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checkouts import end
from entries import Entry, find_entry, keep_entry, read_entries
from field import FieldError, installed, say, scaffold
from realbugs import export, git
from renderings import ROOT, rendered_digest
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit, load_kit
from tables import table

RESULTS = ROOT / "field" / "drift.json"
TABLE = ROOT / "docs" / "drift.md"
HISTORY = "baeee56f..003c36ae"
VERSION = ("-G", "^version = ", "--", "cli/pyproject.toml")
BETWEEN = ("97b7a390^", "97b7a390", "1f23c573", "c8079ac9^", "dafd2453", "474b74aa^", "474b74aa")
"""Commits at which a row once did not compile or was red."""


def main() -> int:
    """Run one of the two; 1 where a row is not as declared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("clone", nargs="?", type=Path, metavar="GITDIR")
    parser.add_argument("--commit", action="append", help="only this one; may repeat")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    options = parser.parse_args()
    kit = load_kit(ROOT)
    if options.action == "run":
        for commit in options.commit or commits(options.clone):
            examine(kit, options.clone, commit, options)
    entries = read_entries(RESULTS)
    TABLE.write_text("\n".join(document(kit, entries)) + "\n", encoding="utf-8")
    return 1 if any(entry.get("problem") for entry in entries) else 0


def commits(clone: Path) -> list[str]:
    """Every commit that sets another version, and those between, oldest first."""
    releases = git(clone, "log", "--format=%H", HISTORY, *VERSION).split()
    wanted = {*releases, *git(clone, "rev-parse", *BETWEEN).split()}
    history = git(clone, "rev-list", "--reverse", HISTORY).split()
    return [commit[:8] for commit in history if commit in wanted]


def examine(kit: Kit, clone: Path, commit: str, options: argparse.Namespace) -> None:
    """Every row at a commit, those of a tool at once; each result is kept."""
    with tempfile.TemporaryDirectory(prefix="scaffold-drift-") as scratch:
        tree = Path(scratch) / "checkout"
        export(clone, commit, tree)
        when = {"place": int(git(clone, "rev-list", "--count", commit))}
        digests = dict(fresh(kit, tree, commit, when, options.gap))
        tools: dict[str, list[Gap]] = {}
        for gap in digests:
            tools.setdefault(gap.run.runner if gap.run else "", []).append(gap)
        for rows in tools.values():
            together = run(rows, tree, options.python)
            if len(rows) > 1 and any(one.get("problem") for one in together.values()):
                say(f"{commit}: each row alone")
                together = {gap: run([gap], tree, options.python)[gap] for gap in rows}
            for gap, found in together.items():
                digest = digests[gap]
                entry = {"gap": gap.slug, "commit": commit, "digest": digest, **when, **found}
                keep_entry(RESULTS, entry)
                say(f"{commit} {gap.slug}: {in_words(entry)}")


def fresh(
    kit: Kit, tree: Path, commit: str, when: Entry, names: Sequence[str] | None
) -> Iterator[tuple[Gap, str]]:
    """The rows that render otherwise than in their entry, each with the digest."""
    for gap in kit.gaps.values():
        if gap.slug not in names if names else gap.state != "ready" or gap.kind != "gap":
            continue
        findings = Checkout(tree).find(gap)
        if findings.retired:
            keep_entry(RESULTS, {"gap": gap.slug, "commit": commit, **when, "retired": True})
            continue
        digest = rendered_digest(kit, gap, findings.facts())
        earlier = find_entry(read_entries(RESULTS), gap.slug, commit)
        if earlier is None or earlier.get("digest") != digest:
            yield gap, digest


def run(rows: Sequence[Gap], tree: Path, python: str | None) -> dict[Gap, dict[str, Any]]:
    """Rows written into a copy and run: how many tests end as declared, or what is wrong."""
    slugs = [gap.slug for gap in rows]
    named_python = ["--python", python] if python else []
    with tempfile.TemporaryDirectory(prefix="scaffold-drift-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(tree, copy, symlinks=True)
        where = ["-C", str(copy), "--json"]
        try:
            scaffold("new", *(part for slug in slugs for part in ("--gap", slug)), *where)
            with installed(rows[0], copy):
                argv = ["verify", *slugs, "--no-rules", "--no-lines", *named_python, *where]
                outcomes = scaffold(*argv, accept=(0, 5, 6)).get("outcomes") or []
        except (FieldError, subprocess.CalledProcessError) as error:
            return {gap: {"problem": str(error)} for gap in rows}
    found = {outcome["gap"]: judged(outcome) for outcome in outcomes}
    lost = {"problem": "its tests could not be run"}
    return {gap: found.get(gap.slug, lost) for gap in rows}


def judged(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What one outcome of verify says."""
    if outcome["verdict"] in ("red", "todo"):
        return {"problem": "; ".join(outcome["problems"][:2])}
    return {"passed": outcome["passed"], "known_defects": outcome["known_defects"]}


def in_words(entry: Entry) -> str:
    """A cell of the table."""
    if entry.get("retired"):
        return "retired"
    return entry.get("problem") or f"{entry['passed']} + {entry['known_defects']}"


def document(kit: Kit, entries: Sequence[Entry]) -> list[str]:
    """docs/drift.md: a line for each commit."""
    rows = [name for name in kit.gaps if any(entry["gap"] == name for entry in entries)]
    known = {(entry["gap"], entry["commit"]): entry for entry in entries}
    place = {entry["commit"]: entry["place"] for entry in entries}
    lines = [
        [
            commit,
            *(in_words(known[row, commit]) if (row, commit) in known else "" for row in rows),
        ]
        for commit in sorted(place, key=lambda commit: place[commit])
    ]
    return [
        "# The rows at every release of upstream",
        "",
        "Made by `make drift` from `field/drift.json`; not written by hand. At each commit that",
        "cut a release, and at some between, the finished rows are written and run: tests that",
        "pass + known defects that fail as they must. An empty cell was not run. Lines and mutants",
        "are in [ledger.md](ledger.md).",
        "",
        *table(["commit", *rows], lines),
    ]


if __name__ == "__main__":
    end(main)
