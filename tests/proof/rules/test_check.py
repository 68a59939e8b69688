"""The rules of a checkout on what a gap wrote, by `verify`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proof.rules.conftest import CLEAN, Prove, black_config
from scaffold import edits
from scaffold.checkout.files import HOOKS
from scaffold.checkout.state import EditRecord
from scaffold.commands import report
from scaffold.commands.proof.junit import to_junit
from scaffold.errors import MissingToolError
from scaffold.proof.outcome import Outcome, refusal
from scaffold.proof.rules.result import RuleResult, Ruling

pytestmark = pytest.mark.slow

UGLY = CLEAN.replace('"a"', "'a'")
NEW = "def new():\n    return 'new'\n"
OWN = f"{{}}\n\n\n{NEW}"


def ruling(outcome: Outcome, rule: str) -> RuleResult:
    """The result of one rule."""
    [found] = [item for item in outcome.rules if item.rule.startswith(rule)]
    return found


def test_a_file_that_the_pinned_formatter_leaves_alone_passes(prove: Prove) -> None:
    outcome = prove(files={HOOKS: black_config()})
    assert outcome.verdict == "green"
    assert ruling(outcome, "black").ruling is Ruling.PASSED
    assert "rules of the checkout, passed: black" in report.outcomes([outcome])


def test_a_broken_rule_makes_the_row_red_with_file_line_and_rule(
    prove: Prove, tmp_path: Path
) -> None:
    outcome = prove(UGLY, {HOOKS: black_config()})
    assert outcome.verdict == "red"
    [problem] = outcome.problems
    assert problem.startswith("lib/test/test_limits.py:5: would be changed")
    assert problem.endswith(f"{HOOKS}:5)")
    error = refusal([outcome])
    assert error.exit_code == 6
    # The hint mends it.
    subprocess.run(error.hint, shell=True, check=True, cwd=tmp_path / "checkout")
    assert (tmp_path / "checkout/lib/test/test_limits.py").read_text() == CLEAN


def test_every_output_has_the_rules(prove: Prove) -> None:
    config = black_config() + "  - repo: local\n    hooks:\n      - {id: own, entry: make}\n"
    outcome = prove(UGLY, {HOOKS: config})
    assert Outcome.from_json(outcome.to_json()).rules == outcome.rules
    suite = ElementTree.fromstring(to_junit([outcome]))[0]
    cases = {case.get("name").split()[0]: case for case in suite.findall("testcase")}
    assert "would be changed" in cases["black"].find("failure").get("message")
    assert "never run" in cases["own"].find("skipped").get("message")
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    assert "rule not run: own (.pre-commit-config.yaml:8): a local command is never run" in (
        report.outcomes([outcome])
    )


def test_settings_of_the_checkout_hold(prove: Prove) -> None:
    settings = "[tool.black]\nskip-string-normalization = true\n"
    files: dict[str, str | bytes] = {HOOKS: black_config(), "pyproject.toml": settings}
    assert prove(UGLY, files).verdict == "green"
    files = {HOOKS: black_config(more="        args: [-S]\n"), "pyproject.toml": ""}
    assert prove(UGLY, files).verdict == "green"


@pytest.mark.parametrize("more", ["        files: ^other/\n", "        exclude: test_\n"])
def test_a_rule_for_other_files_is_for_none_of_these(prove: Prove, more: str) -> None:
    outcome = prove(UGLY, {HOOKS: black_config(more=more)})
    assert (outcome.verdict, ruling(outcome, "black").ruling) == ("green", Ruling.NO_FILES)


def test_what_was_red_before_an_edit_is_not_ours(prove: Prove) -> None:
    files: dict[str, str | bytes] = {HOOKS: black_config(), "lib/own.py": OWN.format("x = 'old'")}
    [unit] = [unit for unit in edits.units("python", NEW) if unit.name == "new"]
    edit = EditRecord.of("python", "lib/own.py", False, [unit])
    assert prove(CLEAN, files, (edit,)).verdict == "green"
    outcome = prove(CLEAN, {**files, "lib/own.py": OWN.format('x = "old"')}, (edit,))
    assert [item.file for item in ruling(outcome, "black").broken] == ["lib/own.py"]


@pytest.mark.parametrize("rev", ["main", "3fa1c9d", "stable", "../../x", "23.1.0; true"])
def test_a_rev_that_is_no_version_is_not_run(prove: Prove, rev: str) -> None:
    outcome = prove(UGLY, {HOOKS: black_config(rev)})
    assert outcome.verdict == "green"
    assert ruling(outcome, "black").reason == f"its rev '{rev}' is not a version"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package index that has nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


@pytest.mark.usefixtures("offline")
def test_a_formatter_that_cannot_be_had_is_named_and_is_not_red(prove: Prove) -> None:
    files: dict[str, str | bytes] = {HOOKS: black_config("23.0.9")}
    outcome = prove(UGLY, files)
    assert outcome.verdict == "green" and refusal([outcome]) is None
    found = ruling(outcome, "black")
    assert (found.ruling, found.missing) == (Ruling.NOT_RUN, True)
    assert found.reason.startswith("black==23.0.9 is not at hand: it cannot be fetched: ")
    with pytest.raises(MissingToolError) as caught:
        prove(UGLY, files, rules=True)
    assert caught.value.exit_code == 7
    assert caught.value.fact.startswith(f"the rule 'black 23.0.9' ({HOOKS}:5) cannot be run: ")
    assert caught.value.hint.endswith("-m pip install black==23.0.9")


def test_without_rules_none_is_looked_at(prove: Prove) -> None:
    outcome = prove(UGLY, {HOOKS: black_config()}, rules=False)
    assert (outcome.verdict, outcome.rules) == ("green", ())


def test_a_local_command_never_runs(prove: Prove, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    config = (
        "repos:\n  - repo: local\n    hooks:\n"
        f"      - {{id: black, language: system, entry: touch {trap}, types: [python]}}\n"
        f"      - {{id: check-yaml, language: system, entry: touch {trap}}}\n"
    )
    outcome = prove(files={HOOKS: config})
    assert [item.reason for item in outcome.rules] == ["a local command is never run"] * 2
    assert not trap.exists()


def test_every_hook_is_listed_whatever_it_is(prove: Prove) -> None:
    config = (
        "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8\n    hooks:\n"
        "      - id: gitleaks\n"
        "      - {id: late, stages: [pre-push]}\n"
        "      - {id: slow, files: '('}\n"
    )
    outcome = prove(files={HOOKS: config})
    assert [item.reason.partition(":")[0] for item in outcome.rules] == [
        "it is not known here",
        "it runs in the stage pre-push only",
        "its pattern '(' is not valid",
    ]


def test_a_file_of_rules_that_does_not_parse_is_listed(prove: Prove) -> None:
    outcome = prove(files={HOOKS: "repos: [\n", ".github/workflows/a.yml": "jobs: {\n"})
    assert outcome.verdict == "green"
    assert [item.ruling for item in outcome.rules] == [Ruling.NOT_RUN] * 2
    assert all("does not parse" in item.reason for item in outcome.rules)


def workflow(*versions: str, run: str = "pytest") -> str:
    """A workflow that runs the tests with these versions."""
    return (
        "jobs:\n  tests:\n    defaults: {run: {working-directory: lib}}\n    steps:\n"
        f"      - with: {{python-version: [{', '.join(versions)}]}}\n      - run: {run}\n"
    )


def test_a_python_that_the_machine_lacks_is_not_run(prove: Prove) -> None:
    outcome = prove(files={".github/workflows/ci.yml": workflow("3.99", "3.x", '">=3.9"')})
    assert [(item.rule, item.reason) for item in outcome.rules] == [
        ("Python 3.99", "there is no Python 3.99 on this machine"),
        ("Python 3.x", "'3.x' does not name one version"),
        ("Python >=3.9", "'>=3.9' does not name one version"),
    ]


JOB = """\
env: {DATABASE_URL: postgres://localhost/x, SHARED: top}
jobs:
  tests:
    env: {SHARED: job, KEY: "${{ secrets.KEY }}"}
    steps:
      - {run: pytest -q other, working-directory: other, env: {ELSEWHERE: 1}}
      - run: |
          cd x && uv run pytest -W error \\
            test || tail log
        working-directory: lib
        env: {STEP: a b}
      - {run: pytest, working-directory: lib}
"""


def test_what_a_workflow_sets_for_its_tests_is_listed(
    prove: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHARED", "KEY", "STEP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://localhost/x")
    outcome = prove(files={".github/workflows/ci.yml": JOB})
    assert outcome.verdict == "green"
    assert {(item.rule, item.command) for item in outcome.rules} == {
        ("env SHARED", "export SHARED=job"),
        ("env KEY", ""),
        ("env STEP", "export STEP='a b'"),
        ("pytest -W error test", ""),
    }
    assert {item.ruling for item in outcome.rules} == {Ruling.NOT_RUN}


@pytest.fixture
def python_98(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a `python3.98` on the PATH: this interpreter, or a script with such a text."""

    def put(text: str = f'#!/bin/sh\nVERSION_98=yes exec {sys.executable} "$@"\n') -> None:
        write = tmp_path / "bin" / "python3.98"
        write.parent.mkdir(exist_ok=True)
        write.write_text(text)
        write.chmod(0o755)
        monkeypatch.setenv("PATH", str(write.parent), prepend=":")

    return put


def test_the_tests_run_with_each_python_of_the_workflows(
    prove: Prove, python_98: Callable[..., None]
) -> None:
    python_98()
    red_there = CLEAN.replace(
        "    assert", "    import os\n\n    assert 'VERSION_98' not in os.environ\n    assert"
    )
    files: dict[str, str | bytes] = {".github/workflows/ci.yml": workflow("3.98")}
    assert ruling(prove(files=files), "Python 3.98").ruling is Ruling.PASSED
    outcome = prove(red_there, files)
    assert outcome.counts["failed"] == 0 and outcome.verdict == "red"
    [broken] = ruling(outcome, "Python 3.98").broken
    assert broken.file == "lib/test/test_limits.py"
    assert broken.message.startswith("test_limited: AssertionError")


def test_a_python_that_does_not_start_is_not_run(
    prove: Prove, python_98: Callable[..., None]
) -> None:
    python_98("#!/bin/sh\nexit 127\n")
    outcome = prove(files={".github/workflows/ci.yml": workflow("3.98")})
    assert ruling(outcome, "Python 3.98").ruling is Ruling.NOT_RUN


def test_a_job_that_runs_no_tests_asks_nothing(prove: Prove) -> None:
    assert prove(files={".github/workflows/ci.yml": workflow("3.99", run="make docs")}).rules == ()


def test_a_lock_file_without_uv_is_not_run(prove: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "uv" else real(name))
    outcome = prove(files={"lib/uv.lock": "", ".github/workflows/ci.yml": workflow("3.99")})
    found = ruling(outcome, "uv run --frozen")
    assert (found.ruling, found.command) == (Ruling.NOT_RUN, "pip install uv")


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_the_tests_run_with_the_versions_of_the_lock_file(prove: Prove, tmp_path: Path) -> None:
    project = '[project]\nname = "lib"\nversion = "1"\nrequires-python = ">=3.11"\n'
    files: dict[str, str | bytes] = {
        "lib/pyproject.toml": project + f'dependencies = ["pytest=={version("pytest")}"]\n'
    }
    prove(files=files)
    lib = tmp_path / "checkout/lib"
    subprocess.run(["uv", "lock", "--quiet"], cwd=lib, check=True)
    outcome = prove(files=files)
    assert ruling(outcome, "uv run --frozen").ruling is Ruling.PASSED, outcome.rules
    assert not (lib / ".venv").exists()
