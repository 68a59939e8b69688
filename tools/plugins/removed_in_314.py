"""A plugin of pytest: the names that Python 3.14 removed are taken away from the Python in use.

What changed without a name (annotations, parameters, the start of processes) stays as it is.
"""

from __future__ import annotations

import ast
import asyncio
from importlib import import_module
from types import ModuleType
from typing import Any

REMOVED = {
    "ast": "Bytes Ellipsis NameConstant Num Str",
    "asyncio": "AbstractChildWatcher FastChildWatcher MultiLoopChildWatcher PidfdChildWatcher "
    "SafeChildWatcher ThreadedChildWatcher get_child_watcher set_child_watcher",
    "importlib.abc": "ResourceReader Traversable TraversableResources",
    "pkgutil": "find_loader get_loader",
    "pty": "master_open slave_open",
    "sqlite3": "version version_info",
    "urllib.parse": "Quoter",
    "urllib.request": "FancyURLopener URLopener",
}
"""Module -> names. Source: What's New In Python 3.14, "Removed".

The watchers' methods of the event loop policy stay: older versions start processes with them.
"""


def pytest_load_initial_conftests() -> None:
    """Take the names away, before anything of the checkout is imported."""
    for module, names in REMOVED.items():
        _take_away(import_module(module), names.split())
    for name in ("n", "s"):
        if hasattr(ast.Constant, name):
            delattr(ast.Constant, name)
    _make_no_event_loop()


def _take_away(module: ModuleType, names: list[str]) -> None:
    """The module without the names, also where it makes them when they are asked for."""
    for name in names:
        vars(module).pop(name, None)
    make = vars(module).get("__getattr__")
    if make is None:
        return

    def get(name: str) -> Any:
        if name in names:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return make(name)

    vars(module)["__getattr__"] = get


def _make_no_event_loop() -> None:
    """`asyncio.get_event_loop()` without a loop raises RuntimeError instead of making one."""
    policy: Any = asyncio.events.BaseDefaultEventLoopPolicy
    get = policy.get_event_loop

    def get_event_loop(self: Any) -> Any:
        if self._local._loop is None:
            raise RuntimeError("There is no current event loop")
        return get(self)

    policy.get_event_loop = get_event_loop
