"""The kit that comes with scaffold, by the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import scaffold


def test_the_list_names_every_row_but_the_deprecated_one(tmp_path: Path) -> None:
    lines = scaffold("list", cwd=tmp_path).out.splitlines()
    assert len(lines) == 1 + 22
    assert not [line for line in lines if "prompt_gateway" in line]


@pytest.mark.parametrize(
    ("arguments", "code", "fact", "hint"),
    [
        (["new"], 2, "without a terminal", "scaffold list"),
        (["new", "--gap", "tragets"], 3, "-C names the checkout", "ls -a"),
        (["new", "--gap", "targets", "-C", "nowhere"], 3, "no folder nowhere (-C)", "ls -a"),
        (["list", "--priority", "P7"], 2, "no priority 'P7'", "scaffold list"),
        (["show", "tragets"], 2, "closest match is 'targets'", "scaffold show targets"),
        (["show", "targets:script"], 2, "is the name of a part", "scaffold show targets"),
    ],
)
def test_a_refusal_has_one_fact_one_hint_and_its_exit_code(
    tmp_path: Path, arguments: list[str], code: int, fact: str, hint: str
) -> None:
    done = scaffold(*arguments, cwd=tmp_path)
    assert done.code == code
    assert fact in done.fact
    assert hint in done.pasted


def test_a_file_of_a_gap_is_written_and_taken_back(tmp_path: Path) -> None:
    package = tmp_path / "cli" / "planoai"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "docker_cli.py").write_text("def docker_container_status(container): ...\n")
    before = sorted(tmp_path.rglob("*"))
    assert scaffold("new", "--gap", "docker_cli", cwd=tmp_path).code == 0
    assert (tmp_path / "cli" / "test" / "conftest.py").is_file()
    assert scaffold("undo", cwd=package).code == 0
    assert sorted(tmp_path.rglob("*")) == before
