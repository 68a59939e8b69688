"""`new --commit` that a signal ends while a hook runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.committing import everything, hook
from support.repositories import git
from support.tinykit import DEMO_KIT
from support.waiting import is_running, until

PATIENCE_S = 60
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_the_hook_and_leaves_the_index_as_it_was(
    repository: Path, tmp_path: Path, number: signal.Signals
) -> None:
    noted = tmp_path / "pid"
    hook(repository, "pre-commit", f"echo $$ > '{noted}'\nsleep 600")
    _, index, branches = everything(repository)
    words = ["new", "--gap", "prices", "--commit", "--no-prove", "--kit", str(DEMO_KIT)]
    with subprocess.Popen(
        [sys.executable, "-m", "scaffold", *words],
        cwd=repository,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: [signal.signal(one, signal.SIG_DFL) for one in SIGNALS],
    ) as run:
        until(lambda: noted.exists() and noted.read_text().strip(), PATIENCE_S)
        pid = int(noted.read_text())
        run.send_signal(number)
        _, said = run.communicate(timeout=PATIENCE_S)

    assert run.returncode == SIGNALS[number]
    assert "interrupted; prices is written, and not committed" in said
    assert not is_running(pid), "the hook runs on"
    assert everything(repository)[1:] == (index, branches)
    assert git(repository, "status", "--porcelain", "tests").startswith("?? ")
