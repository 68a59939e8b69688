"""Git answers in a copy of a tree as it does in the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.proof.cargo.held_copy import held_copy
from scaffold.proof.runner import VerifyOptions
from scaffold.proof.tree_copy import copy_tree, list_tree
from support.repositories import committed, files_of, git
from support.tree import write_files

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"

QUESTIONS = (
    ("rev-parse", "HEAD"),
    ("rev-parse", "--abbrev-ref", "HEAD"),
    ("describe", "--tags"),
    ("ls-files",),
    ("status", "--porcelain"),
    ("log", "--format=%s"),
    ("remote", "get-url", "origin"),
    ("config", "user.name"),
)


@pytest.fixture
def repository(small_tree: Path) -> Path:
    committed(small_tree)
    git(small_tree, "tag", "v1.2")
    git(small_tree, "remote", "add", "origin", "https://example.org/it.git")
    git(small_tree, "config", "user.name", 'Ada "the first" \\ L')
    write_files(small_tree, {"README.md": "changed", "new.txt": "new"})
    return small_tree


def answers(root: Path) -> list[str]:
    return [git(root, *question) for question in QUESTIONS]


def test_git_answers_in_the_copy_as_in_the_checkout(repository: Path, tmp_path: Path) -> None:
    copy = copy_tree(repository, tmp_path / "copy")

    assert answers(copy) == answers(repository)
    assert git(copy, "rev-parse", "--show-toplevel") == str(copy)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "loose"])
def test_git_answers_in_the_copy_of_a_worktree(
    repository: Path, tmp_path: Path, packed: bool
) -> None:
    if packed:
        git(repository, "gc", "-q")
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    copy = copy_tree(tmp_path / "side", tmp_path / "copy")

    assert answers(copy) == answers(tmp_path / "side")
    assert git(copy, "rev-parse", "--abbrev-ref", "HEAD") == "side"


def test_git_answers_in_the_copy_of_a_submodule_and_of_a_folder_below(
    repository: Path, tmp_path: Path
) -> None:
    super_root = committed(write_files(tmp_path / "super", {"a.txt": "a"}))
    git(super_root, "submodule", "add", "-q", str(repository), "target")
    git(super_root, "commit", "-q", "-m", "Sub")

    copy = copy_tree(super_root, tmp_path / "copy")
    below = copy_tree(super_root / "target/lib", tmp_path / "below")

    assert git(copy, "status", "--porcelain") == ""
    assert git(copy / "target", "rev-parse", "HEAD") == git(repository, "rev-parse", "HEAD")
    assert git(below, "rev-parse", "--show-prefix") == "lib/"
    assert below == tmp_path / "below/lib"


def test_what_tests_do_to_git_in_the_copy_stays_there_and_runs_no_hook(
    repository: Path, tmp_path: Path
) -> None:
    hooks = write_files(repository / "hooks", {"post-commit": "#!/bin/sh\ntouch ../ran\n"})
    (hooks / "post-commit").chmod(0o755)
    for name in ("core.hooksPath", "core.fsmonitor"):
        git(repository, "config", name, str(hooks / "post-commit" if "fs" in name else hooks))
    before = git(repository, "-c", "core.fsmonitor=", "rev-parse", "HEAD")
    (tmp_path / "ran").unlink(missing_ok=True)

    copy = copy_tree(repository, tmp_path / "copy")
    git(copy, "commit", "-q", "-a", "-m", "Two")
    git(copy, "tag", "v9")

    assert git(repository, "rev-parse", "HEAD") == before
    assert git(repository, "tag") == "v1.2"
    assert not list(tmp_path.rglob("ran"))


def test_git_of_a_hook_that_runs_scaffold_is_not_the_copys(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))

    assert "lib/app.py" in list_tree(repository).files
    assert "target/a.py" not in list_tree(repository).left_out


def test_the_copy_for_cargo_holds_the_same_and_keeps_the_times_of_what_did_not_change(
    repository: Path, tmp_path: Path
) -> None:
    made = {"target/CACHEDIR.TAG": TAG, "target/x": "", ".git/info/exclude": "/target/\n"}
    write_files(repository, {"crate/target/mod.rs": "", **made})
    (repository / "crate/link.rs").symlink_to(repository / "crate/target/mod.rs")
    options = VerifyOptions(cache_dir=tmp_path / "cache")
    with held_copy(repository, options, print) as tree:
        copied = files_of(tree.path)
        assert copied == files_of(copy_tree(repository, tmp_path / "copy"))
        assert answers(tree.path) == answers(repository)
        assert (tree.path / "crate/link.rs").resolve() == tree.path / "crate/target/mod.rs"
    times = {path: path.lstat().st_mtime_ns for path in tree.path.rglob("*")}
    git(repository, "tag", "v1.3")
    git(repository, "tag", "-d", "v1.2")
    (repository / "new.txt").unlink()
    (repository / "crate/link.rs").unlink()
    write_files(repository, {"crate/link.rs/now_a_folder.rs": ""})

    with held_copy(repository, options, print) as tree:
        assert not (tree.path / "new.txt").exists()
        assert (tree.path / "crate/link.rs/now_a_folder.rs").is_file()
        assert git(tree.path, "tag") == "v1.3"
        for path in (tree.path / "lib/app.py", tree.path / "lib", tree.path / ".git/config"):
            assert path.lstat().st_mtime_ns == times[path], path
