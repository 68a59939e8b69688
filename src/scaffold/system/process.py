"""The one door to other programs: argv lists only, a process group each, nothing left over."""

from __future__ import annotations

import math
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from scaffold.errors import CheckoutError, MissingToolError
from scaffold.system import groups, interruption, isolation, keeper, scratch
from scaffold.system.invocation import look, quoted

LOOK_EVERY_S = 0.25
MOST_LOG = 256 << 20
"""What a conversation may print beside its answers; more than that, and it is ended."""


@dataclass(frozen=True)
class Completed:
    """What a program did: `returncode` is negative where a signal ended it."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    log: Path | None = None,
    input_text: str | None = None,
) -> Completed:
    """The result of a program run to its end in its own process group.

    Args:
        argv: Program and arguments; never a shell line.
        cwd: The folder it runs in.
        env: The whole environment; `None` takes ours.
        timeout_s: After this many seconds the whole group is killed.
        log: A file that gets both outputs appended.
        input_text: What the program reads; without it, nothing.

    Raises:
        MissingToolError: The program is not there.
    """
    started = time.monotonic()
    process = _start(argv, cwd=cwd, env=env, stdin=input_text is not None)
    stdout, stderr, timed_out = _communicate(process, input_text, timeout_s)
    if log is not None:
        with log.open("a", encoding="utf-8") as handle:
            handle.write(f"$ {' '.join(argv)}\n{stdout}{stderr}")
    seconds = time.monotonic() - started
    return Completed(tuple(argv), process.returncode, stdout, stderr, seconds, timed_out)


def run_tool(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    timeout_s: float | None = None,
    input_text: str | None = None,
) -> Completed:
    """The result of a program that no checkout decides about: which one, where, and its settings.

    It is found outside of every checkout, and gets an environment that holds nothing of one. What
    runs before `verify` is started here and nowhere else.

    Args:
        argv: Program and arguments; the program by its name or by an absolute path.
        cwd: A folder of `empty_folder`; without it a new one.
        timeout_s: After this many seconds the whole group is killed.
        input_text: What the program reads; without it, nothing.

    Raises:
        MissingToolError: The program is nowhere else than in a checkout.
        CheckoutError: There is no folder to run it in.
    """
    found = argv[0] if "/" in argv[0] else isolation.find_tool(argv[0])
    if found is None or isolation.untrusted(found):
        raise MissingToolError(
            f"'{argv[0]}' cannot be run: it is not on the PATH outside of the checkout; install it",
            f"command -v {quoted(argv[0])}",
        )
    if cwd is None:
        with empty_folder() as folder:
            return run_tool(argv, cwd=folder, timeout_s=timeout_s, input_text=input_text)
    env = {**isolation.environment(), "TMPDIR": str(cwd), "GIT_CEILING_DIRECTORIES": str(cwd)}
    return run([found, *argv[1:]], cwd=cwd, env=env, timeout_s=timeout_s, input_text=input_text)


def page(text: str) -> bool:
    """Whether `$PAGER`, `less` or `more` showed the text; started as `run_tool` does.

    Raises:
        CheckoutError: There is no folder to run it in.
    """
    own = os.environ.get("PAGER", "").strip()
    for line in filter(None, (own, "less", "more")):
        program, _, options = line.partition(" ")
        found = program if "/" in program else isolation.find_tool(program)
        if found is None or isolation.untrusted(found):
            continue
        asked = ("LESSCHARSET", "MORE")
        env = {name: os.environ[name] for name in asked if name in os.environ}
        # Without -R less shows colours as escapes.
        less = os.environ.get("LESS", "")
        env["LESS"] = less if "R" in less else f"{less} -R".strip()
        with empty_folder() as folder:
            # By a shell, as everyone reads $PAGER: it may have options and quotes.
            pager = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {shlex.quote(found)} {options}"],
                cwd=folder,
                env={**isolation.environment(), **env},
                stdin=subprocess.PIPE,
                encoding="utf-8",
                errors="backslashreplace",
            )
            _feed(pager, text)
        return True
    return False


def _feed(pager: subprocess.Popen[str], text: str) -> None:
    # Ctrl-C is the pager's while it is on the screen; any other signal ends both.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with suppress(BrokenPipeError):
            pager.communicate(text)
        pager.wait()
    except BaseException:
        groups.end_politely(pager)
        raise
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A new folder of this run's that lies in no checkout; gone afterwards.

    Raises:
        CheckoutError: Every folder for temporary files is in the checkout, or cannot be written.
    """
    with scratch.folder("tool", base=str(temporary_place())) as place:
        yield place.resolve()


def temporary_place() -> Path:
    """A folder for temporary files that lies in no checkout.

    Raises:
        CheckoutError: There is none that can be written.
    """
    # Tools look for their settings upwards: TMPDIR below a checkout would lead them into it.
    for place in (scratch.default_base(), "/tmp", "/var/tmp", os.path.expanduser("~")):
        if not isolation.untrusted(place) and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise CheckoutError(
        "there is no folder for temporary files outside of the checkout",
        'export TMPDIR="$HOME"',
    )


def _communicate(
    process: subprocess.Popen[str], input_text: str | None, timeout_s: float | None
) -> tuple[str, str, bool]:
    """Both outputs, and whether time ran out; the group is gone whatever interrupts."""
    try:
        return *process.communicate(input_text, timeout=timeout_s), False
    except subprocess.TimeoutExpired:
        groups.stop_group(process)
        return *process.communicate(), True
    except BaseException:
        groups.stop_group(process)
        process.wait()
        raise
    finally:
        groups.forget(process)


def attach(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    to_stderr: bool = False,
) -> int:
    """The exit code of a program that writes where we write, reads nothing, and gets our Ctrl-C.

    Args:
        argv: Program and arguments.
        cwd: The folder it runs in.
        env: The whole environment; `None` takes ours.
        to_stderr: All that it prints goes to stderr.

    Raises:
        MissingToolError: The program is not there.
    """
    interruption.check()
    # Of its own: what it leaves behind when it comes to its end is meant to stay.
    mark = f"{scratch.name()}-{os.getpid()}-attached"
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={**(os.environ if env is None else env), keeper.MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=2 if to_stderr else None,
        )
    except OSError as error:  # not there, not ours to run, or no program at all
        raise _missing(argv, cwd, error) from error
    try:
        return process.wait()
    except BaseException:
        groups.end_politely(process)
        keeper.end_marked(mark)  # a hook of git outlives it
        raise


class Conversation:
    """A program that stays and answers lines with lines, until it is closed.

    Used as a context manager; leaving it ends the process group, whatever happened.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        log: Path,
        env: Mapping[str, str] | None = None,
        to_log: bool = False,
    ) -> None:
        """Start the program; its stderr, or both outputs, go to the log.

        Raises:
            MissingToolError: The program is not there.
        """
        self.argv = tuple(argv)
        self.log = log
        groups.start_keeper()
        with log.open("ab") as stderr:
            self._process = _start(argv, cwd=cwd, env=env, stdin=True, stderr=stderr, to_log=to_log)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Conversation:
        """The conversation itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program, at once where something went wrong."""
        self.close(at_once=error is not None)

    def send(self, line: str) -> bool:
        """Whether the program took the line."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def receive(self, timeout_s: float | None = None) -> str | None:
        """The next line; `None` where the program ended.

        Raises:
            TimeoutError: Nothing came in time.
        """
        end = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = end - time.monotonic()
            try:
                line = self._lines.get(timeout=max(0.0, min(left, LOOK_EVERY_S)))
            except queue.Empty:
                if left <= LOOK_EVERY_S:
                    raise TimeoutError from None
                if self._is_flooded():
                    groups.stop_group(self._process)
                continue
            if line is None:
                self._lines.put(None)
            return line

    def last_words(self, count: int = 3) -> str:
        """The last lines that the program wrote to stderr, as one line."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - (1 << 16)))
            lines = log.read(1 << 16).decode("utf-8", "replace").splitlines()
        return " | ".join(line.strip() for line in lines[-count:] if line.strip())

    @property
    def ended_by(self) -> str:
        """The signal that ended the program, such as SIGABRT; empty where none did, or not yet."""
        code = self._process.poll()
        return "" if code is None or code >= 0 else groups.signal_name(-code)

    @property
    def ending(self) -> str:
        """How the program ended and what it wrote last, in words."""
        try:
            code = self._process.wait(timeout=groups.GRACE_S)
        except subprocess.TimeoutExpired:
            how = "it still runs"
        else:
            how = self.ended_by or f"exit code {code}"
        if self._is_flooded():
            return f"it printed more than {MOST_LOG >> 20} MiB and was ended"
        return ": ".join(filter(None, [how, self.last_words(1)]))

    def close(self, *, at_once: bool = False) -> None:
        """End the program and everything that it started; safe to call again."""
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                pass
        if not at_once and not groups.ending():
            try:
                self._process.wait(timeout=groups.GRACE_S)
            except subprocess.TimeoutExpired:
                pass
        groups.stop_group(self._process)
        self._process.wait()
        groups.forget(self._process)
        self._reader.join(timeout=groups.SHORT_S if groups.ending() else groups.GRACE_S)

    def _is_flooded(self) -> bool:
        return self.log.stat().st_size > MOST_LOG

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def _start(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None,
    stdin: bool,
    stderr: IO[bytes] | int = subprocess.PIPE,
    to_log: bool = False,
) -> subprocess.Popen[str]:
    marked = groups.environment(env)
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=marked,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=stderr if to_log else subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:  # not there, not ours to run, or no program at all
        raise _missing(argv, cwd, error) from error
    groups.add(process)
    return process


def _missing(argv: Sequence[str], cwd: Path, error: OSError) -> MissingToolError:
    if not cwd.is_dir():
        return MissingToolError(
            f"'{argv[0]}' cannot run in {cwd}: there is no such folder", look(cwd.parent)
        )
    return MissingToolError(
        f"'{argv[0]}' cannot be run: {error.strerror}; install it", f"command -v {quoted(argv[0])}"
    )
