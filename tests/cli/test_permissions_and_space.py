"""The machine is in the way: no permission, no room, another run."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.checkout import journal
from support.command import Ran, scaffold, started
from support.tinykit import DEMO_KIT
from support.tree import snapshot

NEW = ["new", "--gap", "prices", "--kit", str(DEMO_KIT)]
NOBODY = 65534


@pytest.fixture
def open_tree(tree: Path) -> Iterator[Path]:
    """The tree at a place that everybody can reach: pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="scaffold-test-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "state").mkdir()
        (Path(name) / "state").chmod(0o777)
        yield Path(shutil.copytree(tree, Path(name) / "tree"))


def as_nobody(*arguments: str | Path, group: int = NOBODY) -> Ran:
    """The command run by somebody who is not root, whom modes bind, and who is in this group."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", f"--groups={group}")
    state = str(Path(arguments[-1]).parent / "state")
    env = {"XDG_CACHE_HOME": "/dev/null/no-cache", "XDG_STATE_HOME": state}
    return started(*arguments, prefix=prefix, env=env)


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None,
    reason="root is bound by no mode, and without setpriv it cannot become somebody else",
)
@pytest.mark.parametrize("closed", [".", "tests"])
def test_a_read_only_folder_is_refused_and_left(open_tree: Path, closed: str) -> None:
    for folder in (open_tree, *open_tree.iterdir()):
        folder.chmod(0o777)
    (open_tree / closed).chmod(0o555)
    before = snapshot(open_tree)
    done = as_nobody(*NEW, "-C", open_tree)
    assert done.code == 3
    place = ".scaffold" if closed == "." else "tests/test_prices.py"
    assert done.fact == (
        f"the checkout cannot be written: Permission denied ({place}); nothing was changed"
    )
    assert done.hint == f"ls -ld {closed}"
    assert snapshot(open_tree) == before


@pytest.mark.slow
@pytest.mark.parametrize("state", ["/dev/null/home", "{tree}/state", "/proc/nowhere"])
def test_without_a_place_for_the_key_nothing_is_written(tree: Path, state: str) -> None:
    before = snapshot(tree)
    env = {"XDG_STATE_HOME": state.replace("{tree}", str(tree))}
    done = started(*NEW, "-C", tree, env=env)
    assert done.code == 3
    assert "the key that your undo records are signed with cannot be kept in" in done.fact
    assert snapshot(tree) == before
    way_out = f"{done.hint} && {sys.executable} -m scaffold {shlex.join(NEW)} -C {tree}"
    assert subprocess.run(["sh", "-c", way_out], env={**os.environ, **env}).returncode == 0


@pytest.mark.parametrize("content", [b"", b"\0" * 31, b"\0" * 33])
def test_a_broken_key_is_named_with_a_way_out(
    tree: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    place = tree.parent / "state" / "scaffold" / "key"
    place.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(tree.parent / "state"))
    place.write_bytes(content)
    place.chmod(0o600)
    before = snapshot(tree)
    done = scaffold(*NEW, "-C", tree)
    assert done.code == 3
    assert done.fact.startswith(f"{place} holds ")
    assert snapshot(tree) == before
    subprocess.run(["sh", "-c", done.hint], check=True)
    assert scaffold(*NEW, "-C", tree).code == 0
    # Another time: what was moved away before stays.
    place.write_bytes(content)
    again = scaffold("undo", "--kit", DEMO_KIT, "-C", tree)
    subprocess.run(["sh", "-c", again.hint], check=True)
    assert [path.read_bytes() for path in place.parent.glob("key.broken*")] == [content] * 2


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="see above")
def test_a_file_that_may_not_be_read_is_refused(open_tree: Path) -> None:
    target = open_tree / "parcels" / "prices.py"
    target.chmod(0)
    done = as_nobody(*NEW, "-C", open_tree)
    assert (done.code, done.fact) == (3, "parcels/prices.py cannot be read: Permission denied")
    assert done.hint == f"ls -ld {target}"


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="see above")
def test_an_interrupted_run_in_a_read_only_folder_is_reported_not_dropped(open_tree: Path) -> None:
    (open_tree / journal.JOURNAL / "before").mkdir(parents=True)
    for closed in (journal.JOURNAL, ".scaffold", "."):
        (open_tree / closed).chmod(0o555)
    before = snapshot(open_tree)
    done = as_nobody("undo", "--kit", DEMO_KIT, "-C", open_tree)
    assert (done.code, done.fact) == (
        3,
        "an interrupted run cannot be taken back: Permission denied; the next command goes on "
        "with it",
    )
    assert done.hint == "ls -ld ."
    assert snapshot(open_tree) == before


def small_files() -> None:
    """In the child: no file may be longer than this, as on a disk that is almost full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))


@pytest.mark.usefixtures("nothing_rendered")
def test_where_there_is_no_room_to_render_nothing_is_written(tree: Path) -> None:
    first = snapshot(tree)
    done = started(*NEW, "-C", tree, before=small_files)
    assert done.code == 3
    assert done.fact.startswith("'prices' cannot be rendered: File too large; make room")
    assert done.hint == 'export TMPDIR="$HOME"'
    assert snapshot(tree) == first


@pytest.mark.skipif(
    sys.platform != "linux" or subprocess.run(["unshare", "-rm", "true"]).returncode != 0,
    reason="a disk of 24 KB needs a mount namespace of one's own",
)
def test_a_full_disk_is_refused_and_left(tree: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    script = (
        'mount -t tmpfs -o size=24k none "$1" && cp -r "$2/." "$1" && cd "$1" && '
        "find . -type f -exec sha256sum {} + | sort > $3.before; "
        'shift 3; "$@"; code=$?; '
        "find . -type f -exec sha256sum {} + | sort > $REPORT.after; exit $code"
    )
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(mount), str(tree), str(report),
         sys.executable, "-m", "scaffold", "new", "--all", "--kit", str(DEMO_KIT), "-C",
         str(mount)],
        env={**os.environ, "REPORT": str(report)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "error: the checkout cannot be written: No space left on device" in done.stderr
    assert report.with_suffix(".after").read_text() == report.with_suffix(".before").read_text()


def test_a_second_run_at_once_is_refused_and_one_that_reads_works(tree: Path) -> None:
    first = snapshot(tree)
    hold = (
        "import sys; from pathlib import Path; from scaffold.checkout.journal import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tree)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        done = scaffold(*NEW, "-C", tree / "parcels")
        for words in (["status"], ["new", "--all", "--dry-run"], ["new", "--all", "--diff"]):
            read = scaffold(*words, "--kit", DEMO_KIT, "-C", tree)
            assert (read.code, "warning" in read.err) == (0, False), read.err
        other.communicate()
    assert (done.code, done.fact) == (
        4,
        "another run of scaffold is at work in this checkout; nothing was written",
    )
    assert done.hint == "scaffold status"
    assert snapshot(tree) == first
    assert scaffold(*NEW, "-C", tree).code == 0


def test_a_shared_file_keeps_its_owner_its_permissions_and_its_attributes(tree: Path) -> None:
    place = tree / "tests" / "conftest.py"
    place.write_text("import os\n")
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    place.chmod(0o640)
    with contextlib.suppress(OSError):  # a file system without them
        os.setxattr(place, "user.note", b"mine")
    before = about(place)
    assert scaffold(*NEW, "-C", tree).code == 0
    assert place.read_text() != "import os\n"
    assert about(place) == before
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert about(place) == before


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become others"
)
def test_a_shared_file_of_others_keeps_the_group_and_no_right_of_its_owner(
    open_tree: Path,
) -> None:
    for path in (open_tree, *open_tree.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    place = open_tree / "tests" / "conftest.py"
    place.write_text("import os\n")
    os.chown(place, 1234, 4321)
    place.chmod(0o6664)
    assert as_nobody(*NEW, "-C", open_tree, group=4321).code == 0
    assert about(place)[:3] == (NOBODY, 4321, stat.S_IFREG | 0o664)


def about(place: Path) -> tuple[int, int, int, dict[str, bytes]]:
    found = place.stat()
    notes = {name: os.getxattr(place, name) for name in os.listxattr(place)}
    return found.st_uid, found.st_gid, found.st_mode, notes
