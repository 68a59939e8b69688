"""No command but `verify` starts a program of the checkout or imports a module of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from scaffold.cli import COMMANDS
from support.command import scaffold
from support.repositories import git
from support.tinykit import DEMO_KIT
from support.traps import Trapped, set_traps
from support.tree import write_files

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_rendered")]

CONSOLE = (str(Path(sys.executable).with_name("scaffold")),)
MODULE = (sys.executable, "-m", "scaffold")
ROWS = ("--gap", "prices", "--gap", "labels", "--gap", "crate")

WALKS: dict[str, list[list[str]]] = {
    "list": [[], ["--json"], ["--all-rows", "--priority", "P0"]],
    "show": [["prices"], ["crate", "--file", "tests/adds.rs"], ["prices", "--case", "in_pence"]],
    "new": [
        ["--all", "--dry-run"],
        ["--all", "--diff", "--json"],
        ["--gap", "prices", "--stubs", "--yes"],
        [*ROWS, "--yes", "--set", "prices_currency=pence"],
    ],
    "status": [[], ["--json"], ["--all-rows", "--fail-on", "edited"]],
    "pr": [[], ["labels", "--part", "numbers"], ["--json"]],
    "undo": [[], ["--force"]],
    "doctor": [[], ["--json"]],
    "demo": [[]],
    "kit": [["format"], ["new", "greet", "mine", "--target", "greet.py"], ["check", "mine"]],
}
"""Command -> what is typed after it; a command that is not named here is typed alone."""

QUIET = ("list", "status", "pr", "undo")
"""Commands that start no program at all."""


@pytest.fixture
def trapped(tree: Path, tmp_path: Path) -> Trapped:
    beside = tmp_path / "beside"
    beside.mkdir()
    return set_traps(tree, beside, our_package=True)


def walk(trapped: Trapped, starter: tuple[str, ...], command: str, cwd: Path) -> None:
    named = [] if cwd.is_relative_to(trapped.tree) else ["-C", str(trapped.tree)]
    # Beside the checkout only a command that names it can know what is not to be trusted.
    for argv in [*([] if named else [["--help"]]), *WALKS.get(command, [[]])]:
        takes = [] if command in ("list", "show", "demo", "kit") or argv == ["--help"] else named
        done = trapped.run(starter, command, *argv, *takes, cwd=cwd)
        assert done.code in (0, 8), f"{command} {argv}: {done.code}\n{done.out}{done.err}"
        assert trapped.marked() == [], f"{command} {argv} ran or imported these"
        if command in QUIET or argv == ["--help"]:
            assert trapped.started() == []


def generate(trapped: Trapped) -> None:
    done = trapped.run(CONSOLE, "new", *ROWS, "--yes", cwd=trapped.tree)
    assert done.code == 0, done.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "verify"])
def test_a_command_in_a_checkout_runs_nothing_of_it(trapped: Trapped, command: str) -> None:
    if command in ("status", "pr", "undo"):
        generate(trapped)
    walk(trapped, CONSOLE, command, trapped.tree)


@pytest.mark.parametrize("command", ["new", "doctor"])
def test_a_command_beside_the_checkout_runs_nothing_of_it(
    trapped: Trapped, tmp_path: Path, command: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    walk(trapped, CONSOLE, command, tmp_path / "elsewhere")


@pytest.mark.parametrize("command", ["new", "status"])
def test_the_module_imports_nothing_of_the_current_folder(
    tree: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "beside").mkdir()
    trapped = set_traps(tree, tmp_path / "beside", our_package=False)
    walk(trapped, MODULE, command, tree)
    walk(trapped, MODULE, command, tree / "sub")


def test_a_merge_of_edits_asks_the_machines_git(trapped: Trapped) -> None:
    generate(trapped)
    file = trapped.tree / "tests" / "test_prices.py"
    file.write_text("# mine\n" + file.read_text("utf-8"))
    argv = [*ROWS, "--set", "prices_currency=pence", "--on-conflict", "merge", "--yes"]
    done = trapped.run(CONSOLE, "new", *argv, cwd=trapped.tree)
    assert done.code == 0, done.err
    assert trapped.marked() == []
    text = file.read_text("utf-8")
    assert text.startswith("# mine\n") and "pence" in text


@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not installed")
def test_what_is_written_is_formatted_by_the_machines_own_tools(trapped: Trapped) -> None:
    generate(trapped)
    written = (trapped.tree / "tests" / "adds.rs").read_text("utf-8")
    # By the indent that the checkout's rustfmt.toml has, which is read and not run.
    assert written == "#[test]\nfn it_adds() {\n assert_eq!(1 + 1, 2);\n}\n"


def test_doctor_reads_what_the_checkouts_interpreter_is_and_asks_it_on_request(
    trapped: Trapped,
) -> None:
    done = trapped.run(CONSOLE, "doctor", cwd=trapped.tree)
    assert f"{trapped.tree}/.venv/bin/python (Python 3.11.7); not started" in done.out
    assert "ask it with: scaffold doctor --run" in done.out
    assert trapped.marked() == []
    env = trapped.environment()
    argv = [*CONSOLE, "doctor", "--run"]
    subprocess.run(argv, cwd=trapped.tree, env=env, check=False, capture_output=True)
    assert "ran-.venv-bin-python" in trapped.marked()


def missing_tree(repository: Path, marks: Path) -> None:
    """A partial clone whose remote is reached by a program: an object of a branch is lacking."""
    tree = git(repository, "rev-parse", "other^{tree}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": str(repository),
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": f"touch {marks}/fetched; git-upload-pack",
    }.items():
        git(repository, "config", key, value)


def piped(*places: str) -> Callable[[Path, Path], None]:
    """Pipes in place of what git reads."""

    def plant(repository: Path, marks: Path) -> None:
        for place in places:
            (repository / place).parent.mkdir(parents=True, exist_ok=True)
            (repository / place).unlink(missing_ok=True)
            os.mkfifo(repository / place)

    return plant


def includes_a_pipe(repository: Path, marks: Path) -> None:
    piped("pipe")(repository, marks)
    with (repository / ".git" / "config").open("a") as stream:
        stream.write(f"[include]\npath = {repository}/pipe\n")


def borrows_from_a_pipe(repository: Path, marks: Path) -> None:
    piped("more/pack/pack-1.idx")(repository, marks)
    write_files(repository, {".git/objects/info/alternates": f"{repository}/more\n"})


def names(text: str) -> Callable[[Path, Path], None]:
    """A `.git` that is a file with this text."""

    def plant(repository: Path, marks: Path) -> None:
        (repository / ".git").rename(marks.with_name("history"))
        (repository / ".git").write_text(text)

    return plant


HISTORIES: dict[str, Callable[[Path, Path], None]] = {
    "a program fetches what is missing": missing_tree,
    "a history with a name that is too long": names(f"gitdir: {'a' * 300}\n"),
    "a history with a name that no file can have": names("gitdir: a\0b\n"),
    "settings include a pipe": includes_a_pipe,
    "objects are borrowed from a pipe": borrows_from_a_pipe,
    **{
        place: piped(f".git/{place}")
        for place in ("HEAD", "config", "index", "packed-refs", "shallow", "commondir",
                      "refs/heads/x", "refs/remotes/o/x", "objects/00/" + "1" * 38,
                      "objects/pack/pack-1.idx", "objects/info/alternates",
                      "objects/info/commit-graph", "info/exclude", "info/attributes")
    },
    "rules of what is ignored": piped(".gitignore", "tests/.gitignore", "tests/.gitattributes"),
}  # fmt: skip
"""What the `.git` of a checkout that came whole can hold."""


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_names_no_program_and_is_not_waited_for(
    repository: Path, tmp_path: Path, name: str
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    file = "tests/test_prices.py"
    git(repository, "switch", "-q", "-c", "other")
    assert scaffold("new", "--gap", "prices", "-C", repository, "--kit", DEMO_KIT).code == 0
    git(repository, "add", file)
    git(repository, "commit", "-q", "-m", "Two")
    git(repository, "switch", "-q", "main")
    HISTORIES[name](repository, marks)
    commands = [["status"], ["pr"], ["new", "--gap", "prices", "--dry-run"], ["undo", "--dry-run"]]
    commands += [["doctor"], ["new", "--gap", "labels", "--next", "--commit", "--no-prove"]]
    for words in commands:
        begun = time.monotonic()
        done = scaffold(*words, "-C", repository, "--kit", DEMO_KIT)
        # Where the history cannot be read, what is on another branch counts as deleted.
        assert done.code in (0, 3, 4) or (words, done.code) == (["pr"], 2), (words, done.err)
        assert os.listdir(marks) == [], words
        assert time.monotonic() - begun < 30, f"{words} waited"


def test_the_trap_of_a_partial_clone_works(repository: Path, tmp_path: Path) -> None:
    git(repository, "switch", "-q", "-c", "other")
    write_files(repository, {"tests/more.py": ""})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Two")
    git(repository, "switch", "-q", "main")
    missing_tree(repository, tmp_path)
    with suppress(subprocess.CalledProcessError):
        git(repository, "ls-tree", "-r", "other")
    assert (tmp_path / "fetched").exists()


def test_the_traps_work(trapped: Trapped, tmp_path: Path) -> None:
    env = trapped.environment()
    subprocess.run([sys.executable, "-c", "import yaml"], cwd=trapped.tree, env=env, check=True)
    subprocess.run(["git", "status"], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert trapped.marked() == ["imported-yaml.py", "ran-bin-git"]
