"""The ledger: every finished row proved on copies of real checkouts.

    python tools/field.py run [NAME=]DIR ...   prove what changed; NAME is the commit
    python tools/field.py check                 red where a finished row lacks an entry or a bar
    python tools/field.py table                 docs/ledger.md from field/ledger.json

A result is kept by the content of what was rendered: a row that renders as
before is not run again. With `--case` the answers are those of a case of the row's cases.toml, and
the entry stands beside that of the defaults.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from entries import Entry, find_entry, keep_entry, key_of, kill_cell, kill_share, read_entries
from renderings import ROOT, facts_of, keep_facts, rendered_digest
from scaffold.checkout.find import Checkout
from scaffold.kit.cases import load_cases
from scaffold.kit.catalog import Gap, Kit, Twin, load_kit, load_twins
from scaffold.proof.runner import Subject, VerifyOptions, load_runner
from tables import table

LEDGER = ROOT / "field" / "ledger.json"
TABLE = ROOT / "docs" / "ledger.md"
IGNORED = shutil.ignore_patterns(".git", "node_modules", "target", ".venv", "__pycache__")
SET_UP = {"vitest": ["npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit"]}
"""Runner -> what installs the packages of a checkout; `npm ci` refuses those that a row adds."""
WITHOUT_TESTS = {
    **dict.fromkeys(("generated", "passed", "known_defects", "todo", "invalid"), 0),
    **{"targets": [], "survivors": []},
}
"""What `verify` would find of a row that only edits."""
NAMED = 5  # problems of a red row


class FieldError(Exception):
    """A row did not do on a real checkout what it must."""


def main() -> int:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "check", "table"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--case", default="default", help="answers from cases.toml; with --gap")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_intermixed_args()
    kit = load_kit(ROOT)
    if options.action == "check":
        return check(kit, read_ledger())
    if options.action == "run":
        run(kit, options)
    write_table(kit, read_ledger())
    return 0


def run(kit: Kit, options: argparse.Namespace) -> None:
    """Prove every finished row on every checkout, and write the ledger after each."""
    for given in options.checkouts:
        commit, folder = named(given)
        for gap in kit.gaps.values():
            wanted = gap.slug in options.gap if options.gap else gap.state == "ready"
            if gap.built and wanted:
                ledger = read_ledger()
                entry = prove(kit, gap, commit, folder, ledger, options)
                keep_entry(LEDGER, entry)


def named(given: str) -> tuple[str, Path]:
    """Commit and folder of `NAME=DIR`, or of a git checkout."""
    name, sign, folder = given.partition("=")
    if sign:
        return name, Path(folder).resolve()
    head = subprocess.run(
        ["git", "rev-parse", "--short=8", "HEAD"], cwd=given, capture_output=True, text=True
    )
    if head.returncode != 0:
        sys.exit(f"{given} is no git checkout: name its commit, COMMIT={given}")
    return head.stdout.strip(), Path(given).resolve()


def prove(
    kit: Kit, gap: Gap, commit: str, folder: Path, ledger: list[Entry], options: argparse.Namespace
) -> Entry:
    """The entry of one row on one checkout, run only where its rendering is new."""
    case: str = options.case
    findings = Checkout(folder).find(gap)
    if findings.retired:
        say(f"{gap.slug} {commit}: retired")
        return {"gap": gap.slug, "commit": commit, "retired": True}
    keep_facts(commit, gap, findings)
    digest = rendered_digest(kit, gap, findings.facts(), case)
    earlier = find_entry(ledger, gap.slug, commit, case)
    if earlier is not None and earlier.get("digest") == digest:
        say(f"{gap.slug} {commit}: rendered as before, kept")
        return with_reasons(gap, earlier)
    with tempfile.TemporaryDirectory(prefix="scaffold-field-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=IGNORED, symlinks=True)
        measured = measure(gap, copy, options)
    named_case = {} if case == "default" else {"case": case}
    entry = {"gap": gap.slug, "commit": commit, **named_case, "digest": digest, **measured}
    return with_reasons(gap, entry)


def measure(gap: Gap, copy: Path, options: argparse.Namespace) -> Entry:
    """new, suites before and after, verify with all mutants, second run, undo."""
    first = snapshot(copy)
    before = suites(gap, copy, (), options)
    say(f"{gap.slug}: {len(before)} tests were there; new")
    new = ["new", "--gap", gap.slug, "-C", str(copy), "--json", *settings(gap, options.case)]
    scaffold(*new)
    written = snapshot(copy)
    with installed(gap, copy):
        proof = verified(gap, copy, options) if gap.run else WITHOUT_TESTS
        after = suites(gap, copy, generated_files(copy), options)
    before = without_removed(before, copy, gap)
    same = not scaffold(*new)["written"] and without_proofs(snapshot(copy)) == written
    scaffold("undo", "-C", str(copy), "--json")
    exact = snapshot(copy) == first
    if not same or not exact or before != after:
        told = f"second run same: {same}, undo exact: {exact}, suites alike: {before == after}"
        raise FieldError(f"{gap.slug}: {told}")
    keys = ("generated", "passed", "known_defects", "todo", "invalid", "targets", "survivors")
    return {
        **{key: proof[key] for key in keys},
        "suites": len(before),
        "second_run": "same",
        "undo": "exact",
    }


def verified(gap: Gap, copy: Path, options: argparse.Namespace) -> Entry:
    """The outcome of `verify` with all mutants."""
    say(f"{gap.slug}: verify with all mutants")
    python = ["--python", options.python] if options.python else []
    proof: Entry = scaffold(
        *["verify", gap.slug, "-C", str(copy), "--mutants", "all", "--json"],
        *["--jobs", str(options.jobs), *python],
        accept=(0, 6),
    )["outcomes"][0]
    if proof["verdict"] == "red":
        raise FieldError(f"{gap.slug}: {'; '.join(proof['problems'][:NAMED])}")
    return proof


@contextmanager
def installed(gap: Gap, copy: Path) -> Iterator[None]:
    """The packages that the runner needs are there; afterwards the copy is as it was before."""
    command = SET_UP.get(gap.run.runner) if gap.run else None
    if command is None:
        return (yield)
    locks = {path: path.read_bytes() for path in copy.glob("*lock*") if path.is_file()}
    say(f"{gap.slug}: {' '.join(command)}")
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    if done.returncode != 0:
        raise FieldError(f"{gap.slug}: {' '.join(command)}: {done.stderr.strip()[-300:]}")
    try:
        yield
    finally:
        for path, content in locks.items():
            path.write_bytes(content)
        for folder in [*copy.rglob("node_modules")]:
            shutil.rmtree(folder, ignore_errors=True)


def settings(gap: Gap, case: str) -> list[str]:
    """The options of `scaffold new` that give the answers of a case."""
    answers = load_cases(gap)[case]
    return [part for name, value in answers.items() for part in ("--set", f"{name}={value}")]


def suites(
    gap: Gap, copy: Path, files: Sequence[str], options: argparse.Namespace
) -> dict[str, str]:
    """The checkout's own tests beside the row, by name: their outcomes."""
    if gap.run is None or not (copy / gap.run.root).is_dir():
        return {}  # a row may make the folder
    subject = Subject(gap.slug, copy, gap.run, tuple(files), ())
    chosen = VerifyOptions(python=options.python, jobs=options.jobs)
    evidence = load_runner(gap.run.runner).examine([subject], chosen, lambda line: None)[0]
    return {test.id: test.outcome for test in evidence.baseline.tests}


def records_of(copy: Path) -> dict[str, Any]:
    """What the state keeps of each row."""
    rows: dict[str, Any] = json.loads((copy / ".scaffold" / "state.json").read_text("utf-8"))
    return dict(rows["gaps"])


def generated_files(copy: Path) -> list[str]:
    """What was written, as the state tells: the row, and what it needs of other rows."""
    return [path for record in records_of(copy).values() for path in record["files"]]


def without_removed(before: Mapping[str, str], copy: Path, gap: Gap) -> dict[str, str]:
    """The suites as they were, less the tests of files that the row deleted."""
    modules = {Path(path).stem for path in records_of(copy)[gap.slug].get("removed", ())}
    return {name: how for name, how in before.items() if not modules & set(name.split("::"))}


def scaffold(*arguments: str, accept: Sequence[int] = (0,)) -> Any:
    """The JSON document of a real command."""
    done = subprocess.run(
        [sys.executable, "-m", "scaffold", *arguments], stdout=subprocess.PIPE, text=True
    )
    if done.returncode not in accept:
        raise FieldError(f"scaffold {' '.join(arguments)} ended with {done.returncode}")
    return json.loads(done.stdout)


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder with its mode and content."""
    return {
        path.relative_to(root).as_posix(): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in sorted(root.rglob("*"))
    }


def without_proofs(tree: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """The tree without what `verify` keeps for `status`."""
    return {
        path: value for path, value in tree.items() if not path.startswith(".scaffold/verified")
    }


def with_reasons(gap: Gap, entry: Entry) -> Entry:
    """The entry with a sentence beside each survivor, from the row's survivors.toml."""
    twins = load_twins(gap)
    survivors = [
        {**item, **explanation(item, twins)}
        for item in sorted(entry["survivors"], key=lambda item: (item["file"], item["line"]))
    ]
    return {**entry, "survivors": survivors}


def explanation(survivor: Mapping[str, Any], twins: Sequence[Twin]) -> dict[str, Any]:
    """Why it survives, and whether any test could tell it apart; empty where nobody said so."""
    place = (survivor["file"], survivor["operator"], survivor["change"])
    twin = next((twin for twin in twins if twin.fits(*place)), None)
    if twin is None:
        return {"reason": "", "equivalent": False}
    return {"reason": twin.reason, "equivalent": twin.equivalent}


def read_ledger() -> list[Entry]:
    """All entries."""
    return read_entries(LEDGER)


def check(kit: Kit, ledger: Sequence[Entry]) -> int:
    """Print what is wrong; 1 where a finished row has no entry or one below its bar."""
    commits = sorted({entry["commit"] for entry in ledger})
    problems = []
    for gap in kit.gaps.values():
        if gap.state != "ready":
            continue
        for commit in commits or ["any commit"]:
            if find_entry(ledger, gap.slug, commit) is None:
                problems.append(f"{gap.slug} has no entry at {commit}")
        for entry in (item for item in ledger if item["gap"] == gap.slug):
            if not entry.get("retired"):
                problems += [f"{name_of(entry)}: {line}" for line in below(gap, entry)]
    for line in stale(kit, ledger):
        print(f"stale: {line}")
    for problem in problems:
        print(f"ledger: {problem}")
    if problems:
        print('run it again with: make field PLANO="COMMIT=DIR …"')
    return 1 if problems else 0


def below(gap: Gap, entry: Entry) -> Iterator[str]:
    """Bars of the row that the entry misses, and survivors that nobody explained."""
    bars = {path: target for target in gap.targets for path in target.paths}
    for item in entry["targets"]:
        target = bars.get(item["path"])
        if target is None:
            continue
        if target.line_pct is not None and (item["line_cov_pct"] or 0) < target.line_pct:
            yield f"{item['path']}: {item['line_cov_pct']} % of lines, not {target.line_pct}"
        share = kill_share(entry, item)
        if target.kill_pct is not None and share < target.kill_pct:
            yield f"{item['path']}: {share:.1f} % killed, not {target.kill_pct}"
    for survivor in entry["survivors"]:
        if not survivor["reason"]:
            yield (
                f"survivor without a sentence: {survivor['file']}:{survivor['line']} "
                + (survivor["change"])
            )


def stale(kit: Kit, ledger: Sequence[Entry]) -> Iterator[str]:
    """Entries whose row renders otherwise today, found from the facts that were kept."""
    for entry in ledger:
        gap = kit.gaps.get(entry["gap"])
        if gap is None or entry.get("retired"):
            continue
        if rendered_digest(kit, gap, facts_of(entry), key_of(entry)[2]) != entry["digest"]:
            yield name_of(entry)


def name_of(entry: Entry) -> str:
    """Row, commit and case, as a line of `check` names an entry."""
    return f"{entry['gap']} {entry['commit']}{in_brackets(entry)}"


def in_brackets(entry: Entry, note: str = "") -> str:
    """The case of an entry behind a name, and a note; nothing for the defaults."""
    told = ", ".join(filter(None, (entry.get("case"), note)))
    return f" ({told})" if told else ""


def write_table(kit: Kit, ledger: Sequence[Entry]) -> None:
    """docs/ledger.md: one line a row and commit."""
    from field_parts import section as parts  # which use this module
    from mends import section as mends
    from python_314 import section as python_314

    header = ["row", "commit", "tests", "known defects", "own suites", "target", "lines", "killed"]
    known = [entry for entry in ledger if entry["gap"] in kit.gaps]
    earlier = set(stale(kit, known))
    lines = [
        "# What was proved on real checkouts",
        "",
        "Made by `make field` from `field/ledger.json`; not written by hand. Killed: of the viable",
        "mutants that a test can tell apart; the others are not counted, and each row's",
        "survivors.toml explains them.",
        "In brackets: a case of the row's cases.toml; stale where the row renders otherwise since.",
        "",
        *table(header, (row for one in known for row in rows_of(one, name_of(one) in earlier))),
        *mends(),
        *parts(),
        *python_314(),
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows_of(entry: Entry, is_stale: bool = False) -> Iterator[list[object]]:
    """The lines of an entry, one for each target that says something, or one in all."""
    first = [entry["gap"] + in_brackets(entry, "stale" * is_stale), entry["commit"]]
    if entry.get("retired"):
        yield [*first, "retired", "", "", "", "", ""]
        return
    first += [entry["generated"], entry["known_defects"], entry["suites"]]
    telling = [item for item in entry["targets"] if item["viable"] or item["line_bar_pct"]]
    for item in telling:
        lines_run = "unknown" if item["line_cov_pct"] is None else f"{item['line_cov_pct']:g} %"
        yield [*first, item["path"], lines_run, kill_cell(entry, item)]
    if not telling:
        yield [*first, "only edits", "", ""]


def say(line: str) -> None:
    """Progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FieldError as error:
        sys.exit(f"error: {error}")
