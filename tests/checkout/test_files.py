"""Files of a checkout, reached only inside it and through no symlink."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scaffold.checkout.files import confine, read_file, read_plain, write_file
from scaffold.checkout.places import Tree
from scaffold.errors import CheckoutError
from support.tree import write_files


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../x", "a/../../x", "", ".git", ".git/config", "a/.git/x", "a/.GIT/hooks/x",
        "a/.Git", "a/.g\u200cit/x", "a/.git. /x", "a/GIT~1/x", "a/\0", "a/" * 4000 + "x",
    ],
)  # fmt: skip
def test_a_path_that_leaves_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(CheckoutError, match="is not a place inside the checkout"):
        confine(tmp_path, path)


@pytest.mark.parametrize(
    "path", ["a", "a/b/c.txt", ".github/x.yml", "..a", ".gitignore", "a.git/x"]
)
def test_a_path_inside_is_its_place(tmp_path: Path, path: str) -> None:
    assert confine(tmp_path, path) == tmp_path / path


@pytest.mark.parametrize("path", ["link", "link/x", "folder/inner/x"])
def test_a_symlink_on_the_way_is_refused(tmp_path: Path, path: str) -> None:
    write_files(tmp_path, {"folder/f.txt": "f"})
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "folder" / "inner").symlink_to("/nowhere")
    with pytest.raises(CheckoutError, match="is a symlink; scaffold writes through none"):
        confine(tmp_path, path)


def test_what_is_not_there_is_none_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/b.txt": b"\r\n"})
    assert read_file(tmp_path, "a/b.txt") == b"\r\n"
    assert read_file(tmp_path, "a/c.txt") is None
    with pytest.raises(CheckoutError, match="a cannot be read: Is a directory"):
        read_file(tmp_path, "a")


def test_only_plain_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(OSError, match="Not a plain file"):
        read_plain(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a plain file"):
        read_plain(Path("/dev/zero"))
    with pytest.raises(OSError, match="Larger than"):
        read_plain(tmp_path / "large", most=4)
    assert read_plain(tmp_path / "large", most=5) == b"12345"
    with pytest.raises(CheckoutError, match="pipe cannot be read: Not a plain file"):
        read_file(tmp_path, "pipe")


def test_a_link_swapped_in_on_the_way_is_not_followed_by_a_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"out/f.txt": "secret", "tree/sub/f.txt": "ours"})
    (tmp_path / "tree" / "sub").rename(tmp_path / "tree" / "was")
    (tmp_path / "tree" / "sub").symlink_to(tmp_path / "out")
    with Tree(tmp_path / "tree") as tree, pytest.raises(NotADirectoryError):
        tree.read("sub/f.txt")


def test_a_file_is_written_whole_and_never_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    root = write_files(tmp_path / "tree", {"keep": ""})
    write_file(root, "a/b.json", b"one")
    write_file(root, "a/b.json", b"two")
    assert [place.name for place in (root / "a").iterdir()] == ["b.json"]
    assert (root / "a" / "b.json").read_bytes() == b"two"
    for name in ("b.json", "b.new", ".b.json.scaffold-new"):
        place = root / "a" / name
        place.unlink(missing_ok=True)
        place.symlink_to(victim)
    with pytest.raises(CheckoutError, match=r"a/b\.json is a symlink"):
        write_file(root, "a/b.json", b"three")
    (root / "a" / "b.json").unlink()
    write_file(root, "a/b.json", b"three")
    assert victim.read_text() == "theirs"
