"""`new --commit`: one commit a part in the user's own git, and nothing else of theirs touched."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.command import scaffold, started
from support.committing import ADDRESSES, NUMBERS, files_in, hook, log, new, run
from support.repositories import committed, git, with_author
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import write_files


def test_each_part_is_a_commit_of_its_files_alone(repository: Path) -> None:
    done = new(repository)
    assert done.code == 0, done.err
    assert log(repository) == ["One", NUMBERS, ADDRESSES]
    assert files_in(repository, "HEAD~1") == ["tests/test_tracking_numbers.py"]
    assert files_in(repository, "HEAD") == ["tests/conftest.py", "tests/test_labels.py"]
    assert git(repository, "log", "-1", "--format=%an <%ae>") == "Ada <ada@example.com>"
    assert f"committed on main: {git(repository, 'rev-parse', 'HEAD')[:10]} " in done.out
    assert git(repository, "status", "--porcelain", "--", "tests", "parcels") == ""


def test_a_row_without_parts_is_one_commit_and_the_next_part_is_one(repository: Path) -> None:
    assert run(repository, "new", "--all", "--next", "--commit").code == 0
    assert log(repository)[1:] == ["Add tests: prices.py: what a parcel costs", NUMBERS]


def test_an_answer_is_for_its_own_gap_where_several_are_committed(repository: Path) -> None:
    picks = ["--gap", "labels", "--gap", "prices", "--commit", "--no-prove"]
    done = run(repository, "new", *picks, "--set", "labels_serials=3")
    assert done.code == 0, done.err
    assert len(log(repository)) == 4


def test_a_branch_is_made_and_what_was_there_stays_where_it_is(repository: Path) -> None:
    before = git(repository, "rev-parse", "main")
    done = new(repository, "--branch", "tests/labels", "--json")
    body = json.loads(done.out)
    assert (done.code, body["branch"]) == (0, "tests/labels")
    assert [one["part"] for one in body["commits"]] == ["labels:numbers", "labels:addresses"]
    assert [one["commit"] for one in body["commits"]] == [
        git(repository, "rev-parse", "HEAD~1"),
        git(repository, "rev-parse", "HEAD"),
    ]
    assert git(repository, "rev-parse", "main") == before
    assert git(repository, "symbolic-ref", "--short", "HEAD") == "tests/labels"


def test_what_is_staged_and_changed_stays_so(repository: Path) -> None:
    write_files(repository, {"README.md": "staged\n", "mine.txt": "new and staged\n"})
    git(repository, "add", "README.md", "mine.txt")
    write_files(repository, {"README.md": "staged, then changed\n", "loose.txt": "loose\n"})
    git(repository, "rm", "-q", "--cached", "tests/test_package.py")
    before = git(repository, "status", "--porcelain", "-uall", "--", ":!.scaffold")
    index = git(repository, "ls-files", "--stage", "--", "README.md", "mine.txt")
    assert new(repository).code == 0
    assert log(repository) == ["One", NUMBERS, ADDRESSES]
    assert git(repository, "status", "--porcelain", "-uall", "--", ":!.scaffold") == before
    assert git(repository, "ls-files", "--stage", "--", "README.md", "mine.txt") == index
    assert (repository / "README.md").read_text() == "staged, then changed\n"


def test_a_second_run_commits_nothing(repository: Path) -> None:
    assert new(repository).code == 0
    done = new(repository)
    assert done.code == 0 and log(repository) == ["One", NUMBERS, ADDRESSES]
    assert done.out.count("committed on") == 0


def test_parts_that_were_written_before_are_committed(repository: Path) -> None:
    assert run(repository, "new", "--gap", "labels").code == 0
    done = new(repository)
    assert done.code == 0, done.err
    assert log(repository) == ["One", NUMBERS, ADDRESSES]


def test_a_change_of_answers_is_committed_with_the_files_it_changes(repository: Path) -> None:
    assert run(repository, "new", "--gap", "prices", "--commit").code == 0
    done = run(repository, "new", "--gap", "prices", "--commit", "--set", "prices_currency=pence")
    assert done.code == 0, done.err
    assert files_in(repository, "HEAD") == ["tests/test_prices.py"]
    assert len(log(repository)) == 3


def test_hooks_see_only_the_part_and_write_to_stderr(repository: Path) -> None:
    hook(repository, "pre-commit", "git diff --cached --name-only; echo said >&2")
    hook(repository, "commit-msg", 'cat "$1"')
    done = new(repository, "--json")
    assert done.code == 0 and json.loads(done.out)["commits"]
    lines = [line for line in done.err.splitlines() if not line.startswith("[")]
    assert lines == [
        "tests/test_tracking_numbers.py", "said", NUMBERS,
        "tests/conftest.py", "tests/test_labels.py", "said", ADDRESSES,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [("pre-commit", "exit 3"), ("commit-msg", "exit 1"), ("prepare-commit-msg", "exit 1")],
)
def test_a_hook_that_refuses_loses_nothing_and_is_named(
    repository: Path, name: str, text: str
) -> None:
    hook(repository, name, f"echo not so\n{text}")
    write_files(repository, {"README.md": "staged\n"})
    git(repository, "add", "README.md")
    index = git(repository, "ls-files", "--stage")
    done = new(repository)
    assert done.code == 10
    # The hook's own output stands before the refusal.
    assert "not so\nerror: " in done.err
    assert (
        f"labels:numbers was not committed: the hook {name} refused it; its files are "
        "written, and not staged\n"
    ) in done.err
    assert (repository / "tests" / "test_tracking_numbers.py").is_file()
    assert not (repository / "tests" / "test_labels.py").exists()
    assert git(repository, "ls-files", "--stage") == index
    assert log(repository) == ["One"]
    hint = done.err.rpartition("hint: ")[2].strip()
    (repository / ".git" / "hooks" / name).unlink()
    subprocess.run(["sh", "-c", hint], cwd=repository.parent, check=True)
    assert log(repository) == ["One", NUMBERS]
    assert files_in(repository, "HEAD") == ["tests/test_tracking_numbers.py"]
    assert new(repository).code == 0
    assert log(repository) == ["One", NUMBERS, ADDRESSES]


def test_what_was_committed_before_a_refusal_is_named_and_stays(repository: Path) -> None:
    hook(repository, "pre-commit", "test ! -e tests/test_labels.py")
    done = new(repository)
    assert done.code == 10
    assert "(committed before it: labels:numbers)" in done.err
    assert log(repository) == ["One", NUMBERS]
    assert git(repository, "diff", "--cached", "--name-only") == ""


def test_signing_that_fails_is_named(repository: Path) -> None:
    git(repository, "config", "commit.gpgSign", "true")
    git(repository, "config", "gpg.program", "/bin/false")
    done = new(repository)
    assert done.code == 10 and "/bin/false ended with" in done.err
    assert log(repository) == ["One"]


def test_undo_takes_the_files_back_and_leaves_the_history(repository: Path) -> None:
    assert run(repository, "new", "--gap", "labels", "--next", "--commit").code == 0
    head = git(repository, "rev-parse", "HEAD")
    done = run(repository, "undo")
    assert done.code == 0 and not (repository / "tests" / "test_tracking_numbers.py").exists()
    assert git(repository, "rev-parse", "HEAD") == head
    assert "commits are not taken back: git's history stays as it is" in done.out
    command = done.out.rpartition("commit the files as they are now with: ")[2]
    subprocess.run(["sh", "-c", command], cwd=repository.parent, check=True, capture_output=True)
    assert log(repository) == ["One", NUMBERS, "Take back labels:numbers"]
    assert git(repository, "diff", "HEAD~2", "--stat") == ""


def test_undo_names_no_commit_where_there_is_none(repository: Path) -> None:
    assert run(repository, "new", "--gap", "labels", "--next").code == 0
    assert "commit" not in run(repository, "undo").out


def test_a_worktree_and_a_folder_of_a_larger_repository_are_committed_in(
    tree: Path, tmp_path: Path
) -> None:
    above = tmp_path / "above"
    above.mkdir()
    tree.rename(above / "inner")
    committed(above)
    with_author(above)
    git(above, "worktree", "add", "-q", "-b", "beside", "../beside")
    for place in (above / "inner", tmp_path / "beside" / "inner"):
        done = new(place)
        assert done.code == 0, done.err
        assert log(place) == ["One", NUMBERS, ADDRESSES]
        assert files_in(place, "HEAD~1") == ["inner/tests/test_tracking_numbers.py"]


def test_a_part_outside_of_a_sparse_checkout_is_committed(repository: Path) -> None:
    git(repository, "sparse-checkout", "set", "--no-cone", "/*", "!/tests/test_tracking*")
    assert new(repository).code == 0
    assert log(repository) == ["One", NUMBERS, ADDRESSES]
    assert git(repository, "status", "--short") == ""


def test_names_that_git_would_take_for_patterns_are_names(tmp_path: Path) -> None:
    kit = write_kit(
        tmp_path / "kit",
        {"row/gap.toml": gap_toml(), "row/files/tests/test_[ab].py": "def test_x(): pass\n"},
    )
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n", "tests/test_a.py": "a = 1\n"})
    committed(app)
    with_author(app)
    write_files(app, {"tests/test_a.py": "a = 2\n"})
    done = scaffold("new", "--gap", "row", "--commit", "--no-prove", "--kit", kit, "-C", app)
    assert done.code == 0, done.err
    assert files_in(app, "HEAD") == ["tests/test_[ab].py"]
    assert git(app, "status", "--porcelain", "--", "tests") == "M tests/test_a.py"


def test_variables_of_another_repository_lead_nowhere(repository: Path, tmp_path: Path) -> None:
    other = committed(write_files(tmp_path / "other", {"a.txt": "a\n"}))
    env = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Eve",
    }
    words = ("new", "--gap", "labels", "--next", "--commit", "--kit", DEMO_KIT, "-C", repository)
    done = started(*words, env=env)
    assert done.code == 0, done.err
    assert log(repository) == ["One", NUMBERS] and log(other) == ["One"]
    assert git(repository, "log", "-1", "--format=%an") == "Ada"


def test_looking_runs_no_program_of_the_settings(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = write_files(tmp_path, {"trap": f"#!/bin/sh\necho ran >> {mark}\n"}) / "trap"
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "diff.external", "core.askPass",
                "core.sshCommand", "alias.commit"):  # fmt: skip
        git(repository, "config", key, str(program))
    hook(repository, "post-checkout", str(program))
    hook(repository, "post-index-change", str(program))
    write_files(repository, {"tests/test_labels.py": "mine = 1\n"})
    git(repository, "add", "tests/test_labels.py")
    mark.unlink(missing_ok=True)
    done = new(repository, "--branch", "b", "--on-conflict", "overwrite")
    assert done.code == 4
    assert not mark.exists()


def test_a_commit_is_told_as_the_hooks_left_it(repository: Path) -> None:
    hook(repository, "commit-msg", "sed -i '1s/^/JIRA-1 /' \"$1\"")
    done = new(repository, "--part", "labels:numbers", "--no-prove")
    assert done.code == 0
    assert f"JIRA-1 {NUMBERS}" in done.out
    assert log(repository)[-1] == f"JIRA-1 {NUMBERS}"


def test_a_commit_that_a_hook_takes_back_is_refused(repository: Path) -> None:
    hook(repository, "post-commit", "git reset -q --soft HEAD~1")
    done = new(repository, "--part", "labels:numbers", "--no-prove")
    assert done.code == 10
    assert "a hook took the commit back" in done.fact


@pytest.mark.parametrize("strict", ["true", "1", "Yes"])
def test_the_way_out_works_where_git_refuses_line_ends(repository: Path, strict: str) -> None:
    git(repository, "config", "core.autocrlf", "true")
    git(repository, "config", "core.safecrlf", strict)
    done = new(repository)
    assert done.code == 10
    assert "LF would be replaced by CRLF" in done.err
    hint = done.err.rpartition("hint: ")[2]
    subprocess.run(["sh", "-c", hint], cwd=repository, check=True)
    assert log(repository)[-1] == NUMBERS
