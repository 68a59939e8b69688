"""A person who works in the checkout at the worst moments, and the law that nothing is lost.

    python -m support.adversary ROUNDS SEED SCRATCH [KIT TREE]

Each round is a fresh tree and some commands: `new`, `undo`, and `status`, which takes back what was
interrupted. Before randomly chosen steps of them (what `support.interrupting` counts, and every
file that is opened for reading) the person edits in place, saves by renaming, deletes, renames,
puts a link, a folder or a new file in the way, moves a whole folder and puts a link to a folder
outside in its place, or kills the command. Everything that is written holds a token of its own.
With KIT and TREE the commands are the real ones, else a small plan on a small tree (much quicker).

The law, checked after the round: every token that the person did not remove is in the tree, or its
path was printed; nothing outside the tree changed; every file that the person did not touch
is as it was before or after the transaction, all of them alike; no temporary file is left that
was not named; and no command ends in another way than with 0, 3, 4 or by the kill.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scaffold.checkout import journal
from scaffold.checkout.files import read_file
from scaffold.checkout.journal import Write, digest_of
from scaffold.errors import ConflictError, ScaffoldError
from support.interrupting import EVENTS, places
from support.noted_fork import child
from support.tree import Snapshot, above, moved_in, snapshot, write_files

OURS = b"written by us\n"
FIRST = {
    "a.txt": b"a\r\nno end",
    "tests/conftest.py": b"import os\n",
    "old.txt": b"goes\n",
    "tests/theirs.py": b"not of the plan\n",
}
MADE = {"tests/test_one.py", "tests/deep/er/test_two.py", ".scaffold/gaps/g.json"}
EDITED = {"a.txt", "tests/conftest.py"}
GONE = {"old.txt"}


def plan(root: Path) -> list[Write]:
    """What `new` of the small plan writes, by what is there now."""
    writes = []
    for path in sorted(MADE | EDITED | GONE):
        found = read_file(root, path)
        if path in MADE and found not in (None, OURS):
            raise ConflictError(f"{path} exists and is not ours", "scaffold status")
        after = None if path in GONE else OURS
        if path in EDITED and found is not None:
            after = found if OURS in found else found + OURS
        if found != after:
            writes.append(Write(path, after, before=digest_of(found)))
    return writes


def small(root: Path, words: list[str]) -> int:
    """The small plan's commands, as the command line refuses."""
    try:
        with journal.locked(root):
            if words == ["undo", "--set-aside"]:
                print(journal.set_aside(root))
            elif words == ["undo"]:
                print(journal.undo(root))
            else:
                print(journal.recover(root))
                if words[0] == "new":
                    journal.commit(root, plan(root), "new")
    except ScaffoldError as error:
        print(f"error: {error.fact}")
        return error.exit_code
    return 0


class Person:
    """Acts before chosen steps of a command, and remembers what must not be lost."""

    def __init__(self, tree: Path, outside: Path, log: Path, dice: random.Random) -> None:
        self.tree, self.outside, self.log, self.dice = tree, outside, log, dice
        self.acting = False
        self.seen = 0
        self.at: dict[int, str] = {}
        self.paths: list[str] = []
        self.last = ""

    def arm(self) -> None:
        """From now on every step counts. There is no way back: this is for a child."""
        self._open, self._fsync = os.open, os.fsync
        sys.addaudithook(self._audit)
        os.open, os.fsync = self._open_below, self._sync  # type: ignore[assignment]

    def act(self, kind: str) -> None:
        """One deed, mostly on the file that is at work; what cannot be done is not done."""
        self.acting = True
        path = self.last if self.last and self.dice.random() < 0.7 else self.dice.choice(self.paths)
        try:
            with contextlib.suppress(OSError):
                getattr(self, f"_{kind}")(self.tree / path)
        finally:
            self.acting = False

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.acting:
            return
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            self._step([os.fspath(arguments[0])])
        elif event in EVENTS:
            self._step(places(event, arguments))

    def _open_below(self, path: Any, flags: int, mode: int = 0o777, **below: Any) -> int:
        handle = below.get("dir_fd")
        if handle is not None and not self.acting:
            self._step([os.path.join(os.readlink(f"/proc/self/fd/{handle}"), os.fspath(path))])
        return int(self._open(path, flags, mode, **below))

    def _sync(self, handle: int) -> None:
        self._step([os.readlink(f"/proc/self/fd/{handle}") + "/"])
        self._fsync(handle)

    def _step(self, touched: list[str]) -> None:
        inside = [place for place in touched if place.startswith(f"{self.tree}/")]
        if not inside:
            return
        known = [
            path for place in inside if (path := place[len(str(self.tree)) + 1 :]) in self.paths
        ]
        self.last = known[0] if known else self.last
        self.seen += 1
        kind = self.at.get(self.seen)
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind is not None:
            self.act(kind)

    def _note(self, **what: Any) -> None:
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(what) + "\n")

    def _touch(self, place: Path, *, lost: bool) -> None:
        """Note a path as touched, and the tokens that the person removes with it."""
        assert place.parent.resolve() == place.parent, "a person's own path through a link"
        self._note(touched=place.relative_to(self.tree).as_posix())
        if lost and place.is_file() and not place.is_symlink():
            self._note(removed=place.read_bytes().decode("latin-1"))

    def _may(self, place: Path) -> bool:
        return place.parent.is_dir() and place.parent.resolve() == place.parent

    def _token(self, place: Path) -> bytes:
        token = f"<{self.dice.getrandbits(64):016x}>"
        self._note(token=token, path=place.relative_to(self.tree).as_posix())
        return token.encode()

    def _edit(self, place: Path) -> None:
        if self._may(place) and place.is_file() and not place.is_symlink():
            self._touch(place, lost=False)
            with place.open("ab") as stream:
                stream.write(self._token(place))

    def _rewrite(self, place: Path) -> None:
        if self._may(place) and place.is_file() and not place.is_symlink():
            self._touch(place, lost=True)
            place.write_bytes(self._token(place))

    def _save(self, place: Path) -> None:
        if self._may(place) and not place.is_dir():
            self._touch(place, lost=True)
            temporary = place.with_name(f"{place.name}~")
            temporary.write_bytes(self._token(place))
            temporary.replace(place)

    def _delete(self, place: Path) -> None:
        if self._may(place):
            self._touch(place, lost=True)
            place.unlink()

    def _rename(self, place: Path) -> None:
        if self._may(place) and os.path.lexists(place):
            self._touch(place, lost=False)
            place.rename(place.with_name(f"{place.name}.{self.dice.getrandbits(32)}"))

    def _link(self, place: Path) -> None:
        if self._may(place) and not place.is_dir():
            self._touch(place, lost=True)
            place.unlink(missing_ok=True)
            place.symlink_to(self.outside / "secret.txt")

    def _folder(self, place: Path) -> None:
        if self._may(place) and not os.path.lexists(place):
            self._touch(place, lost=False)
            place.mkdir()
            (place / "inner").write_bytes(self._token(place / "inner"))

    def _move_folder(self, place: Path) -> None:
        folder = place.parent
        if folder != self.tree and self._may(folder) and folder.is_dir():
            self._touch(folder, lost=False)
            folder.rename(folder.with_name(f"{folder.name}.{self.dice.getrandbits(32)}"))
            if self.dice.random() < 0.7:
                folder.symlink_to(self.outside)

    def _new_folder(self, place: Path) -> None:
        if not place.parent.exists() and self._may(place.parent):
            self._touch(place.parent, lost=False)
            place.parent.symlink_to(self.outside)


KINDS = (
    *("edit", "edit", "rewrite", "save", "save", "delete", "rename", "link", "folder"),
    *("move_folder", "new_folder", "kill", "kill"),
)


class World:
    """Rounds on one tree; `problems` of a round are sentences, none where the law held."""

    def __init__(self, scratch: Path, kit: str | None, original: Path | None) -> None:
        self.scratch, self.kit = scratch, kit
        self.tree, self.outside = scratch / "tree", scratch / "outside"
        self.note, self.log = scratch / "note", scratch / "log"
        write_files(self.outside, {"secret.txt": "theirs", "conftest.py": "x", "test_one.py": "x"})
        self.start = original or write_files(scratch / "start", FIRST)
        (self.start / "tests" / "conftest.py").chmod(0o640)
        self.out = snapshot(self.outside)
        self.deeds = 0
        self.first, self.steps = self._learn()

    def _learn(self) -> tuple[Snapshot, int]:
        """The tree before and after `new`, the paths that it is about, and how long it takes."""
        self.fresh()
        first = snapshot(self.tree)
        # Imports in this process what the children need.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert self.run(["new", "--all"]) == 0
            self.after = snapshot(self.tree)
            self.moved = moved_in(self.tree)
            assert self.run(["undo"]) == 0
        self.paths = [
            path
            for path in first.keys() | self.after.keys()
            if first.get(path) != self.after.get(path)
            and not path.startswith(".scaffold")
            and "file" in (first.get(path, ("",))[0], self.after.get(path, ("",))[0])
        ]
        self.paths.sort()
        self.fresh()
        counter = self.scratch / "steps"

        def count() -> int:
            person = Person(self.tree, self.outside, self.log, random.Random(0))
            person.arm()
            code = self.run(["new", "--all"])
            person.acting = True
            counter.write_text(str(person.seen))
            return code

        assert child(count, self.note) == 0, self.note.read_text("utf-8")
        return first, int(counter.read_text())

    def round(self, seed: str) -> list[str]:
        """One round; what it broke of the law."""
        dice = random.Random(seed)
        self.fresh()
        problems: list[str] = []
        for _ in range(dice.randint(1, 3)):
            words = dice.choice((["new", "--all"], ["new", "--all"], ["undo"], ["status"]))
            code = self._attended(words, dice)
            if code not in (0, 3, 4, -signal.SIGKILL):
                problems.append(f"{words} ended with {code}")
        return self.recovered(problems)

    def recovered(self, problems: list[str]) -> list[str]:
        """What is broken after the commands that take back what was interrupted."""
        # Alone again: what was interrupted is taken back, or there is a way out.
        for words in (["status"], ["undo", "--set-aside"], ["status"]):
            code = self._alone(words, problems)
            if code == 0 and "was not taken back yet" in self.note.read_text("utf-8"):
                code = self._alone(["undo"], problems)
            if code == 0:
                break
        return problems + list(self._broken())

    def _alone(self, words: list[str], problems: list[str]) -> int:
        code = child(lambda: self.run(words), self.note)
        problems += [] if code in (0, 3, 4) else [f"{words} ended with {code}"]
        return code

    def _attended(self, words: list[str], dice: random.Random) -> int:
        person = Person(self.tree, self.outside, self.log, dice)
        person.paths = [*self.paths, "tests/theirs.py"]
        acts = dice.randint(1, 4)
        person.at = {dice.randint(1, self.steps): dice.choice(KINDS) for _ in range(acts)}

        def work() -> int:
            person.arm()
            try:
                return self.run(words)
            finally:
                person.acting = True

        return child(work, self.note)

    def _broken(self) -> Iterator[str]:
        said = self.note.read_text("utf-8")
        now = snapshot(self.tree)
        held = b"\0".join(content for _, _, content in now.values())
        notes = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        self.deeds += sum("touched" in note for note in notes)
        removed = "".join(note["removed"] for note in notes if "removed" in note)
        for note in notes:
            if "token" not in note or note["token"] in removed:
                continue
            if note["token"].encode() not in held and note["path"] not in said:
                yield f"lost: {note['token']} of {note['path']}"
        if snapshot(self.outside) != self.out:
            yield "something outside of the tree changed"
        # Beside a kill in the same instant, what is in a folder that was moved is out of reach.
        moved = tuple(f"{note['touched']}." for note in notes if "touched" in note)
        for path in now:
            name = path.rpartition("/")[2]
            if name.startswith(".scaffold-") and path not in said and not path.startswith(moved):
                yield f"left over and not named: {path}"
        touched = {note["touched"] for note in notes if "touched" in note}
        # What the person did to a file that moves goes along.
        touched |= {new for old, new in self.moved.items() if touched & {old, *above(old)}}
        yield from self._uneven(now, touched)

    def _uneven(self, now: Snapshot, touched: set[str]) -> Iterator[str]:
        """Files that nobody touched, and that are neither before nor after, or not all alike."""
        sides: dict[str, set[str]] = {}
        for path in self.paths:
            if touched & {path, *above(path)}:
                continue
            if now.get(path) == self.first.get(path):
                sides.setdefault("before", set()).add(path)
            elif now.get(path) == self.after.get(path):
                sides.setdefault("after", set()).add(path)
            else:
                yield f"neither before nor after: {path}"
        if len(sides) > 1:
            yield f"not all alike: {sides}"

    def fresh(self) -> None:
        """The tree as it was first, and nothing noted."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(self.start, self.tree, symlinks=True)
        for place in (self.note, self.log):
            place.write_text("")

    def run(self, words: list[str]) -> int:
        """A command on the tree."""
        if self.kit is None:
            return small(self.tree, words)
        from scaffold.cli import run

        return run([*words, "--kit", self.kit, "-C", str(self.tree)])


def main(argv: list[str]) -> int:
    """So many rounds; every broken one is printed with its seed. 1 where there was one."""
    rounds, seed, scratch, *real = argv
    kit, original = (real[0], Path(real[1])) if real else (None, None)
    world = World(Path(scratch), kit, original)
    gc.freeze()  # the children share what is here
    broken = 0
    for number in range(int(rounds)):
        problems = world.round(f"{seed}/{number}")
        if problems:
            broken += 1
            print(json.dumps({"seed": f"{seed}/{number}", "problems": problems}), flush=True)
        if number % 1000 == 999:
            print(f"{number + 1} rounds, {broken} broken", file=sys.stderr, flush=True)
    print(f"{rounds} rounds, {world.deeds} deeds, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
