"""The README's commands do what it states, on both ends of Plano's history and on a tiny one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import readme
from release_trees import release_tree
from support.command import scaffold
from support.documents import ROOT, scaffold_commands
from support.repositories import committed, git, with_author
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

FIRST, NEWEST = "0.4.8", "0.4.39"
"""The release that the analysis read, and the newest one."""
TEST = "from app import double\n\n\ndef test_double():\n    assert double(2) == 4 != double(3)\n"


@pytest.fixture
def small_plano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one function, and a kit with the names of the README for it."""
    templates = {
        "cli_main/gap.toml": gap_toml(priority="P0"),
        "cli_main/files/cli/test/test_main_keys.py": TEST,
        "docker_cli/gap.toml": gap_toml(priority="P2"),
        "docker_cli/files/tests/test_docker.py": TEST,
    }
    monkeypatch.setenv("SCAFFOLD_KIT", str(write_kit(tmp_path / "kit", templates)))
    return write_files(tmp_path / "plano", {"app.py": "def double(n):\n    return n * 2\n"})


@pytest.mark.parametrize("version", [FIRST, NEWEST])
def test_the_first_commands_work_on_both_ends_of_the_history(version: str, tmp_path: Path) -> None:
    plano = release_tree(version, tmp_path / "plano")
    before = snapshot(plano)
    shown = scaffold_commands("README.md", {"~/plano": str(plano)}, section="Try it in a minute")
    assert [words[0] for words in shown] == ["list", "show", "new", "new", "undo"]
    for number, words in enumerate(shown):
        ran = scaffold(*words, cwd=tmp_path)
        assert ran.code == 0, (words, ran.err)
        written = number == 3
        assert (snapshot(plano) != before) is written, words
    assert "test_up_takes_a_key_from_the_shell" in scaffold(*shown[1], cwd=tmp_path).out


@pytest.mark.slow
def test_every_command_does_what_it_states(small_plano: Path, tmp_path: Path) -> None:
    changes = {"~/plano": str(small_plano)}
    for section in ("Try it in a minute", "Prove it", "Handing out work"):
        for words in scaffold_commands("README.md", changes, section=section):
            ran = scaffold(*words, *interpreter(words), cwd=tmp_path)
            assert ran.code == 0, (words, ran.err)
            if words[0] == "undo":  # it is the end of its section; the next one proves
                assert scaffold("new", "--gap", "cli_main", "-C", small_plano).code == 0
    assert "todo" in (small_plano / "tests" / "test_docker.py").read_text("utf-8").lower()


def test_the_commands_of_a_pull_request_commit_and_describe_it(
    small_plano: Path, tmp_path: Path
) -> None:
    committed(small_plano)
    with_author(small_plano)
    changes = {"~/plano": str(small_plano)}
    shown = scaffold_commands("README.md", changes, section="Make it a pull request")
    made, described = (scaffold(*words, cwd=tmp_path) for words in shown)
    assert (made.code, described.code) == (0, 0), made.err + described.err
    assert git(small_plano, "log", "-1", "--format=%s", "add-tests") == "Add tests: a row"
    assert described.out.startswith("Adds 1 test for `app.py`: a row.")


@pytest.mark.slow
def test_the_commands_for_ci_gate_and_join_shards(small_plano: Path) -> None:
    gate, shard, join = scaffold_commands("README.md", {}, section="In CI")
    assert scaffold(*gate, cwd=small_plano).code == 8
    assert scaffold("new", "--gap", "cli_main", cwd=small_plano).code == 0
    assert scaffold(*gate, cwd=small_plano).code == 0
    for number in "1234":
        words = [word.replace("1/4", f"{number}/4") for word in shard]
        ran = scaffold(*words, *interpreter(words), cwd=small_plano)
        assert ran.code == 0, ran.err
        (small_plano / f"{number}.json").write_text(ran.out, "utf-8")
    joined = scaffold(*join, "--json", cwd=small_plano)
    assert joined.code == 0, joined.err
    assert [item["verdict"] for item in json.loads(joined.out)["outcomes"]] == ["proved"]


def interpreter(words: list[str]) -> tuple[str, ...]:
    return ("--python", sys.executable) if words[0] == "verify" else ()


@pytest.mark.slow
def test_the_red_run_is_what_verify_prints() -> None:
    assert readme.red_run() in readme.README.read_text("utf-8")


def test_every_verdict_and_its_exit_code_are_explained() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| .* \| (\d) \|$", text, re.MULTILINE))
    assert table == {"todo": "6", "red": "6", "below": "6", "green": "0", "proved": "0"}
