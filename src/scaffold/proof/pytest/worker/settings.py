"""What pytest is started with; loaded by `record.py`.

The reasons are in docs/decisions/isolation.md.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

Json = dict[str, Any]

# Plugins of the checkout that reorder or retry would change what a result means.
BLOCKED = (
    "randomly", "random_order", "random-order", "reverse", "rerunfailures", "flaky", "pytest-retry"
)  # fmt: skip
LATER = ("flaky: a mark of the blocked plugins",)
# Of the project's settings those that say what is reported, and what ends a run or fails it.
SETTINGS = {
    "addopts": "",
    "filterwarnings": "",
    "xfail_strict": "true",
    "minversion": "",
    "required_plugins": "",
    "log_cli": "false",
    "log_file": "",
    "empty_parameter_set_mark": "skip",
    "faulthandler_timeout": "0",
    "faulthandler_exit_on_timeout": "false",
    "strict": "false",
    "strict_markers": "false",
    "strict_config": "false",
    "strict_parametrization_ids": "false",
    "disable_test_id_escaping_and_forfeit_all_rights_to_community_support": "false",
}
# Of these the suites that were there need the project's own; generated tests are found by pytest's.
COLLECTION = {
    "python_files": "test_*.py *_test.py",
    "python_classes": "Test",
    "python_functions": "test",
    "norecursedirs": "",
    "collect_imported_tests": "true",
}
FILES = (
    "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini",
    "setup.cfg",
)  # fmt: skip
"""Files in which pytest looks for settings, in a folder and in all above it."""
honoured: list[str] = []  # options of the project that pytest gets all the same


def pytest_args(session: Json, *more: str) -> list[str]:
    """Arguments that leave no file behind and undo what the checkout adds."""
    settings = dict(SETTINGS)
    settings["cache_dir"] = os.path.join(os.environ["TMPDIR"], "pytest-cache")
    if importlib.util.find_spec("pytest_timeout"):
        settings["timeout"] = "0"
    if not session.get("suites"):
        settings.update(COLLECTION)
    args = ["-q", "--color=no", "--tb=no", "--continue-on-collection-errors", *honoured]
    args += ["--collect-in-virtualenv"]
    for name, value in settings.items():
        args += ["-o", f"{name}={value}"]
    for name in BLOCKED:
        args += ["-p", "no:" + name]
    return [*args, *more, *session["args"]]


def unreadable(error: Exception) -> str:
    """Which file with settings is not UTF-8, where that is the error; it names none itself."""
    above = here = os.getcwd()
    while isinstance(error, UnicodeDecodeError):
        for name in FILES:
            place = os.path.join(above, name)
            try:
                if os.path.isfile(place):
                    with open(place, encoding="utf-8") as handle:
                        handle.read()
            except UnicodeDecodeError:
                return f"{os.path.relpath(place, here)} is not UTF-8"
            except OSError:
                continue
        if above == os.path.dirname(above):
            break
        above = os.path.dirname(above)
    return ""
