"""The interpreters that a run may have, and what one of them has to import."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from scaffold.proof.pytest.env import Unfit, candidates, needed_imports, no_environment
from support.tree import write_files


def test_candidates_come_from_the_folder_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    for place in (checkout / "lib/.venv/bin", checkout / ".venv/bin", tmp_path / "active/bin"):
        place.mkdir(parents=True)
        (place / "python").symlink_to(sys.executable)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text("#!/bin/sh\n")
    (tools / "uv").chmod(0o755)
    (tools / "python3").symlink_to(sys.executable)
    (checkout / "lib/uv.lock").touch()
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    found = candidates(checkout / "lib", checkout, None)

    assert [Path(item.argv[0]).relative_to(tmp_path).as_posix() for item in found] == [
        "checkout/lib/.venv/bin/python",
        "checkout/.venv/bin/python",
        "active/bin/python",
        "tools/uv",
        "tools/python3",
    ]
    own = ("--quiet", "--project", str(checkout / "lib"), "--frozen")
    assert found[3].argv[1:] == ("run", *own, "--no-sync", "python")
    assert found[3].ready[1:] == ("sync", *own, "--no-install-project")
    assert found[3].env["UV_PROJECT_ENVIRONMENT"].startswith(str(tmp_path / "cache/scaffold/uv"))


def test_needed_imports_follow_the_folder_and_leave_out_what_may_fail(tmp_path: Path) -> None:
    files = {
        "__init__": "",
        "one": """
            import json, outside.deep
            from . import two
            from pkg.three import name
            from pkg.gone import anything
            try:
                import maybe
            except ImportError:
                pass
            def late():
                import later
        """,
        "two": "from second import thing\n",
        "three": "import third as t\nname = 1\n",
    }
    write_files(tmp_path / "lib/pkg", {f"{name}.py": dedent(text) for name, text in files.items()})

    needed = needed_imports([tmp_path / "lib"], [tmp_path / "lib/pkg/one.py"])

    assert needed == ["outside.deep", "second", "third"]


UV = "uv venv cli/.venv && uv pip install --python cli/.venv "
PIP = "python3 -m venv cli/.venv && cli/.venv/bin/python -m pip install "


@pytest.mark.parametrize(("tool", "command"), [("uv", UV), ("other", PIP)], ids=["uv", "pip"])
def test_the_command_for_an_environment_is_one_that_this_machine_has(
    tool: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / tool).write_text("#!/bin/sh\n")
    (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    (tmp_path / "cli").mkdir()
    monkeypatch.chdir(tmp_path)
    unfit = {"python3": Unfit(("yaml",), ("lacks pytest >= 7 (its …)",))}
    without = no_environment(unfit, tmp_path, "cli", ["yaml"])
    (tmp_path / "cli/pyproject.toml").touch()
    with_project = no_environment({}, tmp_path, "cli", [])

    assert with_project.hint == f"{command}-e cli 'pytest>=7'"
    assert without.hint == f"{command}'pytest>=7' pyyaml"
    assert with_project.exit_code == 7


def test_a_named_interpreter_gets_what_it_lacks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other one is tried, so an environment beside it would lead in a circle."""
    named = tmp_path / "env with spaces/bin/python"
    named.parent.mkdir(parents=True)
    named.symlink_to(sys.executable)
    (tmp_path / "cli").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    error = no_environment({str(named): Unfit(("humanize",))}, tmp_path, "cli", [], str(named))

    assert error.hint == f"'{named}' -m pip install 'pytest>=7' humanize"


@pytest.mark.parametrize(
    ("least", "asked"),
    [
        ("9.3", "9.3"), ("9.10.1", "9.10.1"), (" 8 ", "8"), ("6.2", "7"), ("", "7"), ("x", "7"),
        ("9.3; rm -r .", "9.3"), ("9" * 5000, "999999"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("project", [True, False])
def test_the_pytest_that_is_asked_for_is_the_one_that_the_settings_need(
    least: str, asked: str, project: bool, tmp_path: Path
) -> None:
    if project:
        (tmp_path / "pyproject.toml").touch()
    unfit = {"python3": Unfit(why=("lacks pytest >= 9.3 (its 9.2 is older than the tests need)",))}

    error = no_environment(unfit, tmp_path, ".", [], "python3", least)

    assert error.hint.endswith(f"'pytest>={asked}'")


def test_one_interpreter_by_two_names_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python3", "python"):
        (tmp_path / name).symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)

    found = candidates(tmp_path / "lib", tmp_path, None)

    assert [item.label for item in found] == [str(tmp_path / "python3")]


def test_a_file_that_hides_a_module_of_python_is_named(tmp_path: Path) -> None:
    """To install something would change nothing."""
    place = tmp_path / "lib" / "random.py"
    died = f"exit code 1: ImportError: cannot import name 'Random' from 'random' ({place})"

    error = no_environment({"python3": Unfit(why=(f"does not start ({died})",))}, tmp_path, "", [])

    assert "lib/random.py has the name of a module of Python and hides it" in error.fact
    assert error.hint == f"ls -ld {tmp_path}"
