"""What the generated tests did on the unbroken tree, for the kill check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Who ran a line, as in worker/record.py: import and collection; from -2 downwards fixtures of
# several tests.
IMPORTED = -1
SHARED = -2


@dataclass(frozen=True)
class Trail:
    """What the generated tests did on the unbroken tree.

    Attributes:
        order: Names of the tests; every number below counts in it.
        seconds: How long each took, in the same order.
        lines: Target path -> line -> numbers of the tests that ran it, `IMPORTED` and `SHARED`.
        spawning: Tests that start another process, whose lines are not seen.
        python: The command that starts the interpreter.
        env: Its environment.
        version: Interpreter and pytest.
        preload: Modules outside of the checkout that the tests import.
        modules: Target path -> its module.
        read: Files of the checkout that the tests read or import, POSIX, relative to it.
        facts: A hash of what the tests used outside of the checkout.
    """

    order: tuple[str, ...]
    seconds: tuple[float, ...]
    lines: Mapping[str, Mapping[int, tuple[int, ...]]]
    spawning: frozenset[int]
    python: tuple[str, ...]
    env: Mapping[str, str]
    version: str
    preload: tuple[str, ...]
    modules: Mapping[str, str]
    read: tuple[Path, ...]
    facts: str = ""
