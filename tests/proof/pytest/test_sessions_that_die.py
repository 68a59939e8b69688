"""A session of pytest that dies before its end is red with its cause, whatever it exits with."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checkout.state import EditRecord
from scaffold.errors import BaselineError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.runner import Subject, VerifyOptions
from scaffold.proof.verify import verify
from support.tree import write_files

pytestmark = pytest.mark.slow

OPTIONS = VerifyOptions(python=sys.executable, jobs=2)
GENERATED = "tests/test_gen.py"
DEAD = {
    "a hook raises": (
        "def pytest_configure(config): raise RuntimeError('no database')",
        "RuntimeError: no database",
    ),
    "a hook raises later": (
        "def pytest_sessionstart(session): raise RuntimeError('no database')",
        "RuntimeError: no database",
    ),
    "a hook raises in place of the collection": (
        "def pytest_collection(session): raise RuntimeError('no database')",
        "RuntimeError: no database",
    ),
    "a hook raises before pytest can report it": (
        "def pytest_cmdline_main(config): raise RuntimeError('no database')",
        "RuntimeError('no database')",
    ),
    "pytest.exit": (
        "import pytest\ndef pytest_configure(config): pytest.exit('no database', 0)",
        "Exit: no database",
    ),
    "pytest.exit with the code of an empty suite": (
        "import pytest\ndef pytest_sessionstart(session): pytest.exit('no database', 5)",
        "Exit: no database",
    ),
    "another program in place of pytest": (
        "def pytest_cmdline_main(config): return 0",
        "before any test was collected (exit code 0)",
    ),
    "another collection": (
        "def pytest_collection(session): return True",
        "before any test was collected",
    ),
    "another end": (
        "def pytest_collection_modifyitems(items): del items[:]\n"
        "def pytest_sessionfinish(session): session.exitstatus = 11",
        "exit code 11",
    ),
}
LIMITED = (
    "import resource\ndef pytest_configure(): resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))"
)
ALIVE = {
    "everything is deselected": "def pytest_collection_modifyitems(items): del items[:]",
    "an empty suite is made green": "def pytest_collection_modifyitems(items): del items[:]\n"
    "def pytest_sessionfinish(session): session.exitstatus = 0",
    "the end raises": "def pytest_sessionfinish(): raise RuntimeError('no report')",
}
UNREADABLE = ("pytest.ini", "tox.ini", "setup.cfg")


def subject_with(root: Path, **conftests: str) -> Subject:
    """A gap with a green test, and two suites beside it with these conftest.py."""
    files = {GENERATED: "def test_new(): pass\n"}
    for folder in ("tests", "more"):
        files[f"{folder}/test_{folder}.py"] = "def test_old(): pass\n"
        files[f"{folder}/conftest.py"] = conftests.get(folder, "")
    write_files(root, files)
    return Subject("gap", root, RunSpec("pytest", ".", ("tests", "more")), (GENERATED,), ())


@pytest.mark.parametrize("death", DEAD)
def test_a_suite_whose_session_dies_is_a_red_baseline(death: str, tmp_path: Path) -> None:
    conftest, why = DEAD[death]

    with pytest.raises(BaselineError) as caught:
        verify(subject_with(tmp_path, more=conftest), OPTIONS, print)

    assert "in '.' are red without the generated ones: more: ended the run" in caught.value.fact
    assert why in caught.value.fact
    assert caught.value.hint.endswith("-m pytest -q more")


def test_a_limit_that_a_conftest_sets_is_a_red_baseline(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"in '\.' are red without the generated ones: more: "):
        verify(subject_with(tmp_path, more=LIMITED), OPTIONS, print)


def test_what_stays_of_ours_beside_a_red_suite_is_named(tmp_path: Path) -> None:
    """It may be the reason: a fixture of ours may hide one of theirs."""
    red = "def pytest_configure(config): raise RuntimeError('no database')"
    edits = (EditRecord("python", "tests/conftest.py", False, {}),)
    with pytest.raises(BaselineError) as caught:
        verify(replace(subject_with(tmp_path, more=red), edits=edits), OPTIONS, print)
    told = "are red without the generated ones, but with what was added to tests/conftest.py: more"
    assert told in caught.value.fact


@pytest.mark.parametrize("death", ["a hook raises", "another program in place of pytest"])
def test_generated_tests_whose_session_dies_are_red(death: str, tmp_path: Path) -> None:
    conftest, why = DEAD[death]
    subject = replace(subject_with(tmp_path, tests=conftest), run=RunSpec("pytest", ".", ()))

    outcome = verify(subject, OPTIONS, print)

    assert outcome.verdict == "red"
    [problem] = outcome.problems
    assert problem.startswith(f"{GENERATED}: ended the run")
    assert why in problem


@pytest.mark.parametrize("name", UNREADABLE)
def test_settings_that_pytest_cannot_read_are_a_red_baseline_and_named(
    name: str, tmp_path: Path
) -> None:
    subject = subject_with(tmp_path)
    (tmp_path / name).write_bytes(b"[pytest]\n# \xff\n")

    with pytest.raises(BaselineError) as caught:
        verify(subject, OPTIONS, print)

    assert f"{name} is not UTF-8" in caught.value.fact


@pytest.mark.parametrize("life", ALIVE)
def test_a_suite_that_runs_to_its_end_is_green_though_it_is_odd(life: str, tmp_path: Path) -> None:
    outcome = verify(subject_with(tmp_path, more=ALIVE[life]), OPTIONS, print)

    assert outcome.verdict == "green"
