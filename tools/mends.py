"""The ledger of mends: the mends of every row with known defects, done on copies of real checkouts.

    python tools/mends.py run [NAME=]DIR ...   check the mends of what changed; NAME is the commit
    python tools/mends.py check                 red where a row lacks an entry or a mend is wrong

A result is kept by what was rendered, the defect's tests and its mend: a mend of which these are as
before is not run again. docs/ledger.md shows it (`tools/field.py table`).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checkouts import arguments, chosen, end, finished
from entries import Entry, find_entry, keep_entry, read_entries
from field import IGNORED, FieldError, installed, read_ledger, say, scaffold, write_table
from renderings import ROOT, facts_of, rendered_digest
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit, load_kit
from scaffold.kit.defects import FOLDER, PAGE, load_defects
from scaffold.proof.mends import CHECKED, WRONG, MendVerdict
from tables import table

RESULTS = ROOT / "field" / "mends.json"


def main() -> int:
    """Run one of the two."""
    options = arguments(__doc__)
    kit = load_kit(ROOT)
    if options.action == "check":
        return check(kit, read_entries(RESULTS))
    for gap, commit, folder in chosen(options, rows_with_defects(kit, options.gap)):
        keep_entry(RESULTS, entry_of(kit, gap, commit, folder, options.python))
    write_table(kit, read_ledger())
    return 0


def rows_with_defects(kit: Kit, named: Iterable[str] | None = None) -> list[Gap]:
    """The finished or named rows whose known defects are written down."""
    return [gap for gap in finished(kit, named) if load_defects(gap)]


def entry_of(kit: Kit, gap: Gap, commit: str, folder: Path, python: str | None) -> Entry:
    """The entry of one row on one checkout, run only where something changed."""
    facts = Checkout(folder).find(gap).facts()
    whole, digests = digest_of(kit, gap, facts), digests_of(kit, gap, facts)
    earlier = find_entry(read_entries(RESULTS), gap.slug, commit)
    if earlier is not None and earlier["digest"] == whole:
        say(f"{gap.slug} {commit}: as before, kept")
        return earlier
    known: dict[str, Any] = earlier["mends"] if earlier else {}
    mends = {
        name: known[name]
        for name, digest in digests.items()
        if known.get(name, {}).get("digest") == digest
    }
    if fresh := [name for name in digests if name not in mends]:
        mends |= checked(gap, commit, folder, fresh, python)
    mends = {name: {**mends[name], "digest": digest} for name, digest in digests.items()}
    return {"gap": gap.slug, "commit": commit, "digest": whole, "mends": mends}


def checked(
    gap: Gap, commit: str, folder: Path, names: Sequence[str], python: str | None
) -> dict[str, Any]:
    """Defect -> the verdict on its mend, and why."""
    with tempfile.TemporaryDirectory(prefix="scaffold-mends-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=IGNORED, symlinks=True)
        scaffold("new", "--gap", gap.slug, "-C", str(copy), "--json")
        say(f"{gap.slug} {commit}: verify with {len(names)} mends")
        named_python = ["--python", python] if python else []
        argv = ["verify", gap.slug, "-C", str(copy), "--no-rules", "--json"]
        argv += [word for name in names for word in ("--mend", name)]
        with installed(gap, copy):
            proof = scaffold(*argv, *named_python, accept=(0, 6))["outcomes"][0]
    if proof["mends"] is None:
        raise FieldError(f"{gap.slug} {commit}: {'; '.join(proof['problems'])}")
    return {item["id"]: {"verdict": item["verdict"], "why": item["why"]} for item in proof["mends"]}


def digest_of(kit: Kit, gap: Gap, facts: Mapping[str, Any]) -> str:
    """Digest of all that an entry is of, but the checkout itself."""
    found = hashlib.sha256(rendered_digest(kit, gap, facts).encode())
    for place in (gap.folder / PAGE, *sorted((gap.folder / FOLDER).glob("*.toml"))):
        found.update(place.name.encode() + place.read_bytes())
    return found.hexdigest()


def digests_of(kit: Kit, gap: Gap, facts: Mapping[str, Any]) -> dict[str, str]:
    """Defect -> digest of what the verdict on its mend is of."""
    rendered = rendered_digest(kit, gap, facts)
    return {
        one.id: hashlib.sha256(repr((rendered, one.tests, one.mends)).encode()).hexdigest()
        for one in load_defects(gap)
    }


def check(kit: Kit, entries: Sequence[Entry]) -> int:
    """Print what is wrong; 1 where a row has no entry, or a mend is not as it must be."""
    ledger = read_ledger()
    commits = sorted({entry["commit"] for entry in ledger})
    retired = {(entry["gap"], entry["commit"]) for entry in ledger if entry.get("retired")}
    problems = []
    for gap in rows_with_defects(kit):
        for commit in (one for one in commits if (gap.slug, one) not in retired):
            entry = find_entry(entries, gap.slug, commit)
            stale = entry is not None and is_stale(kit, gap, entry)
            problems += [f"{gap.slug} {commit}: {line}" for line in faults(gap, entry, stale)]
            if stale:
                print(f"stale: mends of {gap.slug} {commit}")
    for problem in problems:
        print(f"mends: {problem}")
    if problems:
        print('run it again with: make mends PLANO="COMMIT=DIR …"')
    return 1 if problems else 0


def faults(gap: Gap, entry: Entry | None, stale: bool = False) -> Iterator[str]:
    """What is wrong with an entry: mends that are not as they must be, or not in it.

    A stale one may lack what came later.
    """
    if entry is None:
        yield "no entry"
        return
    for one in load_defects(gap):
        found = entry["mends"].get(one.id)
        if found is None and not stale:
            yield f"the mend {one.id} was not checked"
        elif found and found["verdict"] in WRONG:
            yield f"the mend {one.id} {found['verdict']}: {found['why']}"


def is_stale(kit: Kit, gap: Gap, entry: Entry) -> bool:
    """Whether the row, its defects or its mends are others today."""
    return digest_of(kit, gap, facts_with_mends(entry)) != str(entry["digest"])


def facts_with_mends(entry: Entry) -> dict[str, Any]:
    """The facts of the checkout that an entry is of, and the defects that were mended in it."""
    mended = [name for name, one in entry["mends"].items() if one["verdict"] == MendVerdict.MENDED]
    return {**facts_of(entry), **({"mended": mended} if mended else {})}


def section() -> list[str]:
    """The part of docs/ledger.md about mends: one line a row and commit."""
    rows = []
    for entry in read_entries(RESULTS):
        count = Counter(one["verdict"] for one in entry["mends"].values())
        here = sum(count[verdict] for verdict in CHECKED)
        turned = f"{count[MendVerdict.TURNED]} of {here}"
        others = [count[v] for v in (MendVerdict.MENDED, MendVerdict.ABSENT, MendVerdict.NO_MEND)]
        rows.append([entry["gap"], entry["commit"], turned, *others])
    header = ["row", "commit", "turn exactly their tests", "mended", "not here", "no mend"]
    return [
        "",
        "## Mends",
        "Made by `make mends` from `field/mends.json`: each known defect mended on a copy of the",
        "checkout, with the tests of the row and the suites beside.",
        "",
        *table(header, rows),
    ]


if __name__ == "__main__":
    end(main)
