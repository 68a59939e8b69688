"""Text for a terminal, for XML and for JSON: nothing hidden, nothing broken, whatever it holds."""

from __future__ import annotations

import json
import math
import shlex
import subprocess
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.commands import report
from scaffold.commands.proof.junit import to_junit
from scaffold.plan.changes import Action, Change
from scaffold.proof.outcome import Outcome, why_red
from scaffold.proof.runner import TestResult
from scaffold.system import invocation
from scaffold.system.output import block, json_text, visible, xml_text

HOSTILE = {
    "\x1b[2K\x1b[1A": r"\x1b[2K\x1b[1A",
    "a\nb\rc\td": r"a\nb\rc\td",
    "\x9b31m\x7f\x00": r"\x9b31m\x7f\x00",
    "\u202eabc\u2066": r"\u202eabc\u2066",
    "\u200b\u2060\ufeff\u00ad\u3164\u115f\ufe0f": r"\u200b\u2060\ufeff\xad\u3164\u115f\ufe0f",
    "\udcff\ud800": r"\xff\ud800",
    "\u2028\u2029\x85": r"\u2028\u2029\x85",
    "\U000e0041": r"\U000e0041",
    "äöü € 漢字 · …": "äöü € 漢字 · …",
}
anything = st.text(st.characters(codec=None, categories=None), max_size=60)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_moves_the_cursor_or_hides_is_shown(text: str) -> None:
    assert visible(text) == HOSTILE[text]


@given(anything)
def test_a_line_stays_one_line_of_visible_characters(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() and len(shown.splitlines()) <= 1
    assert all(unicodedata.category(char)[0] != "C" for char in shown)
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(anything)
def test_a_block_keeps_its_lines_and_shows_all_else(text: str) -> None:
    assert block(text).count("\n") == text.count("\n")
    assert block(text).replace("\n", "").replace("\t", "").isprintable()


@given(anything)
def test_xml_is_well_formed_for_any_text(text: str) -> None:
    whole = f"<a b='' >{xml_text(text).replace('&', '&amp;').replace('<', '&lt;')}</a>"
    read = ElementTree.fromstring(whole.encode("utf-8")).text or ""
    # A parser makes one line end of each kind.
    assert read == xml_text(text).replace("\r\n", "\n").replace("\r", "\n")


def outcome(test: TestResult, gap: str = "prices") -> Outcome:
    return Outcome(
        gap=gap, tests=(test,), baseline=0, targets=(), command="", seconds=math.nan,
    )  # fmt: skip


@given(anything, anything, st.sampled_from(["failed", "skipped", "xfailed", "error"]))
def test_junit_is_well_formed_for_any_id_and_message(name: str, message: str, kind: str) -> None:
    text = to_junit([outcome(TestResult(name, kind, message))])
    (case,) = ElementTree.fromstring(text.encode("utf-8")).iter("testcase")
    assert case.get("name") == xml_text(name)
    # A red test has a sentence of ours around its message.
    told = why_red(TestResult(name, kind, message))
    assert case[0].get("message") in (xml_text(message), xml_text(told))


@given(anything, anything)
def test_no_test_can_forge_a_line_of_the_record(name: str, message: str) -> None:
    plain = report.outcomes([outcome(TestResult("a", "failed", "b"))])
    hostile = report.outcomes([outcome(TestResult(name, "failed", message))])
    assert len(hostile.splitlines()) == len(plain.splitlines())


@given(anything, anything)
def test_no_path_and_no_note_can_forge_a_line_of_the_plan(path: str, note: str) -> None:
    change = Change(path, "g", Action.CREATE, None, b"", note=note)
    assert len(report.plan_lines([change], [note]).splitlines()) == 2
    assert len(report.table([[path, note]], ["a", "b"]).split("\n")) == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)


def no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


@given(values)
def test_json_is_strict_ascii_for_any_value(value: Any) -> None:
    text = json_text({"value": value})
    assert text.isascii()
    read = json.loads(text, parse_constant=no_constant)
    # Text without halves of characters, as a strict reader wants it.
    json.dumps(read, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    "word", ["plain", "two words", "it's", "a\nb", "\x1b[1m", "\udcff%d\\n\n."]
)
def test_a_quoted_word_is_read_back_by_any_shell(word: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {invocation.quoted(word)}"], capture_output=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")


def test_commands_name_the_folder_and_the_kit_of_this_run(tmp_path: Path) -> None:
    run = invocation.begin(["status"])
    run.checkout, run.kit, run.root = Path("my dir"), Path("kit"), tmp_path
    told = invocation.command
    assert told("scaffold undo") == "scaffold undo --dry-run -C 'my dir' --kit kit"
    assert told("scaffold verify") == "scaffold verify -C 'my dir' --kit kit"
    assert told("scaffold list") == "scaffold list --kit kit"
    assert told("scaffold verify --help") == "scaffold verify --help"
    assert told("scaffold new") == "scaffold new --dry-run -C 'my dir' --kit kit"
    assert told("ls -l a.py", in_checkout=True) == f"(cd {tmp_path} && ls -l a.py)"
    assert told("ls -l a.py") == "ls -l a.py"
    assert told("cd crates && cargo fetch") == f"(cd {tmp_path} && cd crates && cargo fetch)"
    assert told("ls -ld /etc", in_checkout=True) == "ls -ld /etc"
    assert told('export TMPDIR="$HOME"', in_checkout=True) == 'export TMPDIR="$HOME"'
    edit = invocation.edit("my file")
    assert told(edit, in_checkout=True) == f"(cd {tmp_path} && ${{EDITOR:-vi}} 'my file')"
    assert invocation.begin(["new"]).checkout is None
    assert told("scaffold new") == "scaffold new"


@pytest.mark.parametrize(
    ("typed", "hint", "line"),
    [
        ("new --gap x", "--on-conflict skip", "new --gap x --on-conflict skip"),
        (
            "new --on-conflict merge -C 'a b'",
            "--on-conflict skip",
            "new -C 'a b' --on-conflict skip",
        ),
        ("new --on-conflict=merge --gap x", "--on-conflict skip", "new --gap x --on-conflict skip"),
        ("new --set a=1 --set b=2", "--set a=3", "new --set b=2 --set a=3"),
        ("new --set a=1 --set bb=2", "--set b=2", "new --set a=1 --set b=2"),
        ("new --gap x --dry-run", "--set a='1 2'", "new --gap x --dry-run --set a='1 2'"),
        ("verify --shard 9 -- x", "--shard 1/4", "verify --shard 1/4 -- x"),
        ("new --gap 'x;y'", invocation.AGAIN, "new --gap 'x;y'"),
        ("verify --shard 9 x", invocation.HELP, "verify --help"),
    ],
)  # fmt: skip
def test_a_hint_that_is_an_option_is_the_line_that_was_typed(
    typed: str, hint: str, line: str
) -> None:
    invocation.begin(shlex.split(typed))
    assert invocation.command(hint) == f"scaffold {line}"
