"""The copy of a checkout that tests run on: what is in it, and that it answers as the original."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.errors import CheckoutError
from scaffold.proof.cargo.tree import Tree
from scaffold.proof.runner import VerifyOptions
from scaffold.proof.tree_copy import Stopped, copy_tree, digests_of, list_tree, remove_tree
from support.tree import write_files

BUILD_NAMES = ("target", "build", "dist", "venv", "env", "node_modules", "out", "vendor", "bin")
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
PRODUCTS = {
    "target/CACHEDIR.TAG": TAG,
    "target/debug/thing": "binary",
    "old/target/.rustc_info.json": "{}",
    "old/target/debug/thing": "binary",
    "venv/pyvenv.cfg": "home = /usr/bin\n",
    "venv/lib/thing.py": "",
    "conda/conda-meta/history": "",
    "conda/lib/thing.py": "",
    "web/package.json": "{}",
    "web/node_modules/thing/index.js": "",
    "alone/node_modules/.package-lock.json": "{}",
    "alone/node_modules/thing/index.js": "",
    "lib/__pycache__/thing.pyc": "",
    ".tox/py/thing": "",
    ".hypothesis/thing": "",
}


def git(root, *arguments):
    settings = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    root = write_files(tmp_path / "checkout", {"lib/app.py": "ONE = 1\n", "README.md": "Hello"})
    (root / "empty").mkdir()
    return root


def committed(root):
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", "One")
    return root


def files_of(root):
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@pytest.mark.parametrize("name", BUILD_NAMES)
@pytest.mark.parametrize("with_git", [True, False], ids=["git", "no git"])
def test_a_package_with_the_name_of_a_build_folder_is_copied(checkout, tmp_path, name, with_git):
    write_files(checkout, {f"{name}/__init__.py": "", f"{name}/sub/{name}/code.py": "TWO = 2\n"})
    if with_git:
        committed(checkout)

    copy = copy_tree(checkout, tmp_path / "copy")

    assert files_of(copy) == files_of(checkout)
    assert (copy / "empty").is_dir()


def test_what_a_tool_made_is_left_out_and_named(checkout, tmp_path):
    write_files(checkout, PRODUCTS)

    listing = list_tree(checkout)
    copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py", "README.md", "web/package.json"}
    assert set(listing.left_out) == {
        "target", "old/target", "venv", "conda", "web/node_modules", "alone/node_modules",
        "lib/__pycache__", ".tox", ".hypothesis",
    }  # fmt: skip


def test_what_git_tracks_is_copied_though_it_looks_made(checkout, tmp_path):
    write_files(checkout, PRODUCTS)
    committed(checkout)

    copy = copy_tree(checkout, tmp_path / "copy")

    assert files_of(copy) == files_of(checkout)


def test_files_that_git_ignores_or_does_not_know_are_copied(checkout, tmp_path):
    write_files(checkout, {".gitignore": "_version.py\n"})
    committed(checkout)
    write_files(checkout, {"lib/_version.py": "VERSION = '1'\n", "lib/test_new.py": ""})

    copy = copy_tree(checkout, tmp_path / "copy")

    assert files_of(copy) == files_of(checkout)


def test_links_lead_into_the_copy_where_they_led_into_the_tree(checkout, tmp_path):
    outside = write_files(tmp_path / "outside", {"data.txt": "outside"})
    (tmp_path / "alias").symlink_to(checkout)
    write_files(checkout, {"venv/pyvenv.cfg": "", "venv/tool.py": ""})
    links = {
        "relative.py": "lib/app.py",
        "lib/up.md": "../README.md",
        "absolute.py": str(checkout / "lib/app.py"),
        "folder": str(checkout / "lib"),
        "by_alias.py": str(tmp_path / "alias/lib/app.py"),
        "out_and_in.py": "../checkout/lib/app.py",
        "chain.py": "absolute.py",
        "itself": str(checkout),
    }
    away = {"out.txt": "../outside/data.txt", "far.txt": str(outside / "data.txt")}
    kept = {"tool.py": "venv/tool.py", "dangling": "nowhere", "loop": "loop"}
    for name, goal in {**links, **away, **kept}.items():
        (checkout / name).symlink_to(goal)

    copy = copy_tree(checkout, tmp_path / "deep/er/copy")

    for name in links:
        expected = os.path.realpath(checkout / name).replace(str(checkout), str(copy), 1)
        assert os.path.realpath(copy / name) == expected, name
    for name in [*away, "tool.py"]:
        assert os.path.realpath(copy / name) == os.path.realpath(checkout / name), name
    assert os.readlink(copy / "dangling") == "nowhere"
    assert os.readlink(copy / "loop") == "loop"


def test_special_files_are_never_opened(checkout, tmp_path):
    os.mkfifo(checkout / "lib/pipe")
    os.mkfifo(checkout / "CACHEDIR.TAG")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(checkout / "socket"))
        listing = list_tree(checkout)
        copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py", "README.md"}
    assert set(listing.left_out) == {"lib/pipe", "CACHEDIR.TAG", "socket"}
    assert set(digests_of(listing)) > {"lib/pipe", "socket", "README.md", "empty"}


def test_a_file_becomes_a_pipe_between_listing_and_copy(checkout, tmp_path):
    listing = list_tree(checkout)
    (checkout / "README.md").unlink()
    os.mkfifo(checkout / "README.md")

    copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py"}
    assert listing.left_out == {"README.md": "not a plain file"}


def test_modes_times_and_odd_names_are_kept(checkout, tmp_path):
    odd = ["sp ace", "st*r", "[x]", "q?", "co:lon", "new\nline", "-rf", "\udcff\udcfe", "ü", "a\\b"]
    for name in odd:
        write_files(checkout, {f"{name}/{name}.txt": name.encode("utf-8", "surrogateescape")})
    (checkout / "README.md").chmod(0o444)
    (checkout / "lib/app.py").chmod(0o755)
    os.utime(checkout / "lib/app.py", (1e9, 1e9))
    (checkout / "lib").chmod(0o555)

    copy = copy_tree(checkout, tmp_path / "[co*py]")

    assert files_of(copy) == files_of(checkout)
    assert (copy / "README.md").stat().st_mode & 0o777 == 0o444
    assert (copy / "lib/app.py").stat().st_mode & 0o777 == 0o755
    assert (copy / "lib/app.py").stat().st_mtime == 1e9
    assert (copy / "lib").stat().st_mode & 0o777 == 0o755  # a mutant is written into it
    (checkout / "lib").chmod(0o755)


def test_a_sparse_file_stays_sparse_and_a_huge_one_is_left_out(checkout, tmp_path):
    for name, size in (("sparse", 200 << 20), ("huge", 1 << 40)):
        with open(checkout / name, "wb") as handle:
            handle.write(b"start")
            handle.seek(100 << 20)
            handle.write(b"middle")
            handle.truncate(size)

    listing = list_tree(checkout)
    copy = copy_tree(listing, tmp_path / "copy")

    assert (copy / "sparse").stat().st_size == 200 << 20
    assert (copy / "sparse").stat().st_blocks * 512 < 1 << 20
    with open(copy / "sparse", "rb") as handle:
        handle.seek(100 << 20)
        assert handle.read(6) == b"middle"
    assert not (copy / "huge").exists()
    assert "git does not track it" in listing.left_out["huge"]


def test_what_cannot_be_read_is_left_out_and_named(checkout, tmp_path):
    """As another user: root reads everything."""
    write_files(checkout, {"secret.txt": "", "closed/file.txt": ""})
    (checkout / "secret.txt").chmod(0)
    (checkout / "closed").chmod(0)
    for path in (tmp_path, *list(tmp_path.parents)[:3]):
        path.chmod(0o755)
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies").chmod(0o777)
    script = (
        "import os, sys, pathlib\n"
        "from scaffold.proof.tree_copy import *\n"
        "os.getuid() or os.setuid(65534)\n"
        "listing = list_tree(pathlib.Path(sys.argv[1]))\n"
        "copy_tree(listing, pathlib.Path(sys.argv[2]))\n"
        "print(sorted(listing.left_out.items()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(checkout), str(tmp_path / "copies/copy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (checkout / "closed").chmod(0o755)

    told = "[('closed', 'permission denied'), ('secret.txt', 'permission denied')]"
    assert done.stdout.strip() == told
    assert files_of(tmp_path / "copies/copy") == {"lib/app.py", "README.md"}


def test_a_copy_that_tests_closed_or_dug_deep_into_can_be_removed(checkout, tmp_path):
    copy = copy_tree(checkout, tmp_path / "copy")
    here = Path.cwd()
    try:
        os.chdir(copy)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    (copy / "lib").chmod(0o500)
    (copy / "empty").chmod(0)

    remove_tree(copy)

    assert not copy.exists()


def test_a_copy_stops_when_it_is_asked_to(checkout, tmp_path):
    with pytest.raises(Stopped):
        copy_tree(checkout, tmp_path / "copy", stop=lambda: True)


def test_a_place_that_cannot_be_written_is_an_error_with_its_name(checkout, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CheckoutError) as caught:
        copy_tree(checkout, tmp_path / "file/copy")

    assert str(tmp_path / "file/copy") in caught.value.fact


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
def repository(checkout):
    committed(checkout)
    git(checkout, "tag", "v1.2")
    git(checkout, "remote", "add", "origin", "https://example.org/it.git")
    git(checkout, "config", "user.name", 'Ada "the first" \\ L')
    write_files(checkout, {"README.md": "changed", "new.txt": "new"})
    return checkout


def answers(root):
    return [git(root, *question) for question in QUESTIONS]


def test_git_answers_in_the_copy_as_in_the_checkout(repository, tmp_path):
    copy = copy_tree(repository, tmp_path / "copy")

    assert answers(copy) == answers(repository)
    assert git(copy, "rev-parse", "--show-toplevel") == str(copy)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "loose"])
def test_git_answers_in_the_copy_of_a_worktree(repository, tmp_path, packed):
    if packed:
        git(repository, "gc", "-q")
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    copy = copy_tree(tmp_path / "side", tmp_path / "copy")

    assert answers(copy) == answers(tmp_path / "side")
    assert git(copy, "rev-parse", "--abbrev-ref", "HEAD") == "side"


def test_git_answers_in_the_copy_of_a_submodule_and_of_a_folder_below(repository, tmp_path):
    super_root = committed(write_files(tmp_path / "super", {"a.txt": "a"}))
    git(super_root, "submodule", "add", "-q", str(repository), "target")
    git(super_root, "commit", "-q", "-m", "Sub")

    copy = copy_tree(super_root, tmp_path / "copy")
    below = copy_tree(super_root / "target/lib", tmp_path / "below")

    assert git(copy, "status", "--porcelain") == ""
    assert git(copy / "target", "rev-parse", "HEAD") == git(repository, "rev-parse", "HEAD")
    assert git(below, "rev-parse", "--show-prefix") == "lib/"
    assert below == tmp_path / "below/lib"


def test_what_tests_do_to_git_in_the_copy_stays_there_and_runs_no_hook(repository, tmp_path):
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


def test_git_of_a_hook_that_runs_scaffold_is_not_the_copys(repository, tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))

    assert "lib/app.py" in list_tree(repository).files
    assert "target/a.py" not in list_tree(repository).left_out


def test_digests_change_with_content_mode_and_links(checkout):
    (checkout / "link").symlink_to("lib")

    def digests():
        return digests_of(list_tree(checkout))

    first = digests()
    assert digests() == first
    (checkout / "README.md").write_text("Other")
    assert digests()["README.md"] != first["README.md"]
    (checkout / "lib/app.py").chmod(0o755)
    assert digests()["lib/app.py"] != first["lib/app.py"]
    (checkout / "link").unlink()
    (checkout / "link").symlink_to("empty")
    assert digests()["link"] != first["link"]


def test_the_copy_for_cargo_holds_the_same_and_keeps_the_times_of_what_did_not_change(
    repository, tmp_path
):
    made = {"target/CACHEDIR.TAG": TAG, "target/x": "", ".git/info/exclude": "/target/\n"}
    write_files(repository, {"crate/target/mod.rs": "", **made})
    (repository / "crate/link.rs").symlink_to(repository / "crate/target/mod.rs")
    tree = Tree(repository, VerifyOptions(cache_dir=tmp_path / "cache"))
    with tree.held(print):
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

    with tree.held(print):
        assert not (tree.path / "new.txt").exists()
        assert (tree.path / "crate/link.rs/now_a_folder.rs").is_file()
        assert git(tree.path, "tag") == "v1.3"
        for path in (tree.path / "lib/app.py", tree.path / "lib", tree.path / ".git/config"):
            assert path.lstat().st_mtime_ns == times[path], path
