"""The end-to-end rows against a real stack: which test ran against what, and how long.

    python tools/stack.py run COMMIT=DIR --binaries DIR --stack WORDS [--python EXE]
    python tools/stack.py run COMMIT=DIR … --mended WORDS     only what failed without these mends
    python tools/stack.py table                      docs/stack.md from field/stack.json

All rows are written into a copy of the checkout; its own Bedrock tests run there as well, and the
tests that fail today. `--binaries` is what PLANO_BINARIES of `pytest_orchestration` names, WORDS
says what lies there; with `--mended` they were built from a checkout with the mends of another row.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checkouts import end
from entries import Entry, keep_entry, read_entries
from field import IGNORED, FieldError, generated_files, named, records_of, say, scaffold
from renderings import ROOT
from tables import table

RESULTS = ROOT / "field" / "stack.json"
PAGE = ROOT / "docs" / "stack.md"
PLUGIN = ROOT / "tools" / "plugins" / "recorded.py"
SUITE = "tests/e2e"
ROWS = ("pytest_orchestration", "bedrock_mock", "e2e_errors", "concurrency", "pg_state")
FAILING = ("e2e_errors_failing_today=true", "pg_state_failing_today=true")
OWN = {
    "test_model_alias_routing.py": "bedrock or coding_model",
    "test_openai_responses_api_client.py": "bedrock",
}
"""Files of the checkout's own tests that `bedrock_mock` edits -> which of their tests."""
GATEWAYS = {"mock_gateway", "bedrock_gateway", "start_gateway"}
"""Fixtures that start a gateway: a test with one of them runs against the stack."""
LIMIT_S = 3600


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--binaries", type=Path, help="folder of the programs of the stack")
    parser.add_argument("--stack", default="", help="what they are")
    parser.add_argument("--mended", default="", help="the defects that were mended in them")
    parser.add_argument("--python", default=sys.executable, help="has what the tests import")
    options = parser.parse_intermixed_args()
    for given in options.checkouts if options.action == "run" else ():
        commit, folder = named(given)
        for entry in measured(commit, folder, options):
            keep_entry(RESULTS, entry)
    PAGE.write_text("\n".join(page(read_entries(RESULTS))) + "\n", encoding="utf-8")
    return 0


def measured(commit: str, folder: Path, options: argparse.Namespace) -> Iterator[Entry]:
    """The entry of each row at a commit."""
    with tempfile.TemporaryDirectory(prefix="scaffold-stack-") as scratch:
        copy = Path(scratch) / "checkout"
        shutil.copytree(folder, copy, ignore=IGNORED, symlinks=True)
        rows = [word for row in ROWS for word in ("--gap", row)]
        rows += [word for answer in FAILING for word in ("--set", answer)]
        scaffold("new", *rows, "-C", str(copy), "--json")
        owners = owners_of(copy)
        found: dict[str, dict[str, Any]] = {}
        ours = sorted(Path(path).name for path in owners if Path(path).name.startswith("test_"))
        chosen = " or ".join(failed(commit)) if options.mended else ""
        own = () if options.mended else OWN.items()
        for files, only in ((ours, chosen), *(([name], only) for name, only in own)):
            say(f"{commit}: {', '.join(files)}")
            found |= recorded(copy / SUITE, files, only, options)
    for row in ROWS:
        mine = {
            name: test
            for name, test in found.items()
            if owners.get(f"{SUITE}/{name.partition('::')[0]}", "bedrock_mock") == row
        }
        case = {"case": f"mended: {options.mended}"} if options.mended else {}
        entry = {"gap": row, "commit": commit, **case, "stack": options.stack}
        if mine or not options.mended:
            yield {**entry, "tests": lines_of(mine)}


def failed(commit: str) -> list[str]:
    """The tests that failed at a commit without mends.

    Raises:
        FieldError: None did, or none was run.
    """
    whole = (one for one in read_entries(RESULTS) if one["commit"] == commit and "case" not in one)
    tests = (test for one in whole for test in one["tests"])
    found = {test["test"] for test in tests if "failed" in test["outcomes"]}
    if not found:
        raise FieldError(f"no test that failed at {commit} is in {RESULTS.name}")
    return sorted(found)


def owners_of(copy: Path) -> dict[str, str]:
    """Each generated file, with the row that wrote it."""
    assert generated_files(copy)
    return {path: row for row, record in records_of(copy).items() for path in record["files"]}


def recorded(
    suite: Path, files: list[str], chosen: str, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """What pytest did with these files: test -> outcome, seconds, fixtures."""
    place = suite / "recorded.json"
    argv = [options.python, "-m", "pytest", "-q", "-p", PLUGIN.stem, "-o", "addopts=", "-o"]
    argv += ["retries=0", *files, *(["-k", chosen] if chosen else [])]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PLUGIN.parent), str(suite.parents[1] / "cli")]),
        "PLANO_BINARIES": str(options.binaries.resolve()),
        "RECORDED": str(place),
    }
    done = subprocess.run(argv, cwd=suite, env=env, stdout=sys.stderr, timeout=LIMIT_S)
    if not place.is_file():
        raise FieldError(f"pytest {' '.join(files)} ended with {done.returncode}")
    found: dict[str, dict[str, Any]] = json.loads(place.read_text("utf-8"))
    place.unlink()
    return found


def lines_of(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One line for each test function: how many cases, what they did, and against what."""
    cases: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for name, test in found.items():
        file, _, function = name.partition("::")
        cases[file, function.partition("[")[0]].append(test)
    return [
        {
            "file": file,
            "test": test,
            "against": "stack" if any(GATEWAYS & {*one["fixtures"]} for one in all_) else "mock",
            "outcomes": {
                outcome: sum(one["outcome"] == outcome for one in all_)
                for outcome in sorted({one["outcome"] for one in all_})
            },
            "seconds": round(sum(one["seconds"] for one in all_), 1),
        }
        for (file, test), all_ in sorted(cases.items())
    ]


def page(entries: Iterable[Entry]) -> Iterator[str]:
    """docs/stack.md."""
    yield from (
        "# What ran against a real stack",
        "",
        "Made by `make stack` from `field/stack.json`; not written by hand. The end-to-end rows",
        "on a copy of the checkout, with the tests that fail today (`e2e_errors_failing_today`,",
        "`pg_state_failing_today`) and Plano's own Bedrock tests. Seconds are those of all cases,",
        "the start of a gateway included. What needs no gateway ran against the programs and the",
        "mock that the rows write themselves.",
    )
    for entry in entries:
        tests = entry["tests"]
        case = f", {entry['case']}" if "case" in entry else ""
        sums = [
            [against, *counts(one for one in tests if one["against"] == against)]
            for against in ("stack", "mock")
        ]
        yield from (
            "",
            f"## {entry['gap']} at {entry['commit']}{case}",
            "",
            f"Stack: {entry['stack']}.",
            "",
        )
        yield from table(["against", "cases", "passed", "seconds"], sums)
        on_stack = [one for one in tests if one["against"] == "stack"]
        if on_stack:
            rows = [[one["file"], one["test"], told(one), one["seconds"]] for one in on_stack]
            yield ""
            yield from table(["file", "test against the stack", "cases", "seconds"], rows)


def counts(tests: Iterable[Mapping[str, Any]]) -> list[object]:
    """Cases, passed ones and seconds of some tests."""
    listed = list(tests)
    cases = sum(sum(one["outcomes"].values()) for one in listed)
    passed = sum(one["outcomes"].get("passed", 0) for one in listed)
    return [cases, passed, round(sum(one["seconds"] for one in listed), 1)]


def told(test: Mapping[str, Any]) -> str:
    """What the cases of a test did, in words."""
    return ", ".join(f"{count} {outcome}" for outcome, count in test["outcomes"].items())


if __name__ == "__main__":
    end(main)
