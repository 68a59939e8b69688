"""Runs programs until the process that started it closes the pipe, or dies.

`python guard.py PLAN`, where PLAN is JSON: `before` is run to its end, the programs of `run` stay,
`after` is run once they are stopped. A command is `{"argv": […], "env": {…}, "log": "…"}`.
"""

import json
import os
import select
import signal
import subprocess
import sys

GRACE_S = 10
POLL_S = 0.1


def main(plan):
    """Prints the process ids once all programs run; ends when the pipe or a program ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    programs = []
    try:
        if all(start(command).wait() == 0 for command in plan["before"]):
            programs.extend(start(command) for command in plan["run"])
            print(json.dumps([program.pid for program in programs]), flush=True)
            wait_for_the_end(programs)
    finally:
        for program in reversed(programs):
            stop(program)
        for command in plan["after"]:
            start(command).wait()


def start(command):
    """Starts one command in a new session, so that no terminal reaches it."""
    with open(command["log"], "ab") as log:
        return subprocess.Popen(
            command["argv"],
            env={**os.environ, **command["env"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_for_the_end(programs):
    """Returns once the pipe is closed or a program has ended."""
    while all(program.poll() is None for program in programs):
        if select.select([sys.stdin], [], [], POLL_S)[0]:
            return


def stop(program):
    """Stops a program and what it started: asks first, then kills."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(program.pid, number)
            program.wait(GRACE_S)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
