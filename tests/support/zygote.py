"""A process that has imported everything and forks for each command: the command without its start.

Asked by lines of JSON on stdin (`argv`, `cwd`, `env`, and files for `out` and `err`), it answers
with the exit code. Each child is a process of its own, with a terminal-less stdin.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Iterator
from typing import Any

import scaffold

WARM = ("copier", "black", "yaml", "plumbum", "configparser", "gzip", "symtable")
PROGRAMS = ("__main__", "worker", "_demo", "_kit")
"""What is a program of its own, or data."""


def modules() -> Iterator[str]:
    """Every module of scaffold that a command may import."""
    for module in pkgutil.walk_packages(scaffold.__path__, "scaffold."):
        if not set(PROGRAMS) & set(module.name.split(".")):
            yield module.name


def serve() -> None:
    """Answer until stdin ends."""
    for name in (*WARM, *modules()):
        importlib.import_module(name)
    # The children share what is here, and collect none of it.
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(request)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps(code), flush=True)


def become(request: dict[str, Any]) -> None:
    """In the child: be `scaffold`, and end."""
    from scaffold.cli import run

    # Whatever waits for ever is ended, and its test is red.
    signal.alarm(300)
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o644), number)
    code = 99
    try:
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        code = run(request["argv"])
        sys.stdout.flush()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
