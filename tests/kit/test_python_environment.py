"""The Python rows where the interpreter, its plugins or the checkout are not what one hopes for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from release_trees import release_tree
from support.command import Ran, scaffold
from support.suite import run_suite
from support.tree import snapshot, write_files

pytestmark = pytest.mark.slow

BULK = ("new", "--all", "--kind", "gap", "--language", "python")
SITE = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The analysed release with three of the rows; nobody writes into it."""
    tree = release_tree("0.4.8", tmp_path_factory.mktemp("environment") / "tree")
    rows = ("--gap", "docker_cli", "--gap", "targets", "--gap", "trace_cmd")
    assert scaffold("new", *rows, "-C", tree).code == 0
    return tree


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The analysed release as it is."""
    return release_tree("0.4.8", tmp_path / "tree")


def make_venv(place: Path) -> Path:
    """The site-packages of a new, empty environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return next((place / "lib").glob("python*")) / "site-packages"


def install(place: Path, *packages: str) -> None:
    """Install into an environment that has no pip of its own."""
    pip = [sys.executable, "-m", "pip", "--python", str(python_of(place)), "install", "-q"]
    subprocess.run([*pip, "--disable-pip-version-check", "--no-deps", *packages], check=True)


def python_of(place: Path) -> Path:
    """Its interpreter."""
    return place / "bin" / "python"


def lend_ours(site: Path, *, but: tuple[str, ...] = ()) -> None:
    """What is installed beside us is there as well, but for packages that begin so."""
    if not but:
        (site / "lent.pth").write_text(f"{SITE}\n")
        return
    for place in SITE.iterdir():
        if place.suffix != ".pth" and not place.name.startswith(but):
            (site / place.name).symlink_to(place)


def verified(tree: Path, *arguments: str | Path) -> Ran:
    """`scaffold verify` there; the tree is as before."""
    before = snapshot(tree)
    done = scaffold("verify", *arguments, "-C", tree)
    if done.code not in (0, 6):
        assert snapshot(tree) == before
    return done


def on_a_path_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty environment, whose Python is the only program on the path."""
    place = tmp_path / "empty"
    make_venv(place)
    monkeypatch.setenv("PATH", str(place / "bin"))
    return place


@pytest.mark.slow
def test_without_an_interpreter_that_fits_the_command_for_one_is_reported(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on_a_path_without_uv(tmp_path, monkeypatch)
    done = verified(written, "trace_cmd")
    assert done.code == 7
    assert done.fact.startswith("no interpreter can run the tests in 'cli'")
    assert f"{place}/bin/python3: lacks click" in done.fact
    assert ", pytest, rich.console, " in done.fact
    assert done.hint == (
        f"cd {written} && python3 -m venv cli/.venv && "
        "cli/.venv/bin/python -m pip install -e cli 'pytest>=7'"
    )


def test_what_is_written_needs_no_interpreter_with_the_dependencies(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_path_without_uv(tmp_path, monkeypatch)
    assert scaffold("new", "--gap", "trace_cmd", "-C", release).code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("but", "lacks"),
    [
        (("grpc",), "lacks grpc)"),
        (("google", "protobuf"), "lacks google"),
        (("opentelemetry",), "lacks opentelemetry.proto"),
    ],
    ids=["grpc", "protobuf", "opentelemetry"],
)
def test_a_dependency_that_is_missing_is_named(
    written: Path, tmp_path: Path, but: tuple[str, ...], lacks: str
) -> None:
    site = make_venv(tmp_path / "lacking")
    lend_ours(site, but=but)
    # One conftest.py serves all rows, so none of them runs without it.
    for gap in ("trace_cmd", "docker_cli"):
        done = verified(written, gap, "--python", python_of(tmp_path / "lacking"))
        assert done.code == 7, done.out
        assert lacks in done.fact
        assert "pip install" in done.hint


@pytest.mark.slow
def test_a_pytest_that_is_too_old_is_refused(written: Path, tmp_path: Path) -> None:
    lend_ours(make_venv(tmp_path / "old"))
    install(tmp_path / "old", "pytest==6.2.5")
    done = verified(written, "docker_cli", "--python", python_of(tmp_path / "old"))
    assert done.code == 7
    assert "lacks pytest >= 7 (its 6.2.5 is older than the tests need)" in done.fact


@pytest.mark.slow
def test_the_oldest_pytest_that_is_taken_proves_the_rows(written: Path, tmp_path: Path) -> None:
    lend_ours(make_venv(tmp_path / "oldest"))
    install(tmp_path / "oldest", "pytest==7.0.0", "attrs", "pluggy<2", "py", "tomli")
    done = verified(written, "docker_cli", "--python", python_of(tmp_path / "oldest"))
    assert done.code == 0, done.err
    assert "docker_cli: green" in done.out


@pytest.fixture(scope="module")
def with_plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter whose pytest shuffles the tests and tries red ones again."""
    place = tmp_path_factory.mktemp("plugins") / "venv"
    lend_ours(make_venv(place))
    install(place, "pytest-randomly", "pytest-rerunfailures")
    return python_of(place)


@pytest.mark.slow
def test_plugins_that_reorder_or_retry_change_no_verdict(
    written: Path, with_plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--reruns 3 -p randomly")
    rows = ("docker_cli", "targets")
    counts = []
    for python in (sys.executable, str(with_plugins)):
        done = verified(written, *rows, "--python", python, "--json")
        assert done.code == 0, done.err
        counts.append(
            [
                {key: item[key] for key in ("gap", "generated", "passed", "known_defects")}
                for item in json.loads(done.out)["outcomes"]
            ]
        )
    assert counts[0] == counts[1]
    assert all(item["generated"] > 50 for item in counts[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_tests_are_green_in_any_order(written: Path, with_plugins: Path, seed: str) -> None:
    plugins = ["-prandomly", f"--randomly-seed={seed}", "--reruns", "1"]
    done = run_suite(written, *plugins, python=str(with_plugins))
    assert done.returncode == 0, done.stdout[-2000:]
    assert "rerun" not in done.stdout.splitlines()[-1]


MINE = """\
import pytest


@pytest.fixture
def fake_docker():
    return "mine"
"""


def test_a_fixture_of_the_same_name_is_named_and_nothing_is_written(release: Path) -> None:
    write_files(release, {"cli/test/conftest.py": MINE})
    before = snapshot(release)
    # With several rows the line is that of the file with what the rows before put into it.
    for selection, line in ((("new", "--gap", "docker_cli"), "4"), (BULK, r"\d+")):
        done = scaffold(*selection, "-C", release)
        assert done.code == 4
        there = f"cli/test/conftest.py:{line}: the fixture 'fake_docker' is there already"
        assert re.search(there, done.fact)
        assert done.hint.endswith("--on-conflict skip")
        assert snapshot(release) == before


def test_a_conftest_that_shares_no_name_is_kept_and_undone_exactly(release: Path) -> None:
    write_files(release, {"cli/test/conftest.py": MINE.replace("fake_docker", "own_fixture")})
    before = snapshot(release)
    assert scaffold("new", "--gap", "docker_cli", "-C", release).code == 0
    text = (release / "cli/test/conftest.py").read_text("utf-8")
    assert "def own_fixture():" in text and "def fake_docker(" in text
    assert scaffold("undo", "-C", release).code == 0
    assert snapshot(release) == before


@pytest.mark.slow
def test_a_broken_conftest_is_a_red_baseline_not_a_red_row(release: Path) -> None:
    broken = {"cli/test/conftest.py": "raise RuntimeError('no way')\n"}
    write_files(release, {**broken, "cli/test/test_own.py": "def test_own():\n    assert True\n"})
    assert scaffold("new", "--gap", "targets", "-C", release).code == 0
    done = scaffold("verify", "targets", "-C", release, "--python", sys.executable)
    assert done.code == 5
    assert "test: conftest.py: RuntimeError: no way" in done.err


def test_a_release_with_another_package_is_reported(tmp_path: Path) -> None:
    tree = release_tree("0.4.0", tmp_path / "tree")
    before = snapshot(tree)
    done = scaffold(*BULK, "-C", tree)
    assert done.code == 0
    for gap in ("cli_main", "targets", "docker_cli", "trace_cmd"):
        assert f"left out: {gap}: its targets are not in this checkout" in done.out
    assert snapshot(tree) == before


NO_COMMAND = '''\
import click


@click.group()
def main():
    """Manage the gateway."""


if __name__ == "__main__":
    main()
'''


@pytest.mark.slow
def test_a_release_with_no_known_command_is_reported_and_the_other_rows_go_on(
    release: Path,
) -> None:
    write_files(release, {"cli/planoai/main.py": NO_COMMAND})
    before = snapshot(release)
    done = scaffold(*BULK, "-C", release)
    assert done.code == 0, done.err
    assert "left out of cli_main: " in done.out
    suite = run_suite(release)
    assert suite.returncode == 0, suite.stdout[-2000:]
    assert scaffold("undo", "-C", release).code == 0
    assert snapshot(release) == before
