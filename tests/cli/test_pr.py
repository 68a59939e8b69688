"""`scaffold pr` on the demo kit: the text for a pull request."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scaffold.commands.pr.content import LIMITS
from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot, write_files


def run(tree: Path, *arguments: str) -> Ran:
    """A command on the copy of the miniature code base."""
    return scaffold(*arguments, "--kit", DEMO_KIT, "-C", tree)


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def test_a_gap_that_was_not_proved_is_described_as_such(tree: Path) -> None:
    assert run(tree, "new", "--gap", "prices").code == 0
    before = snapshot(tree)
    done = run(tree, "pr", "prices")
    assert done.code == 0 and snapshot(tree) == before
    first, _, rest = done.out.partition("\n\n")
    assert first.startswith("Adds 9 tests for `parcels/prices.py`: what a parcel costs. ")
    assert first.endswith(
        "1 of them states right behaviour that the code violates today, as a strict expected "
        "failure."
    )
    assert headings(rest) == [
        "## What was not tested",
        "## What is tested now",
        "## Defects that these tests show",
        "## What is not proved",
        "## How to run it",
    ]
    assert "| `tests/test_prices.py` | " in rest
    assert "not measured; the tests were not proved here" in rest
    assert "- Nothing was run: these tests were written and not proved." in rest
    assert "$ python -m pytest tests/test_prices.py" in rest
    assert done.err == "title: Add tests: prices.py: what a parcel costs\n"


def test_a_proof_gives_coverage_and_kills_and_is_named_where_it_is_stale(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    done = run(tree, "verify", "labels", "--mutants", "all", "--python", sys.executable)
    assert done.code == 0
    row = next(r for r in json.loads(run(tree, "status", "--json").out)["gaps"]
               if r["gap"] == "labels")  # fmt: skip
    proof = row["verified"]
    text = run(tree, "pr").out
    assert "| lines run of `parcels/labels.py` | not measured | 100 % (bar: 100 %) |" in text
    killed = f"{proof['killed']} of {proof['viable']}"
    assert f"| mutants killed | not measured | {killed} |" in text
    assert f"Verdict: proved. {proof['generated']} cases ran: {proof['passed']} passed." in text
    assert "stale" not in text
    with (tree / "parcels" / "labels.py").open("a") as file:
        file.write("\nMORE = 1\n")
    text = run(tree, "pr").out
    assert "These numbers are stale: parcels/labels.py changed." in text
    assert "- The proof is stale: parcels/labels.py changed." in text
    assert "Verdict: proved (stale)." in text


def test_the_tests_that_were_there_are_measured_on_request(tree: Path) -> None:
    (tree / "tests" / "test_own.py").write_text(
        "from parcels.prices import base_price\n\n\n"
        "def test_a_parcel_costs_something():\n    assert base_price(300) == 290\n"
    )
    assert run(tree, "new", "--gap", "prices").code == 0
    verify = ["verify", "prices", "--mutants", "all", "--python", sys.executable]
    assert run(tree, *verify).code == 0
    text = run(tree, "pr").out
    assert "| mutants killed | not measured | " in text
    assert "`scaffold verify prices --mutants all --before`." in text
    assert run(tree, *verify, "--before").code == 0
    rows = json.loads(run(tree, "status", "--json").out)["gaps"]
    proof = next(row for row in rows if row["gap"] == "prices")["verified"]
    [before] = proof["before"]
    assert 0 < before["killed"] < proof["killed"]
    assert before["viable"] >= proof["viable"]
    text = run(tree, "pr").out
    assert f"| {before['line_cov_pct']:g} % | 100 %" in text
    assert f"| mutants killed | {before['killed']} of {before['viable']} | " in text
    assert "--before" not in text


def test_a_part_holds_its_own_files_and_names_the_others(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    text = run(tree, "pr", "labels", "--part", "numbers").out
    assert "`tests/test_tracking_numbers.py`" in text and "test_labels.py" not in text
    assert "conftest" not in text
    assert "More parts follow: addresses." in text
    whole = run(tree, "pr", "--part", "labels:numbers", "--part", "labels:addresses").out
    assert "`tests/conftest.py`" in whole and "More parts" not in whole


def test_without_a_name_all_that_is_written_is_one_text(tree: Path) -> None:
    assert run(tree, "new", "--all").code == 0
    done = run(tree, "pr")
    assert done.out.startswith("Adds 16 tests for 2 gaps, in 4 files.\n")
    assert [line for line in headings(done.out) if line.startswith("## ")] == [
        "## Add tests: prices.py: what a parcel costs",
        "## Add tests: labels.py: addresses and tracking numbers",
    ]


@pytest.mark.parametrize(
    ("words", "fact", "hint"),
    [
        (["prices"], "'prices' is not written in this checkout", "scaffold new --gap prices"),
        (["labels", "--part", "addresses"], "'labels:addresses' is not written in this checkout",
         "scaffold new --part labels:addresses"),
        (["labels", "--part", "adresses"],
         "'labels' has no part 'adresses'; the closest match is 'addresses'",
         "scaffold pr labels --part addresses"),
        (["lables"], "there is no gap called 'lables'; the closest match is 'labels'",
         "scaffold pr labels"),
    ],
)  # fmt: skip
def test_what_is_not_written_is_refused(tree: Path, words: list[str], fact: str, hint: str) -> None:
    assert run(tree, "new", "--part", "labels:numbers").code == 0
    done = run(tree, "pr", *words)
    assert (done.code, done.fact, done.hint.removesuffix(" --dry-run"), done.out) == (
        2, fact, hint, "",
    )  # fmt: skip


def test_where_nothing_is_written_there_is_nothing_to_describe(tree: Path) -> None:
    done = run(tree, "pr")
    assert (done.code, done.fact) == (2, "nothing is written in this checkout")


def document(kit: Path, tree: Path, *words: str) -> Any:
    return json.loads(scaffold("pr", *words, "--json", "--kit", kit, "-C", tree).out)


def test_other_tests_of_the_target_are_counted_as_there_before(tree: Path) -> None:
    write_files(tree, {"tests/test_mine.py": "from parcels import labels\nlabels.sender\n"
                                             "labels.check_digit(1)\n"})  # fmt: skip
    assert run(tree, "new", "--gap", "labels").code == 0
    before = document(DEMO_KIT, tree)["gaps"][0]["before"]
    assert before["files"] == ["tests/test_mine.py"] and "check_digit" in before["reached"]
    assert "`tests/test_mine.py`" in run(tree, "pr").out


README = """# row
## Questions
- Is `small_sum` meant to be zero?
- Is `other_sum` meant to be one?
- Is it meant?

## What they cannot prove
- All of it.
"""


def test_questions_are_those_about_the_files_of_the_part(tmp_path: Path) -> None:
    parts = [
        {"name": "one", "title": "a | b", "files": ["tests/test_one.py"]},
        {"name": "two", "title": "Two", "files": ["tests/test_two.py"]},
    ]
    kit = write_kit(
        tmp_path / "kit",
        {
            "row/gap.toml": gap_toml(parts=parts),
            "row/README.md": README,
            "row/files/tests/test_one.py": '"""One | of them."""\n\n\ndef test_small_sum():\n'
            "    assert 1\n",
            "row/files/tests/test_two.py": "def test_two():\n    assert 1\n",
        },
    )
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", app).code == 0
    one = document(kit, app, "--part", "row:one")
    assert one["gaps"][0]["questions"] == "- Is `small_sum` meant to be zero?\n- Is it meant?"
    assert one["title"] == "Add tests: a | b"
    assert "| One \\| of them |" in one["text"]
    whole = document(kit, app)["gaps"][0]
    assert whole["questions"].count("\n") == 2 and whole["limits"] == "- All of it."


def test_a_row_without_tests_says_what_changes(tmp_path: Path) -> None:
    lines = '[[lines]]\nold = "import helper"\nnew = "from tests import helper"\n'
    row = gap_toml(
        title="Gap 1: one folder of helpers",
        moves=[{"from": "helper.py", "to": "tests/helper.py"}],
        removes=[{"path": "old.py"}],
        edits=[{"kind": "replace", "path": "app.py", "payload": "app.toml"}],
    )
    kit = write_kit(
        tmp_path / "kit",
        {
            "row/gap.toml": row,
            "row/README.md": f"# Row\n\n## {LIMITS}\nThat it is wanted.\n",
            "row/files/tests/more.py": '"""More of them."""\n',
            "row/files/.scaffold-edits/app.toml": lines,
        },
    )
    files = {"app.py": "import helper\n", "helper.py": "ONE = 1\n", "old.py": ""}
    app = write_files(tmp_path / "app", files)
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", app).code == 0

    one = document(kit, app)

    assert one["title"] == "Add tests: one folder of helpers"
    assert one["text"] == (
        "One folder of helpers. Files: 1 added, 1 edited, 1 moved, 1 deleted.\n\n"
        "## Why\n- Gap 1: Test it.\n\n"
        "## What changes\n"
        "| file | lines | tests | subject |\n|---|---:|---:|---|\n"
        "| `tests/more.py` | 1 |  | More of them |\n"
        "| `app.py` | | | edited: `import helper …` |\n"
        "| `helper.py` | | | moved to `tests/helper.py` |\n"
        "| `old.py` | | | deleted |\n\n"
        "## What is not proved\n- Nothing was run.\n\nThat it is wanted.\n\n"
        "## How to run it\n```console\n$ python -m pytest\n```\n"
    )


DEFECT = {
    "id": "sum-of-none",
    "severity": "crash",
    "file": "app.py",
    "function": "double",
    "today": "`None` ends in a TypeError",
    "expected": "zero | nothing",
    "source": "its docstring",
    "reached_from": "app",
    "tests": ["test_double_of_none"],
}
TESTS = """import pytest
from app import double


@pytest.mark.xfail(strict=True, raises=TypeError, reason="None ends in a TypeError")
def test_double_of_none():
    assert double(None) == 0
"""
MEND = """[[mend]]
[[mend.change]]
file = "app.py"
find = "return n * 2"
leave = "return (n or 0) * 2"
"""


def test_a_described_defect_has_its_source_and_its_mend(tmp_path: Path) -> None:
    defect = "[[defect]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in
                                      DEFECT.items())  # fmt: skip
    kit = write_kit(
        tmp_path / "kit",
        {
            "row/gap.toml": gap_toml(),
            "row/defects.toml": defect,
            "row/mends/sum-of-none.toml": MEND,
            "row/files/tests/test_one.py": TESTS,
        },
    )
    app = write_files(tmp_path / "app", {"app.py": "def double(n):\n    return n * 2\n"})
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", app).code == 0
    text = document(kit, app)["text"]
    assert (
        "- **sum-of-none** (crash), in `app.py: double`. Today: `None` ends in a TypeError. "
        "Expected: zero \\| nothing (its docstring). Shown by `test_double_of_none`."
    ) in text
    assert "  ```diff\n  diff --git a/app.py b/app.py\n" in text
    assert "  -    return n * 2\n  +    return (n or 0) * 2\n  ```" in text
    shown = document(kit, app)["gaps"][0]["defects"][0]
    assert shown["reason"] == "None ends in a TypeError"
