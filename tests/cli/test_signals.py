"""A run that is asked to end, or killed: its programs end, and its temporary folders go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.command import scaffold
from support.terminal import ENTER, Terminal, terminal
from support.tinykit import DEMO_KIT
from support.tree import snapshot
from support.waiting import is_running, until

KIT = ["--kit", str(DEMO_KIT)]
SOON_S = 1.5 if "SCAFFOLD_QUIET_MACHINE" in os.environ else 8.0
"""How soon a run has ended: a second and a half on a quiet machine, and this in a test."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
HANGING = {
    "sleeps": "time.sleep(600)",
    "loops": "while True: pass",
    "ignores_signals": (
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]\n    while True: time.sleep(9)"
    ),
    "in_a_session_of_its_own": (
        "child = subprocess.Popen(\n"
        "        [sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True\n"
        "    )\n    note(child.pid)\n    time.sleep(600)"
    ),
}
TEST = """

def note(pid):
    with open({pids!r}, "a") as stream:
        stream.write(f"{{pid}}\\n")


def test_that_hangs():
    import os, signal, subprocess, sys, time
    if {here!r} and os.path.realpath(__file__) == {here!r}:
        return
    note(os.getpid())
    {body}
"""


def held(temp: Path) -> list[str]:
    """What the folders in a temporary folder hold, while they may be removed."""
    names: list[str] = []
    for folder in os.listdir(temp):
        with contextlib.suppress(FileNotFoundError):
            names += os.listdir(temp / folder)
    return names


class Hung:
    """A `verify` whose generated tests hang."""

    def __init__(self, tree: Path, place: Path, body: str, *more: str, in_copy: bool) -> None:
        self.tree, self.pids, self.temp = tree, place / "pids", place / "t"
        self.temp.mkdir()
        assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
        test = tree / "tests" / "test_prices.py"
        here = os.path.realpath(test) if in_copy else ""
        with test.open("a") as stream:
            stream.write(TEST.format(pids=str(self.pids), here=here, body=body))
        self.before = snapshot(tree)
        verify = ["verify", "prices", "--python", sys.executable, *more, *KIT, "-C", str(tree)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scaffold", *verify],
            env={**os.environ, "TMPDIR": str(self.temp)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What a shell's background job ignores is not ignored here.
            preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in CODES] and None,
        )
        until(lambda: self.pids.exists() and self.pids.read_text().endswith("\n"))

    def asleep(self) -> None:
        """Assert that nothing of it runs and nothing of it lies about."""
        pids = [int(line) for line in self.pids.read_text().split()]
        until(lambda: not any(is_running(pid) for pid in pids), SOON_S)
        until(lambda: not held(self.temp), SOON_S)

    def close(self) -> None:
        """End it in any case."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def hung(tree: Path, tmp_path: Path) -> Iterator[Callable[..., Hung]]:
    runs: list[Hung] = []

    def start(body: str, *more: str, in_copy: bool = False) -> Hung:
        runs.append(Hung(tree, tmp_path, body, *more, in_copy=in_copy))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


def end(run: Hung, number: signal.Signals) -> None:
    """Send the signal twice and assert that the run ends with its code, soon, without a trace."""
    began = time.monotonic()
    run.process.send_signal(number)
    time.sleep(0.1)
    run.process.send_signal(number)
    _, told = run.process.communicate(timeout=60)
    assert time.monotonic() - began < SOON_S, told
    assert run.process.returncode == CODES[number], told
    assert "interrupted; nothing is left half written" in told
    assert "Traceback" not in told and "ignored" not in told
    run.asleep()
    after = {path: what for path, what in snapshot(run.tree).items() if "__pycache__" not in path}
    assert after == {p: what for p, what in run.before.items() if "__pycache__" not in p}


@pytest.mark.slow
@pytest.mark.parametrize("how", HANGING)
def test_sigterm_ends_a_verify_whose_tests_hang(hung: Callable[..., Hung], how: str) -> None:
    end(hung(HANGING[how]), signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_every_signal_ends_the_kill_check_at_once(
    hung: Callable[..., Hung], number: signal.Signals
) -> None:
    end(hung(HANGING["ignores_signals"], "--mutants", "4", in_copy=True), number)


def test_what_a_killed_run_started_ends_by_itself(hung: Callable[..., Hung]) -> None:
    run = hung(HANGING["in_a_session_of_its_own"])
    run.process.kill()
    run.process.wait()
    run.asleep()


def test_a_signal_that_is_ignored_stays_so(hung: Callable[..., Hung], tree: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "import scaffold.cli as cli\n"
        "cli._sweep = lambda: os.kill(os.getpid(), signal.SIGHUP)\n"
        "sys.exit(cli.run(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", code, "list", *KIT], capture_output=True)
    assert done.returncode == 0


def test_the_next_run_removes_what_killed_runs_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    parent = tmp_path / f"scaffold-{os.getuid()}"
    mine = tmp_path / "mine"
    for folder in (parent / "101-abc" / "deep", parent / "102-abc", parent / "notes", mine):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    (parent / "101-abc" / "deep").chmod(0o500)
    (parent / "103-abc").symlink_to(mine)
    env = {**os.environ, "SCAFFOLD_RUN": "101-abc"}
    left = subprocess.Popen(["sleep", "600"], env=env, start_new_session=True)
    other = subprocess.Popen(["sleep", "600"], env={**env, "SCAFFOLD_RUN": "101-abcd"})
    handle = os.open(parent / "102-abc", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert scaffold("list", *KIT).code == 0
        assert sorted(place.name for place in parent.iterdir()) == ["102-abc", "103-abc", "notes"]
        assert (mine / "file").exists() and (parent / "102-abc" / "file").exists()
        assert left.wait(timeout=10) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        os.close(handle)
        for process in (left, other):
            process.kill()
            process.wait()


CLEANS_UP = '''

HELPER = """
import sys, time
print(1, flush=True)
sys.stdin.read()
time.sleep(0.5)
open({0!r}, "w")
"""


def test_that_starts_what_cleans_up():
    import subprocess, sys
    global helper
    words = [sys.executable, "-c", HELPER]
    helper = subprocess.Popen(words, stdin=-1, stdout=-1, start_new_session=True)
    assert helper.stdout.readline()
'''


def test_what_cleans_up_behind_the_tests_has_the_time_for_it(tree: Path, tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    with (tree / "tests" / "test_prices.py").open("a") as stream:
        stream.write(CLEANS_UP.format(str(cleaned)))

    verify = ["verify", "prices", "--python", sys.executable, *KIT, "-C", str(tree)]
    done = subprocess.run([sys.executable, "-m", "scaffold", *verify], capture_output=True)

    assert done.returncode == 0, done.stderr.decode()
    assert cleaned.exists()


@pytest.mark.usefixtures("nothing_rendered")
def test_a_folder_of_somebody_else_in_our_name_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "101-abc").mkdir(parents=True)
    (tmp_path / f"scaffold-{os.getuid()}").symlink_to(elsewhere)
    assert scaffold("show", "prices", *KIT).code == 0
    assert [place.name for place in elsewhere.iterdir()] == ["101-abc"]
    assert sorted(place.name for place in tmp_path.iterdir()) == [
        "elsewhere", f"scaffold-{os.getuid()}"
    ]  # fmt: skip


PICK, WRITE = "Which gaps do you want to close?", "Write this?"
PAGER = """
import sys, termios, time, tty
before = termios.tcgetattr(0 if sys.stdin.isatty() else 1)
signal = __import__("signal")
def leave(*_):
    termios.tcsetattr(1, termios.TCSANOW, before)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
tty.setraw(1)
print("the pager is on the screen", flush=True)
time.sleep(600)
"""


def at_pick(screen: Terminal) -> None:
    screen.until(PICK)
    screen.until("(template not built yet)")


def at_write(screen: Terminal) -> None:
    screen.until(WRITE)


def at_pager(screen: Terminal) -> None:
    screen.until(WRITE)
    screen.type("d")
    screen.until("the pager is on the screen")


QUESTIONS: dict[str, tuple[list[str], Callable[[Terminal], None]]] = {
    "a list": ([], at_pick),
    "yes or no": (["--gap", "prices"], at_write),
    "the pager": (["--gap", "prices"], at_pager),
}
# Ctrl-C belongs to the pager while that is on the screen.
ASKED = [(at, n) for at in QUESTIONS for n in CODES if (at, n) != ("the pager", signal.SIGINT)]


@pytest.mark.parametrize(("at", "number"), ASKED, ids=lambda it: getattr(it, "name", it))
def test_a_signal_at_a_question_gives_the_terminal_back(
    tree: Path, tmp_path: Path, at: str, number: signal.Signals
) -> None:
    words, reach = QUESTIONS[at]
    before = snapshot(tree)
    (tmp_path / "pager.py").write_text(PAGER)
    pager = f"{sys.executable} {tmp_path / 'pager.py'}"
    with terminal("new", *words, *KIT, cwd=tree, rows=40, pager=pager) as screen:
        reach(screen)
        until(lambda: screen.settings() != screen.settings_at_start)
        screen.send_signal(number)
        assert screen.end() == CODES[number]
        assert screen.settings_at_end == screen.settings_at_start
    assert snapshot(tree) == before


def test_ctrl_c_in_the_pager_is_not_one_for_the_run(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "pager.py").write_text("import time\nprint('paging', flush=True)\ntime.sleep(1)")
    pager = f"{sys.executable} {tmp_path / 'pager.py'}"
    with terminal("new", "--gap", "prices", *KIT, cwd=tree, rows=40, pager=pager) as screen:
        screen.until(WRITE)
        screen.type("d")
        screen.until("paging")
        screen.send_signal(signal.SIGINT)
        screen.until(WRITE)
        screen.type("y", ENTER)
        assert screen.end() == 0
    assert (tree / "tests" / "test_prices.py").exists()
