"""Faults and commands: what each command does with each kind of bad input, as a table.

    python -m support.reliability      writes docs/reliability.md (make reliability)

A new kind of bad input joins by an entry in FAULTS.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.command import Ran, scaffold, started
from support.repositories import git
from support.tinykit import DEMO, DEMO_KIT
from support.tree import Snapshot, snapshot, write_files

COMMANDS: dict[str, list[str]] = {
    "list": ["list"],
    "show": ["show", "{gap}"],
    "status": ["status"],
    "doctor": ["doctor"],
    "new --dry-run": ["new", "--gap", "{gap}", "--dry-run"],
    "new --diff": ["new", "--gap", "{gap}", "--diff"],
    "new": ["new", "--gap", "{gap}"],
    "verify": ["verify", "{proved}", "--python", sys.executable],
    "undo": ["undo"],
}
READERS = frozenset({"list", "show", "status", "doctor", "new --dry-run", "new --diff"})
HEAD = (
    "# Faults and commands\n"
    "What each command does with each kind of bad input: its exit code "
    "([list](architecture.md#exit-codes)). The table is\nwritten by a run of the real commands on "
    "a checkout in which `prices` was generated (`make reliability`), and a test\ncompares each "
    "row. "
    "A command that reads, and one that ends with another code than 0, leaves the tree as it was, "
    "byte\nfor byte but for the proofs of `verify`. The same test pastes every hint into a shell: "
    "none is a wrong command line, none\nleads back to the same error, and the hint of a command "
    "that reads changes nothing.\n\n"
)


@dataclass
class Place:
    """Where a command runs: the checkout, the kit, and the gaps that it is asked for."""

    tree: Path
    kit: Path
    gap: str = "labels"
    proved: str = "prices"
    holds: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    env: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    before: Callable[[], None] | None = None

    def run(self, *words: str) -> Ran:
        """The command, in the folder above the checkout."""
        if not (self.env or self.prefix or self.before):
            return scaffold(*words, cwd=self.tree.parent)
        return started(
            *words, cwd=self.tree.parent, env=self.env, prefix=self.prefix, before=self.before
        )

    def folder(self, name: str) -> Path:
        """A new folder beside the checkout."""
        made = self.tree.parent / name
        made.mkdir()
        return made

    def elsewhere(self) -> Path:
        """A new folder away from where the command runs: a cache below that is not believed."""
        return Path(self.holds.enter_context(tempfile.TemporaryDirectory(prefix="elsewhere-")))

    def mount_read_only(self, folder: Path) -> None:
        """Nothing below this folder can be written by the command, whoever runs it."""
        here = shlex.quote(str(folder))
        script = f'mount --bind {here} {here} && mount -o remount,bind,ro {here} && exec "$@"'
        self.prefix = ("unshare", "-rm", "sh", "-c", script, "sh")

    def git(self, *words: str, where: Path | None = None) -> None:
        """Run git quietly, where the checkout is or elsewhere."""
        git(where or self.tree, *words)

    def copied_kit(self) -> Path:
        """A kit of its own, to be broken."""
        self.kit = Path(shutil.copytree(DEMO_KIT, self.tree.parent / "kit"))
        return self.kit


def removed(place: Place) -> None:
    shutil.rmtree(place.tree)


def emptied(place: Place) -> None:
    removed(place)
    place.tree.mkdir()


def target(content: bytes) -> Callable[[Place], object]:
    return lambda place: (place.tree / "parcels" / "labels.py").write_bytes(content)


def piped(place: Place) -> None:
    (place.tree / "parcels" / "labels.py").unlink()
    os.mkfifo(place.tree / "parcels" / "labels.py")


def stated(path: str, content: str) -> Callable[[Place], object]:
    return lambda place: write_files(place.tree, {f".scaffold/{path}": content})


def linked_state(place: Place) -> None:
    (place.tree / ".scaffold").rename(place.tree.parent / "elsewhere")
    (place.tree / ".scaffold").symlink_to(place.tree.parent / "elsewhere")


def locked(place: Place) -> None:
    handle = os.open(place.tree, os.O_RDONLY)
    place.holds.callback(os.close, handle)
    fcntl.flock(handle, fcntl.LOCK_EX)


def hostile_name(place: Place) -> None:
    name = os.fsencode(place.tree / "tests") + b"/test_\x1b[2J\nP0  forged\xff.py"
    with open(name, "wb") as stream:
        stream.write(b"from parcels.labels import label\n")


def unknown(place: Place) -> None:
    place.gap = place.proved = "pricse"


def without_copier(place: Place) -> None:
    (place.copied_kit() / "copier.yml").unlink()


def broken_gap(place: Place) -> None:
    (place.copied_kit() / "templates" / "labels" / "gap.toml").write_text("slug = [")


def broken_template(place: Place) -> None:
    for source in (place.copied_kit() / "templates" / "labels" / "files").rglob("*.jinja"):
        source.write_text("{{ nothing.of.it }}")


def read_only(place: Place) -> None:
    place.mount_read_only(place.tree)


def full_disk(place: Place) -> None:
    # A limit of the process, since a small disk cannot be mounted everywhere.
    place.before = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # What was rendered before is recalled, which needs no room.
    place.env["XDG_CACHE_HOME"] = str(place.elsewhere())


def unwritable(name: str) -> Callable[[Place], object]:
    def close(place: Place) -> None:
        folder = place.elsewhere()
        place.env[name] = str(folder)
        place.mount_read_only(folder)

    return close


def homeless(place: Place) -> None:
    # A user who is in no list of users, and owns the same files.
    place.prefix = ("unshare", "-U", "--map-user=54321")
    place.env = {"HOME": "", "XDG_STATE_HOME": "", "XDG_CACHE_HOME": ""}


def without_git(place: Place) -> None:
    place.env["PATH"] = str(place.folder("empty"))


def below_a_repository(place: Place) -> None:
    place.git("init", "-q", where=place.tree.parent)


def as_worktree(place: Place) -> None:
    main, kept = place.folder("main"), place.tree.parent / "kept"
    place.git("init", "-q", where=main)
    place.git("commit", "-q", "--allow-empty", "-m", "first", where=main)
    place.tree.rename(kept)
    place.git("worktree", "add", "-q", "--detach", str(place.tree), where=main)
    shutil.copytree(kept, place.tree, dirs_exist_ok=True)


def as_submodule(place: Place) -> None:
    outer = place.tree.parent
    place.git("init", "-q")
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "first")
    place.git("init", "-q", where=outer)
    place.git("submodule", "add", "-q", f"./{place.tree.name}", where=outer)
    place.git("submodule", "absorbgitdirs", where=outer)
    assert (place.tree / ".git").is_file()


FAULTS: dict[str, Callable[[Place], object]] = {
    "nothing is wrong": lambda place: None,
    "the folder is not there": removed,
    "the folder is not a checkout": emptied,
    "the gap is unknown": unknown,
    "the target does not parse": target(b"def label(:\n"),
    "the target is not UTF-8": target(b"# \xff\n"),
    "the target is a pipe": piped,
    "a test file has a hostile name": hostile_name,
    "a person's file is in the way": lambda place: write_files(
        place.tree, {"tests/test_labels.py": "mine = 1\n"}
    ),
    "state.json is broken": stated("state.json", "{"),
    ".scaffold is a link": linked_state,
    "a journal came with the checkout": stated("journal/record.json", '{"ops": []}'),
    "another run holds the checkout": locked,
    "the checkout is read-only": read_only,
    "the disk is full": full_disk,
    "the state folder is read-only": unwritable("XDG_STATE_HOME"),
    "the cache folder is read-only": unwritable("XDG_CACHE_HOME"),
    "the user has no home folder": homeless,
    "git is missing": without_git,
    "the checkout is a folder of another repository": below_a_repository,
    "the checkout is a git worktree": as_worktree,
    "the checkout is a git submodule": as_submodule,
    "the kit is not a kit": without_copier,
    "a gap.toml is broken": broken_gap,
    "a template is broken": broken_template,
}


NAMESPACES = frozenset(
    {
        "the user has no home folder",
        "the checkout is read-only",
        "the state folder is read-only",
        "the cache folder is read-only",
    }
)
"""Faults that need a namespace of users and mounts."""


@dataclass(frozen=True)
class Cell:
    """What a command did: its exit code, and what is wrong with that."""

    code: int
    hint: str
    problems: tuple[str, ...]


@contextlib.contextmanager
def prepared(fault: str) -> Iterator[Place]:
    """A fresh place with the fault in it."""
    with (
        tempfile.TemporaryDirectory(prefix="reliability-") as name,
        contextlib.ExitStack() as holds,
    ):
        tree = Path(name, "my tree")
        shutil.copytree(DEMO / "checkout", tree, ignore=shutil.ignore_patterns("__pycache__"))
        place = Place(tree, DEMO_KIT, holds=holds)
        made = scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree)
        assert made.code == 0, made.err
        FAULTS[fault](place)
        yield place


def plain(tree: Path) -> Snapshot:
    """The tree without what Python itself leaves, and without proofs."""
    found = snapshot(tree) if tree.is_dir() else {}
    return {
        path: what
        for path, what in found.items()
        if not re.search(r"__pycache__|\.pytest_cache|^\.scaffold/verified", path)
    }


def examine(fault: str, name: str) -> Cell:
    """Run one command on one fault, then paste its hint."""
    with prepared(fault) as place:
        words = [word.format(gap=place.gap, proved=place.proved) for word in COMMANDS[name]]
        where = ["--kit", str(place.kit)] + ([] if name == "list" else ["-C", str(place.tree)])
        before = plain(place.tree)
        done = place.run(*words, *where)
        problems = []
        if plain(place.tree) != before and (done.code != 0 or name in READERS):
            problems.append("the tree changed")
        if done.code == 70 and "a fault of scaffold itself" in done.err:
            problems.append(done.err)
        hint = done.err.rpartition("\nhint: ")[2].strip() if "\nhint: " in done.err else ""
        if hint:
            problems += paste(hint, done, place, reading=name in READERS)
        return Cell(done.code, hint, tuple(problems))


def paste(hint: str, first: Ran, place: Place, *, reading: bool) -> list[str]:
    """What is wrong with the hint as a command."""
    before = plain(place.tree)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*place.prefix, "sh", "-c", hint],
        cwd=place.tree.parent,
        # The editor is one that fails where there is no file.
        env={**os.environ, "EDITOR": "cat", **place.env, "PATH": path},
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    problems = []
    if done.returncode == 2 and re.search("error: (No such|Got unexpected|Missing)", done.stderr):
        problems.append(f"{hint}: {done.stderr}")
    if done.returncode in (126, 127) or "Syntax error" in done.stderr:
        problems.append(f"{hint}: {done.stderr}")
    if hint.startswith("${EDITOR") and done.returncode != 0:
        problems.append(f"{hint}: {done.stderr}")
    again = re.search(r"error: (.*)\n\nhint: (.*)", done.stderr)
    if again and (again[1], again[2].strip()) == (first.fact, first.hint):
        problems.append(f"a circle: {hint}")
    if reading and plain(place.tree) != before:
        problems.append(f"the hint of a command that reads writes: {hint}")
    return problems


def row(fault: str) -> tuple[str, list[str]]:
    """The line of the table, and everything that is wrong in it."""
    cells = {name: examine(fault, name) for name in COMMANDS}
    problems = [f"{name}: {problem}" for name, cell in cells.items() for problem in cell.problems]
    codes = " | ".join(str(cell.code) for cell in cells.values())
    return f"| {fault} | {codes} |", problems


def main() -> None:
    """Write the table."""
    lines = [f"| | {' | '.join(f'`{name}`' for name in COMMANDS)} |"]
    lines.append(f"|---|{'---|' * len(COMMANDS)}")
    for fault in FAULTS:
        line, problems = row(fault)
        lines.append(line)
        print(line, *problems, sep="\n  ", flush=True)
    docs = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
    docs.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
