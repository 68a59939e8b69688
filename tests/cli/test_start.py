"""What the quick commands load: each module that they do not use makes every start slower."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT

UNUSED = {
    "list": ("checkout", "workflow", "plan", "proof.runner", "proof.verify", "process"),
    "status": ("checkout.journal", "checkout.gates", "plan", "proof.runner"),
    "--help": ("kit", "checkout", "workflow", "plan", "proof", "process"),
}
"""Command -> modules of ours that it has no use for."""


@pytest.mark.parametrize("command", UNUSED)
def test_a_quick_command_loads_nothing_that_it_does_not_use(tree: Path, command: str) -> None:
    loaded = _loaded(tree, command)
    assert "scaffold.cli" in loaded
    unused = [f"scaffold.{name}" for name in UNUSED[command]]
    assert [it for it in loaded if any(it == n or it.startswith(f"{n}.") for n in unused)] == []


@pytest.mark.parametrize("command", UNUSED)
def test_a_quick_command_loads_no_library_but_click(tree: Path, command: str) -> None:
    known = sys.stdlib_module_names | {"scaffold", "click"}
    known |= {"org"}  # `copy` asks whether it runs on Jython
    # What the interpreter itself loads is not ours.
    known |= {line.partition(".")[0] for line in _imports("-c", "pass", cwd=tree)}
    loaded = _loaded(tree, command)
    assert {name.partition(".")[0] for name in loaded} - known == set()


def test_a_journal_is_read_where_there_is_one(tree: Path) -> None:
    (tree / ".scaffold" / "journal").mkdir(parents=True)
    assert "scaffold.checkout.journal" in _loaded(tree, "status")


def _loaded(tree: Path, command: str) -> list[str]:
    return _imports("-m", "scaffold", command, cwd=tree)


def _imports(*argv: str, cwd: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *argv],
        cwd=cwd,
        env={**os.environ, "SCAFFOLD_KIT": str(DEMO_KIT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line]


def test_an_empty_variable_names_no_kit(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAFFOLD_KIT", "")
    done = scaffold("list", cwd=tree)
    assert (done.code, "llm_gateway" in done.out) == (0, True)


def test_a_cache_that_is_no_folder_is_cleared_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "cache"
    place.write_text("mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    done = scaffold("doctor", "--clear-cache")
    assert (done.code, place.read_text()) == (0, "mine")
