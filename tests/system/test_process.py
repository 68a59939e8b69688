"""The one door to other programs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from scaffold.errors import MissingToolError
from scaffold.system import process
from scaffold.system.process import Conversation, run
from support.waiting import is_running, until

ECHO = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"


def test_a_program_gives_both_outputs_and_its_code(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    done = run([sys.executable, "-c", code], cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert done.argv == (sys.executable, "-c", code)
    assert done.seconds > 0
    assert not done.timed_out


def test_a_program_reads_what_it_is_given_and_sees_only_its_environment(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read() + os.environ['A'] + str('HOME' in os.environ))"

    done = run([sys.executable, "-c", code], cwd=tmp_path, env={"A": "b"}, input_text="text ")

    assert done.stdout == "text bFalse\n"


def test_a_log_gets_the_command_and_both_outputs(tmp_path: Path) -> None:
    log = tmp_path / "log"

    run([sys.executable, "-c", "print(1)"], cwd=tmp_path, log=log)
    run([sys.executable, "-c", "print(2)"], cwd=tmp_path, log=log)

    lines = log.read_text().splitlines()
    assert lines[1::2] == ["1", "2"]
    assert lines[0] == f"$ {sys.executable} -c print(1)"


def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )

    done = run([sys.executable, "-c", code], cwd=tmp_path, timeout_s=3)

    assert done.timed_out
    assert done.returncode == -signal.SIGTERM
    grandchild = int(done.stdout)
    until(lambda: not is_running(grandchild))


def test_an_interrupt_ends_the_group_and_is_raised_again(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"

    def interrupt() -> None:
        until(lambda: pid_file.exists() and pid_file.read_text())
        os.kill(os.getpid(), signal.SIGINT)

    # A shell's background job is started with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", code], cwd=tmp_path)
    thread.join()
    signal.signal(signal.SIGINT, before)

    assert not is_running(int(pid_file.read_text()))


def test_a_missing_program_is_a_missing_tool(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as caught:
        run(["no-such-program-here"], cwd=tmp_path)

    assert caught.value.fact == (
        "'no-such-program-here' cannot be run: No such file or directory; install it"
    )
    assert caught.value.hint == "command -v no-such-program-here"


def test_a_missing_folder_is_not_blamed_on_the_program(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as caught:
        run([sys.executable, "-V"], cwd=tmp_path / "gone")

    assert "there is no such folder" in caught.value.fact


def test_a_conversation_answers_line_by_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Conversation([sys.executable, "-c", ECHO], cwd=tmp_path, log=log) as talk:
        assert talk.send("one")
        assert talk.receive(10) == "ONE"
        assert talk.send("two")
        assert talk.receive(10) == "TWO"


def test_a_conversation_tells_an_end_from_silence(tmp_path: Path) -> None:
    code = "import sys; sys.stdin.readline(); print('last', file=sys.stderr)"
    with Conversation([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "log") as talk:
        with pytest.raises(TimeoutError):
            talk.receive(0.05)
        talk.send("go")
        assert talk.receive(10) is None
        assert talk.receive(10) is None
        assert talk.last_words() == "last"


def test_a_conversation_that_fills_the_disk_is_ended_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MOST_LOG", 1 << 20)
    with Conversation(["sh", "-c", "yes >&2"], cwd=tmp_path, log=tmp_path / "log") as talk:
        assert talk.receive(60) is None
        assert talk.ending == "it printed more than 1 MiB and was ended"


def test_leaving_a_conversation_ends_what_it_started(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(os.getpid(), child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with Conversation([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "log") as talk:
        pids = [int(word) for word in (talk.receive(10) or "").split()]

    assert len(pids) == 2
    for pid in pids:
        until(partial(lambda one: not is_running(one), pid))
