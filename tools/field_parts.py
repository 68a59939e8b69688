"""The ledger's proof by part: what each part of a row adds over the parts that it needs.

    python tools/field_parts.py run [NAME=]DIR ...   measure what changed; NAME is the commit
    python tools/field_parts.py check                name the rows and commits that are not measured

A row is written whole into a copy of the checkout. Then the parts that one needs are proved with
all mutants, and again with the part itself: what only the second proof covers, kills and finds is
the part's own. The entries are in field/parts.json, each kept by what was rendered.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import field
from entries import Entry, find_entry, keep_entry, key_of, read_entries
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit, load_kit
from scaffold.kit.parts import needed

PARTS = field.ROOT / "field" / "parts.json"
Proof = Mapping[str, Any]


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "check"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_intermixed_args()
    kit = load_kit(field.ROOT)
    for given in options.checkouts if options.action == "run" else ():
        commit, folder = field.named(given)
        for gap in cut_rows(kit):
            if gap.slug in (options.gap or [gap.slug]):
                measure(kit, gap, commit, folder, options)
    for line in missing(kit, field.read_ledger(), read_entries(PARTS)):
        print(f"not measured by part: {line}")
    return 0


def cut_rows(kit: Kit) -> list[Gap]:
    """The finished rows that have parts."""
    return [gap for gap in kit.gaps.values() if gap.parts and gap.state == "ready"]


def measure(kit: Kit, gap: Gap, commit: str, folder: Path, options: argparse.Namespace) -> None:
    """Measure a row on a checkout where its rendering is new, and write the entry."""
    findings = Checkout(folder).find(gap)
    if findings.retired:
        return
    digest = field.rendered_digest(kit, gap, findings.facts())
    earlier = find_entry(read_entries(PARTS), gap.slug, commit)
    if earlier is not None and earlier["digest"] == digest:
        field.say(f"{gap.slug} {commit}: rendered as before, kept")
        return
    with tempfile.TemporaryDirectory(prefix="scaffold-parts-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=field.IGNORED, symlinks=True)
        field.scaffold("new", "--gap", gap.slug, "-C", str(copy), "--json")
        parts = measured(kit, gap, copy, options)
    entry = {"gap": gap.slug, "commit": commit, "digest": digest, "parts": parts}
    keep_entry(PARTS, entry)


def measured(kit: Kit, gap: Gap, copy: Path, options: argparse.Namespace) -> list[Entry]:
    """What each part adds; a set of parts is proved once."""
    proofs: dict[tuple[str, ...], Proof] = {}

    def proof_of(names: Sequence[str]) -> Proof | None:
        key = tuple(part.name for part in gap.parts if part.name in names)
        if key and key not in proofs:
            proofs[key] = prove(gap, key, copy, options)
        return proofs[key] if key else None

    found = []
    for part in gap.parts:
        needs = [name for slug, name in needed(kit, gap, part.name) if slug == gap.slug]
        before, after = proof_of(needs), proof_of([*needs, part.name])
        assert after is not None
        found.append({"part": part.name, "over": needs, **added(before, after)})
    return found


def prove(gap: Gap, names: Sequence[str], copy: Path, options: argparse.Namespace) -> Proof:
    """The record of some parts, with all mutants."""
    field.say(f"{gap.slug}: {', '.join(names)} with all mutants")
    python = ["--python", options.python] if options.python else []
    places = [f"{gap.slug}:{name}" for name in names]
    jobs = ["--jobs", str(options.jobs)]
    words = ["verify", *places, "-C", str(copy), "--mutants", "all", "--json", *jobs, *python]
    proof: Proof = field.scaffold(*words, accept=(0, 6))["outcomes"][0]
    if proof["verdict"] == "red":
        raise field.FieldError(f"{gap.slug}: {'; '.join(proof['problems'][: field.NAMED])}")
    return proof


def added(before: Proof | None, after: Proof) -> Entry:
    """What the second proof shows beyond the first.

    `lines` are those of the targets that only the part runs; `None` where the part needs no other:
    then the share of each target says it.
    """
    zero: Proof = {"killed": 0, "generated": 0, "known_defects": 0}
    first = before or zero
    lines = unrun(before) - unrun(after) if before else None
    return {
        "tests": after["generated"] - first["generated"],
        "known_defects": after["known_defects"] - first["known_defects"],
        "killed": (after["killed"] or 0) - (first["killed"] or 0),
        "viable": after["viable"] or 0,
        "lines": lines,
        "line_cov_pct": {item["path"]: item["line_cov_pct"] for item in after["targets"]},
    }


def unrun(proof: Proof) -> int:
    """How many lines of the targets did not run."""
    spans = [span for item in proof["targets"] for span in item["missing"]]
    return sum(last - first + 1 for first, last in spans)


def missing(kit: Kit, ledger: Sequence[Entry], known: Sequence[Entry]) -> list[str]:
    """Rows with parts and commits of the ledger of which no part was measured as it renders now."""
    there = {(*key_of(item), item["digest"]) for item in known}
    slugs = {gap.slug for gap in cut_rows(kit)}
    entries = [item for item in ledger if item["gap"] in slugs and not item.get("retired")]
    return [
        f"{item['gap']} at {item['commit']}"
        for item in entries
        if "case" not in item and (*key_of(item), item["digest"]) not in there
    ]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except field.FieldError as error:
        sys.exit(f"error: {error}")
