"""The command line itself: help, version, faults of our own, and start-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold import __version__
from scaffold.errors import KitError
from scaffold.kit.catalog import kit_root
from support.command import scaffold, started
from support.rendering import ROOT
from support.tinykit import DEMO_KIT

COMMANDS = ("list", "show", "new", "verify", "status", "pr", "undo", "doctor", "demo")


@pytest.mark.slow
def test_version_and_help() -> None:
    assert scaffold("--version").out == f"scaffold {__version__}\n"
    done = scaffold()
    assert done.code == 2 and "Usage: scaffold" in done.out
    for command in COMMANDS:
        assert f"  {command} " in done.out
        told = scaffold(command, "--help")
        assert told.code == 0 and f"Usage: scaffold {command}" in told.out
        assert scaffold(command, "-h").out == told.out


def test_it_is_a_module_and_a_script() -> None:
    assert started("--version").out == f"scaffold {__version__}\n"
    script = Path(sys.executable).parent / "scaffold"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scaffold {__version__}\n"


def fault(cache: Path) -> subprocess.CompletedProcess[str]:
    """`scaffold list --json` that meets a fault of our own."""
    # A kit whose questions are a list is refused nowhere; any fault will do.
    code = (
        "import sys, scaffold.kit.catalog\n"
        "scaffold.kit.catalog.load_kit = lambda *words: 1 / 0\n"
        "from scaffold.cli import run\n"
        "sys.exit(run(['list', '--json']))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_fault_of_our_own_names_a_log_and_few_logs_are_kept(tmp_path: Path) -> None:
    for _ in range(7):
        done = fault(tmp_path)
    assert done.returncode == 70
    assert done.stderr.startswith("error: a fault of scaffold itself: ZeroDivisionError")
    command = done.stderr.rpartition("hint: ")[2]
    log = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert "Traceback" in log and "scaffold list --json" in log
    assert json.loads(done.stdout)["error"]["exit_code"] == 70
    assert len(list((tmp_path / "scaffold" / "faults").iterdir())) == 5


def test_a_fault_without_a_place_for_its_log_names_the_line() -> None:
    done = fault(Path("/dev/null"))
    assert done.returncode == 70
    assert "division by zero (<string>:2)" in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["list"], ["status"]], ids=" ".join)
def test_what_only_looks_imports_nothing_heavy(command: list[str], tree: Path) -> None:
    code = (
        "import sys; from scaffold.cli import run; run(sys.argv[1:])\n"
        "heavy = {'copier', 'black', 'questionary', 'yaml', 'pydantic', 'cosmic_ray'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    more = [] if command == ["--help"] else ["--kit", str(DEMO_KIT)]
    more += ["-C", str(tree)] if command == ["status"] else []
    done = subprocess.run(
        [sys.executable, "-c", code, *command, *more], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_the_kit_is_named_or_in_the_environment_or_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kit_root(None) == ROOT
    assert kit_root(DEMO_KIT) == DEMO_KIT
    monkeypatch.setenv("SCAFFOLD_KIT", str(DEMO_KIT))
    assert kit_root(None) == DEMO_KIT
    with pytest.raises(KitError, match=r"is no kit: copier\.yml is missing"):
        kit_root(tmp_path)


def test_the_engine_names_nothing_of_the_code_base() -> None:
    slugs = {path.parent.name for path in (ROOT / "templates").glob("*/gap.toml")}
    # Words of the trade as well as slugs.
    slugs -= {"handlers", "targets", "concurrency"}
    sources = [
        path for path in (ROOT / "src" / "scaffold").rglob("*.py") if "_demo" not in path.parts
    ]
    for path in sources:
        text = path.read_text(encoding="utf-8").lower()
        for name in ("plano", "katanemo", "brightstaff", "envoy", *slugs):
            assert name not in text, f"{path.name} names {name}"
