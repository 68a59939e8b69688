"""What is imported and started before `verify` is never decided by a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.errors import MissingToolError
from scaffold.system import isolation, process


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test distrusts is no matter of the next."""
    monkeypatch.setattr(isolation, "_untrusted", {})
    monkeypatch.setattr(isolation, "_given", [])
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(sys, "path", [*sys.path])


def script(place: Path, text: str = "echo ours") -> Path:
    """An executable of the shell."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


@pytest.fixture
def cloned(tmp_path: Path) -> Path:
    """A folder that is not trusted, with an executable `tool`."""
    folder = tmp_path / "cloned"
    script(folder / "bin" / "tool", f"touch {tmp_path / 'ran'}")
    isolation.distrust(folder)
    return folder


@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin", "cloned/bin", "../cloned/bin"])
def test_a_relative_entry_of_the_path_is_not_searched(
    cloned: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.chdir(cloned)
    monkeypatch.setenv("PATH", entry)
    assert isolation.find_tool("tool") is None


def test_entries_in_the_checkout_are_not_searched(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = script(tmp_path / "mine" / "tool").parent
    monkeypatch.setenv("PATH", f"{cloned}/bin:{cloned}:{kept}")
    assert isolation.tool_path() == str(kept)
    assert isolation.find_tool("tool") == str(kept / "tool")


def test_links_into_the_checkout_are_not_followed(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "bin").symlink_to(cloned / "bin")
    (links / "tool").symlink_to(cloned / "bin" / "tool")
    monkeypatch.setenv("PATH", f"{links}/bin:{links}")
    assert isolation.find_tool("tool") is None


def test_a_folder_with_a_link_into_the_checkout_is_off_the_path_of_tools(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = script(tmp_path / "mine" / "other").parent
    (mine / "tool").symlink_to(cloned / "bin" / "tool")
    monkeypatch.setenv("PATH", f"{mine}:/usr/bin")
    assert isolation.find_tool("other") == str(mine / "other")
    assert isolation.tool_path() == "/usr/bin"


def test_libraries_in_our_process_find_programs_of_the_system_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = f"{tmp_path}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", given)
    isolation.guard_start([])
    assert os.environ["PATH"].split(":") == list(isolation.SYSTEM)
    isolation.open_path()
    assert os.environ["PATH"] == given


def test_links_out_of_the_checkout_are_not_followed(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "elsewhere" / "tool")
    (cloned / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "detour").symlink_to(cloned / "out")
    (tmp_path / "up").symlink_to("cloned/../cloned/out")
    monkeypatch.setenv("PATH", f"{cloned}/out:{tmp_path}/detour:{tmp_path}/up")
    assert isolation.find_tool("tool") is None


def test_the_current_folder_is_not_searched_by_its_full_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "here" / "tool")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", str(tmp_path / "here"))
    assert isolation.find_tool("tool") is None


def test_the_repository_around_a_folder_is_not_trusted_either(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "crates" / "one"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n")
    isolation.distrust_around(inner)
    assert isolation.untrusted(tmp_path / "repository" / "bin")
    assert not isolation.untrusted(tmp_path / "bin")


def test_a_home_folder_under_git_keeps_its_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    isolation.distrust_around(tmp_path / "work")
    assert isolation.untrusted(tmp_path / "work" / "bin")
    assert not isolation.untrusted(tmp_path / ".cargo" / "bin")


def test_programs_of_the_system_stay_when_it_is_the_current_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir("/usr/bin")
    isolation.distrust_around(".")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert isolation.find_tool("sh")


def test_a_tool_runs_in_an_empty_folder_that_goes_again(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cloned)
    tool = script(tmp_path / "mine" / "look", "pwd; ls -A | wc -l")
    folder, count = process.run_tool([str(tool)]).stdout.split()
    assert not Path(folder).exists() and count == "0"
    assert not isolation.untrusted(folder)


def test_temporary_files_in_the_checkout_do_not_lead_a_tool_into_it(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cloned / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(cloned / "tmp"))
    tool = script(tmp_path / "mine" / "look", "pwd; echo $TMPDIR")
    assert not any(map(isolation.untrusted, process.run_tool([str(tool)]).stdout.split()))


def test_a_program_of_the_checkout_is_missing_even_by_its_full_name(
    cloned: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingToolError, match="outside of the checkout"):
        process.run_tool([str(cloned / "bin" / "tool")])
    assert not (tmp_path / "ran").exists()


HOSTILE = {
    "GIT_DIR": "x", "GIT_EXTERNAL_DIFF": "x", "GIT_CONFIG_COUNT": "1", "GIT_SSH_COMMAND": "x",
    "GIT_EXEC_PATH": "x", "RUSTC_WRAPPER": "x", "RUSTFMT": "x", "CARGO_BUILD_RUSTC": "x",
    "RUSTUP_TOOLCHAIN": "./toolchain", "PYTHONPATH": "x", "PYTHONSTARTUP": "x", "PYTHONHOME": "x",
    "NODE_OPTIONS": "--require x", "BASH_ENV": "x", "ENV": "x", "LD_PRELOAD": "x", "EDITOR": "x",
    "RUBYOPT": "-rx", "PERL5OPT": "-Mx", "LESSOPEN": "|x %s", "HOME": "home",
    "CARGO_HOME": "./cargo", "RUSTUP_HOME": "rustup", "XDG_CONFIG_HOME": "config",
    "LD_LIBRARY_PATH": "lib:.",
}  # fmt: skip


def test_variables_that_make_tools_run_something_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    given = isolation.environment()
    assert not {name for name, value in HOSTILE.items() if given.get(name) == value}


def test_variables_keep_what_lies_outside_of_the_checkout(
    cloned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/opt/lib:{cloned}/lib:lib::/opt/more")
    monkeypatch.setenv("CARGO_HOME", f"{cloned}/.cargo")
    monkeypatch.setenv("RUSTUP_TOOLCHAIN", "nightly")
    given = isolation.environment()
    assert given["LD_LIBRARY_PATH"] == "/opt/lib:/opt/more"
    assert "CARGO_HOME" not in given
    assert given["RUSTUP_TOOLCHAIN"] == "nightly"


@pytest.mark.parametrize(
    "argv",
    [
        ["status", "-C", "DIR"],
        ["status", "-CDIR"],
        ["new", "-yC", "DIR"],
        ["status", "--checkout", "DIR"],
        ["status", "--checkout=DIR"],
    ],
    ids=" ".join,
)
def test_a_checkout_that_is_named_is_off_the_import_path_at_the_start(
    tmp_path: Path, argv: list[str]
) -> None:
    (tmp_path / "src").mkdir()
    sys.path.insert(0, str(tmp_path / "src"))
    isolation.guard_start([word.replace("DIR", str(tmp_path)) for word in argv])
    assert str(tmp_path / "src") not in sys.path
    assert [entry for entry in sys.path if entry.endswith("site-packages")]


def test_an_environment_in_the_checkout_keeps_its_own_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    library.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    sys.path[:] = ["", str(tmp_path), str(tmp_path / "src"), "lib/python3.11", str(library)]
    isolation.distrust(tmp_path)
    assert sys.path == [str(library)]


def test_compiled_modules_of_a_checkout_are_not_read(
    cloned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(cloned / "cache"))
    isolation.clean_import_path()
    assert sys.pycache_prefix is None


def test_starting_imports_nothing_before_the_import_path_is_closed() -> None:
    script = (
        "import sys; before = set(sys.modules); import scaffold.system.isolation; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["scaffold", "scaffold.system", "scaffold.system.isolation"]


def test_a_folder_that_took_the_inode_of_a_deleted_one_is_trusted(tmp_path: Path) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    isolation.distrust(place)
    place.rename(tmp_path / "other")
    assert not isolation.untrusted(tmp_path / "other")


def test_a_pager_is_found_outside_of_the_checkout_and_starts_there_too(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(cloned / "bin" / "less", f"touch {tmp_path / 'ran'}")
    mine = script(tmp_path / "mine" / "less", f"pwd >{tmp_path / 'where'}; cat >{tmp_path / 'got'}")
    monkeypatch.chdir(cloned)
    monkeypatch.setenv("PAGER", "bin/less")
    monkeypatch.setenv("PATH", f"bin:{cloned}/bin:{mine.parent}:{os.environ['PATH']}")
    assert process.page("text\n")
    assert (tmp_path / "got").read_text() == "text\n"
    assert not isolation.untrusted((tmp_path / "where").read_text().strip())
    assert not (tmp_path / "ran").exists()
