"""The copy of a checkout that tests run on: what is in it, and that it answers as the original."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from scaffold.errors import CheckoutError
from scaffold.proof.pool import Stopped
from scaffold.proof.tree_copy import copy_tree, digests_of, list_tree, remove_tree
from support.repositories import committed, files_of
from support.tree import write_files

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
BUILD_NAMES = ("target", "build", "dist", "venv", "env", "node_modules", "out", "vendor", "bin")
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


@pytest.mark.parametrize("name", BUILD_NAMES)
@pytest.mark.parametrize("with_git", [True, False], ids=["git", "no git"])
def test_a_package_with_the_name_of_a_build_folder_is_copied(
    small_tree: Path, tmp_path: Path, name: str, with_git: bool
) -> None:
    write_files(small_tree, {f"{name}/__init__.py": "", f"{name}/sub/{name}/code.py": "TWO = 2\n"})
    if with_git:
        committed(small_tree)

    copy = copy_tree(small_tree, tmp_path / "copy")

    assert files_of(copy) == files_of(small_tree)
    assert (copy / "empty").is_dir()


def test_what_a_tool_made_is_left_out_and_named(small_tree: Path, tmp_path: Path) -> None:
    write_files(small_tree, PRODUCTS)

    listing = list_tree(small_tree)
    copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py", "README.md", "web/package.json"}
    assert set(listing.left_out) == {
        "target", "old/target", "venv", "conda", "web/node_modules", "alone/node_modules",
        "lib/__pycache__", ".tox", ".hypothesis",
    }  # fmt: skip


def test_what_git_tracks_is_copied_though_it_looks_made(small_tree: Path, tmp_path: Path) -> None:
    write_files(small_tree, PRODUCTS)
    committed(small_tree)

    copy = copy_tree(small_tree, tmp_path / "copy")

    assert files_of(copy) == files_of(small_tree)


def test_files_that_git_ignores_or_does_not_know_are_copied(
    small_tree: Path, tmp_path: Path
) -> None:
    write_files(small_tree, {".gitignore": "_version.py\n"})
    committed(small_tree)
    write_files(small_tree, {"lib/_version.py": "VERSION = '1'\n", "lib/test_new.py": ""})

    copy = copy_tree(small_tree, tmp_path / "copy")

    assert files_of(copy) == files_of(small_tree)


def test_links_lead_into_the_copy_where_they_led_into_the_tree(
    small_tree: Path, tmp_path: Path
) -> None:
    outside = write_files(tmp_path / "outside", {"data.txt": "outside"})
    (tmp_path / "alias").symlink_to(small_tree)
    write_files(small_tree, {"venv/pyvenv.cfg": "", "venv/tool.py": ""})
    links = {
        "relative.py": "lib/app.py",
        "lib/up.md": "../README.md",
        "absolute.py": str(small_tree / "lib/app.py"),
        "folder": str(small_tree / "lib"),
        "by_alias.py": str(tmp_path / "alias/lib/app.py"),
        "out_and_in.py": "../checkout/lib/app.py",
        "chain.py": "absolute.py",
        "itself": str(small_tree),
    }
    away = {"out.txt": "../outside/data.txt", "far.txt": str(outside / "data.txt")}
    kept = {"tool.py": "venv/tool.py", "dangling": "nowhere", "loop": "loop"}
    for name, goal in {**links, **away, **kept}.items():
        (small_tree / name).symlink_to(goal)

    copy = copy_tree(small_tree, tmp_path / "deep/er/copy")

    for name in links:
        expected = os.path.realpath(small_tree / name).replace(str(small_tree), str(copy), 1)
        assert os.path.realpath(copy / name) == expected, name
    for name in [*away, "tool.py"]:
        assert os.path.realpath(copy / name) == os.path.realpath(small_tree / name), name
    assert os.readlink(copy / "dangling") == "nowhere"
    assert os.readlink(copy / "loop") == "loop"


def test_special_files_are_never_opened(small_tree: Path, tmp_path: Path) -> None:
    os.mkfifo(small_tree / "lib/pipe")
    os.mkfifo(small_tree / "CACHEDIR.TAG")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(small_tree / "socket"))
        listing = list_tree(small_tree)
        copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py", "README.md"}
    assert set(listing.left_out) == {"lib/pipe", "CACHEDIR.TAG", "socket"}
    assert set(digests_of(listing)) > {"lib/pipe", "socket", "README.md", "empty"}


def test_a_file_becomes_a_pipe_between_listing_and_copy(small_tree: Path, tmp_path: Path) -> None:
    listing = list_tree(small_tree)
    (small_tree / "README.md").unlink()
    os.mkfifo(small_tree / "README.md")

    copy = copy_tree(listing, tmp_path / "copy")

    assert files_of(copy) == {"lib/app.py"}
    assert listing.left_out == {"README.md": "not a plain file"}


def test_modes_times_and_odd_names_are_kept(small_tree: Path, tmp_path: Path) -> None:
    odd = ["sp ace", "st*r", "[x]", "q?", "co:lon", "new\nline", "-rf", "\udcff\udcfe", "ü", "a\\b"]
    for name in odd:
        write_files(small_tree, {f"{name}/{name}.txt": name.encode("utf-8", "surrogateescape")})
    (small_tree / "README.md").chmod(0o444)
    (small_tree / "lib/app.py").chmod(0o755)
    os.utime(small_tree / "lib/app.py", (1e9, 1e9))
    (small_tree / "lib").chmod(0o555)

    copy = copy_tree(small_tree, tmp_path / "[co*py]")

    assert files_of(copy) == files_of(small_tree)
    assert (copy / "README.md").stat().st_mode & 0o777 == 0o444
    assert (copy / "lib/app.py").stat().st_mode & 0o777 == 0o755
    assert (copy / "lib/app.py").stat().st_mtime == 1e9
    assert (copy / "lib").stat().st_mode & 0o777 == 0o755  # a mutant is written into it
    (small_tree / "lib").chmod(0o755)


def test_a_sparse_file_stays_sparse_and_a_huge_one_is_left_out(
    small_tree: Path, tmp_path: Path
) -> None:
    for name, size in (("sparse", 200 << 20), ("huge", 1 << 40)):
        with open(small_tree / name, "wb") as handle:
            handle.write(b"start")
            handle.seek(100 << 20)
            handle.write(b"middle")
            handle.truncate(size)

    listing = list_tree(small_tree)
    copy = copy_tree(listing, tmp_path / "copy")

    assert (copy / "sparse").stat().st_size == 200 << 20
    assert (copy / "sparse").stat().st_blocks * 512 < 1 << 20
    with open(copy / "sparse", "rb") as handle:
        handle.seek(100 << 20)
        assert handle.read(6) == b"middle"
    assert not (copy / "huge").exists()
    assert "git does not track it" in listing.left_out["huge"]


def test_what_cannot_be_read_is_left_out_and_named(small_tree: Path, tmp_path: Path) -> None:
    """As another user: root reads everything."""
    write_files(small_tree, {"secret.txt": "", "closed/file.txt": ""})
    (small_tree / "secret.txt").chmod(0)
    (small_tree / "closed").chmod(0)
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
        [sys.executable, "-c", script, str(small_tree), str(tmp_path / "copies/copy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (small_tree / "closed").chmod(0o755)

    told = "[('closed', 'permission denied'), ('secret.txt', 'permission denied')]"
    assert done.stdout.strip() == told
    assert files_of(tmp_path / "copies/copy") == {"lib/app.py", "README.md"}


@pytest.mark.slow
def test_a_copy_that_tests_closed_or_dug_deep_into_can_be_removed(
    small_tree: Path, tmp_path: Path
) -> None:
    copy = copy_tree(small_tree, tmp_path / "copy")
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


def test_a_copy_stops_when_it_is_asked_to(small_tree: Path, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        copy_tree(small_tree, tmp_path / "copy", stop=lambda: True)


def test_a_place_that_cannot_be_written_is_an_error_with_its_name(
    small_tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CheckoutError) as caught:
        copy_tree(small_tree, tmp_path / "file/copy")

    assert str(tmp_path / "file/copy") in caught.value.fact


def test_digests_change_with_content_mode_and_links(small_tree: Path) -> None:
    (small_tree / "link").symlink_to("lib")

    def digests() -> Mapping[str, bytes]:
        return digests_of(list_tree(small_tree))

    first = digests()
    assert digests() == first
    (small_tree / "README.md").write_text("Other")
    assert digests()["README.md"] != first["README.md"]
    (small_tree / "lib/app.py").chmod(0o755)
    assert digests()["lib/app.py"] != first["lib/app.py"]
    (small_tree / "link").unlink()
    (small_tree / "link").symlink_to("empty")
    assert digests()["link"] != first["link"]
