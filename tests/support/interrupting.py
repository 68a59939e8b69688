"""A program that stops one command at each of its file system steps, and looks at what is left.

    python -m support.interrupting HOW STATE KIT TREE SCRATCH -- COMMAND ...

It warms up once and forks for every step, so that a command costs what it does and no start. A step
is what Python tells its audit hooks before it opens a file for writing, renames, links, makes or
removes something below the tree, and each fsync. At the k-th step the child is

    kill      killed (SIGKILL); before an fsync the file is first cut in half, as a crash leaves it
    enospc    told that the disk is full (OSError ENOSPC)
    sigint    sent SIGINT

Then, in further children, `status`, the next command that writes (`undo`) and one more `undo` run
to their end. One line of JSON a step is printed: what stopped it, the exit code, whether the tree
is as the command found it, and whether it is the first one after the command, after the next
command, and after the last undo.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold.cli import run
from support.tree import Snapshot, snapshot

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
EVENTS = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.symlink"}
NOT_REACHED = "not reached"


def places(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """The absolute paths that an event is about."""
    if event == "open":
        path, _, flags = arguments
        return [os.fspath(path)] if isinstance(path, str | os.PathLike) and flags & WRITING else []
    if event not in EVENTS:
        return []
    names = [os.fsdecode(item) for item in arguments if isinstance(item, str | bytes | os.PathLike)]
    # Most work is done below open folders, and the handle of one comes last.
    handle = arguments[-1]
    below = isinstance(handle, int) and handle > 2 and not all(map(os.path.isabs, names))
    folder = os.readlink(f"/proc/self/fd/{handle}") if below else os.getcwd()
    return [os.path.join(folder, name) for name in names]


class Stopper:
    """Counts the steps below a tree and stops at one of them."""

    def __init__(self, tree: Path, at: int, how: str) -> None:
        self.tree, self.at, self.how = f"{tree}/", at, how
        self.seen = 0
        self.step = NOT_REACHED
        self._fsync, self._open = os.fsync, os.open

    def arm(self) -> None:
        """From now on every step counts. There is no way back: this is for a child."""
        sys.addaudithook(self._audit)
        os.fsync = self._sync  # type: ignore[assignment]
        # The audit hook does not see the folder that a relative path is opened in.
        os.open = self._open_below

    def _open_below(self, path: Any, flags: int, mode: int = 0o777, **below: Any) -> int:
        handle = below.get("dir_fd")
        if handle is not None and flags & WRITING:
            place = os.path.join(os.readlink(f"/proc/self/fd/{handle}"), os.fspath(path))
            if place.startswith(self.tree):
                self._count(f"open {place.removeprefix(self.tree)}")
        return self._open(path, flags, mode, **below)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" or event in EVENTS:
            for place in places(event, arguments):
                if place.startswith(self.tree):
                    self._count(f"{event} {place.removeprefix(self.tree)}")
                    return

    def _sync(self, handle: int) -> None:
        place = os.readlink(f"/proc/self/fd/{handle}")
        if f"{place}/".startswith(self.tree):
            torn = handle if os.path.isfile(place) else None
            self._count(f"fsync {place.removeprefix(self.tree)}", torn)
        self._fsync(handle)

    def _count(self, step: str, torn: int | None = None) -> None:
        self.seen += 1
        if self.seen != self.at:
            return
        self.step = step
        if self.how == "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.how == "sigint":
            os.kill(os.getpid(), signal.SIGINT)
            return
        if torn is not None:
            os.ftruncate(torn, os.fstat(torn).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)


def child(work: Callable[[], int], note: Path) -> int:
    """The exit code of work in a fork (negative: the signal); what it said goes to the note."""
    pid = os.fork()
    if pid == 0:
        said = io.StringIO()
        code = 99
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = work()
        finally:
            note.write_text(said.getvalue(), encoding="utf-8")
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Rehearsal:
    """One command on one tree, stopped again and again."""

    def __init__(self, how: str, kit: str, original: Path, scratch: Path) -> None:
        self.how, self.kit, self.scratch = how, kit, scratch
        self.first = snapshot(original)
        self.start = original
        self.tree = scratch / "tree"
        self.note, self.step = scratch / "note", scratch / "step"

    def fresh_tree(self) -> Snapshot:
        """Put the start back; what it is."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(self.start, self.tree, symlinks=True)
        return snapshot(self.tree)

    def prepare(self, state: str, command: list[str]) -> None:
        """Begin from a tree in which the gaps are there, or a run of `new` was killed midway."""
        self.fresh_tree()
        # Imports in this process what the children need.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for words in (["status"], command, ["undo"]):
                self._run(words)
        self.fresh_tree()
        if state == "generated":
            child(lambda: self._run(["new", "--all"]), self.note)
        if state == "half":
            assert self._stopped("kill", 33, ["new", "--all"]) == -signal.SIGKILL
        if state != "fresh":
            self.start = Path(shutil.copytree(self.tree, self.scratch / "start"))

    def examine(self, at: int, command: list[str]) -> dict[str, Any]:
        """Stop the command at one step and say what it left."""
        before = self.fresh_tree()
        code = self._stopped(self.how, at, command)
        after = snapshot(self.tree)
        result: dict[str, Any] = {
            "at": at,
            "code": code,
            "step": self.step.read_text("utf-8") if self.step.exists() else "killed",
            "said": self.note.read_text("utf-8") if self.note.exists() else "",
            "untouched": after == before,
            "as_first": after == self.first,
        }
        if self.how != "kill" and result["as_first"]:
            # Nothing is left that a next command could find.
            return {**result, "next_code": 0, "undo_code": 0, "first_after_undo": True}
        # A command that only reads takes nothing back, and works all the same.
        assert child(lambda: self._run(["status"]), self.note) == 0, self.note.read_text("utf-8")
        assert snapshot(self.tree) == after
        result["next_code"] = child(lambda: self._run(["undo"]), self.note)
        result["first_after_next"] = snapshot(self.tree) == self.first
        result["undo_code"] = child(lambda: self._run(["undo"]), self.note)
        result["first_after_undo"] = snapshot(self.tree) == self.first
        return result

    def _run(self, command: list[str]) -> int:
        return run([*command, "--kit", self.kit, "-C", str(self.tree)])

    def _stopped(self, how: str, at: int, command: list[str]) -> int:
        for place in (self.note, self.step):
            place.unlink(missing_ok=True)

        def work() -> int:
            stopper = Stopper(self.tree, at, how)
            stopper.arm()
            try:
                return self._run(command)
            finally:
                self.step.write_text(stopper.step, encoding="utf-8")

        return child(work, self.note)


def main(argv: list[str]) -> None:
    """Stop at step 1, 2, 3 … until the command comes to its end unhindered."""
    how, state, kit, original, scratch, _, *command = argv
    # A shell's background job is started with the signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rehearsal = Rehearsal(how, kit, Path(original), Path(scratch))
    rehearsal.prepare(state, command)
    # The children share what is here, and collect none of it.
    gc.freeze()
    for at in itertools.count(1):
        result = rehearsal.examine(at, command)
        print(json.dumps(result), flush=True)
        if result["step"] == NOT_REACHED:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
