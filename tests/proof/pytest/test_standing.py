"""A test that stands in a generated file and did not run is red, whatever kept it from running."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.checkout.verdict import Verdict
from scaffold.kit.catalog import RunSpec
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Subject, VerifyOptions
from scaffold.proof.verify import verify
from support.tree import write_files

OPTIONS = VerifyOptions(python=sys.executable, jobs=2)
FILE = "tests/test_gen_stands.py"
RUNS = "import pytest\n\n\ndef test_runs():\n    pass\n\n\n"
HOOK = """\
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "stands" not in item.name]
"""
DESELECTS = """\
def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=items[1:])
    del items[1:]
"""
IGNORES = """\
def pytest_pycollect_makeitem(name):
    return [] if name == "test_stands" else None
"""
NO_ALARM = '''\
import sys
import unittest


class TestServer:
    """A helper without a test."""

    def __init__(self): pass
    def start(self): pass


class Shared:
    def test_of_all(self): pass


class TestOne(Shared):
    @pytest.mark.parametrize("text", ["a::b", "c[1]", ""])
    def test_own(self, text): pass

    class TestInner:
        def test_deep(self): pass


class Cases(unittest.TestCase):
    def test_case(self): pass


if sys.version_info >= (3,):
    def test_either(): pass
else:
    def test_either(): pass


@pytest.fixture
def test_data(): return 1


@pytest.mark.usefixtures("test_data")
def test_uses(): pass


async def helper():
    def test_within(): pass


def testing(): pass
'''
STANDS = "def test_stands():\n    pass\n"


def proved(root: Path, source: str, **more: str) -> Outcome:
    """The record of a project whose one generated file holds this."""
    others = {name.replace("__", "/") + ".py": text for name, text in more.items()}
    write_files(root, {FILE: source, **others})
    files = (FILE, *(name for name in others if "gen" in name))
    return verify(Subject("stands", root, RunSpec("pytest", "."), files, ()), OPTIONS, print)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("if False:\n    def test_stands(): pass\n", id="condition"),
        pytest.param("for _ in ():\n    def test_stands(): pass\n", id="loop"),
        pytest.param(
            "try:\n    pass\nexcept ValueError:\n    def test_stands(): pass\n", id="handler"
        ),
        pytest.param(STANDS + "test_stands = None\n", id="taken away by an assignment"),
        pytest.param(STANDS + "del test_stands\n", id="deleted"),
        pytest.param(STANDS + "test_stands.__test__ = False\n", id="said to be none"),
        pytest.param(STANDS + "\n\ndef test_stands():\n    assert True\n", id="defined twice"),
        pytest.param(
            "class TestA:\n    def __init__(self): pass\n    def test_stands(self): pass\n",
            id="class with a constructor",
        ),
        pytest.param("class AbcTests:\n    def test_stands(self): pass\n", id="class by name"),
        pytest.param(
            "class TestA:\n    def test_stands(self): pass\n\n\n"
            "class TestA:\n    def test_more(self): pass\n",
            id="class defined twice",
        ),
        pytest.param(
            "class TestA:\n    def test_stands(self): pass\n    def test_stands(self): assert 1\n",
            id="method defined twice",
        ),
        pytest.param("@property\ndef test_stands(): pass\n", id="no function any more"),
    ],
)
def test_what_the_file_itself_keeps_from_running_is_red(source: str, tmp_path: Path) -> None:
    outcome = proved(tmp_path, RUNS + source)
    assert outcome.verdict is Verdict.RED
    (problem,) = outcome.problems
    assert "test_stands" in problem
    assert f"the test stands in {FILE}:" in problem and "was not run" in problem
    assert (
        outcome.counts["failed"] == 1
        and outcome.counts["passed"] == outcome.counts["generated"] - 1 > 0
    )


@pytest.mark.parametrize("hook", [HOOK, DESELECTS, IGNORES], ids=["removed", "deselected", "never"])
def test_what_a_hook_of_the_project_keeps_from_running_is_red(hook: str, tmp_path: Path) -> None:
    outcome = proved(tmp_path, RUNS + STANDS, conftest=hook)
    assert outcome.verdict is Verdict.RED
    assert outcome.problems == (
        f"{FILE}::test_stands: the test stands in {FILE}:8 and was not run",
    )


def test_a_generated_file_that_pytest_does_not_collect_is_red(tmp_path: Path) -> None:
    outcome = proved(tmp_path, RUNS, tests__gen_stands=STANDS)
    assert outcome.verdict is Verdict.RED
    assert outcome.problems == (
        "tests/gen_stands.py::test_stands: "
        "the test stands in tests/gen_stands.py:1 and was not run",
    )


def test_a_setting_that_deselects_changes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"pytest.ini": "[pytest]\naddopts = -k runs\npython_functions = check\n"})
    outcome = proved(tmp_path, RUNS + STANDS)
    assert (outcome.verdict, outcome.counts["passed"]) == (Verdict.GREEN, 2)


def test_what_is_no_test_or_ran_by_another_name_is_no_alarm(tmp_path: Path) -> None:
    outcome = proved(
        tmp_path, RUNS + NO_ALARM, tests__gen_helper="def make_test_data(): return 1\n"
    )
    assert outcome.problems == ()
    assert (outcome.verdict, outcome.counts["failed"]) == (Verdict.GREEN, 0)


def test_a_file_that_cannot_be_collected_is_red_once(tmp_path: Path) -> None:
    outcome = proved(tmp_path, "raise ValueError(1)\n" + STANDS * 3)
    assert outcome.verdict is Verdict.RED
    assert not any("was not run" in problem for problem in outcome.problems)
