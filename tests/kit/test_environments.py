"""The Python rows under their checkout's own pytest, in environments that projects really have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release_trees import release_tree
from support.command import scaffold
from support.suite import run_suite

pytestmark = pytest.mark.slow

CI = {
    **{"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": "0"},
    **{"GITLAB_CI": "true", "CI_COMMIT_SHA": "0", "CIRCLECI": "true"},
    **{"TF_BUILD": "True", "BUILD_BUILDID": "1", "TRAVIS": "true"},
    **{"BUILD_NUMBER": "1", "JENKINS_URL": "http://localhost", "BUILDKITE": "true"},
}
"""The variables of seven systems, all at once: a test that reacts to any of them is red."""
ENVIRONMENTS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "CI systems": (CI, ()),
    # What acts on the same thing is in two of these: each run takes 20 seconds of a processor.
    "no colours, narrow, C locale, in parallel": (
        {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20", "LINES": "5"}
        | {"LC_ALL": "C", "LANG": "C", "TZ": "Pacific/Kiritimati"},
        ("-n", "2"),
    ),
    "colours, wide, optimized": (
        {"FORCE_COLOR": "1", "PY_COLORS": "1", "CLICOLOR_FORCE": "1", "COLUMNS": "400"}
        | {"PYTHONOPTIMIZE": "1"},
        (),
    ),
    # Every command of planoai 0.4.8 raises the one that is left out: rich-click warns of an option.
    "warnings": ({}, ("-W", "error", "-W", "ignore::PendingDeprecationWarning")),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The analysed release with all Python rows, below a folder with an unusual name."""
    place = tmp_path_factory.mktemp("rows") / "a b [c] é'%"
    place.mkdir()
    tree = release_tree("0.4.8", place / "tree")
    bulk = ("new", "--all", "--kind", "gap", "--language", "python")
    assert scaffold(*bulk, "-C", tree).code == 0
    return tree


# The variables of CI systems are in the test of all rows.
@pytest.mark.parametrize("name", [name for name in ENVIRONMENTS if name != "CI systems"])
def test_the_command_line_rows_are_green_in_every_environment(
    name: str, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, options = ENVIRONMENTS[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    suites = ["--ignore-glob=*/test_targets*", "--ignore-glob=*/test_trace_l*"]
    done = run_suite(written, *options, *suites)

    assert done.returncode == 0, done.stdout[-3000:]


def test_all_rows_are_green_with_the_variables_of_every_system_at_once(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variables, _ in ENVIRONMENTS.values():
        for variable, value in variables.items():
            if variable not in ("NO_COLOR", "PYTHONOPTIMIZE"):
                monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TMPDIR", str(shutil.copytree(tmp_path, tmp_path / "tmp é")))

    done = run_suite(written)

    assert done.returncode == 0, done.stdout[-3000:]


def test_verify_proves_a_row_in_a_hostile_environment(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variables, _ in ENVIRONMENTS.values():
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing --co")
    python = sys.executable
    command = [python, "-m", "scaffold", "verify", "cli_main", "-C", str(written)]
    monkeypatch.delenv("PYTHONOPTIMIZE")

    done = subprocess.run([*command, "--python", python], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
