"""A plugin of pytest: each test with its outcome, its seconds, and the fixtures that it uses.

The file that it writes is named by the variable RECORDED.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

tests: dict[str, dict[str, Any]] = {}


def pytest_collection_finish(session: Any) -> None:
    """Each test, with its fixtures."""
    for item in session.items:
        tests[item.nodeid] = {"fixtures": sorted(item.fixturenames), "outcome": "", "seconds": 0.0}


def pytest_runtest_logreport(report: Any) -> None:
    """Its set-up and tear-down count as well; the worst outcome holds."""
    test = tests[report.nodeid]
    test["seconds"] += report.duration
    if report.when == "call" or report.outcome != "passed":
        test["outcome"] = test["outcome"] if test["outcome"] == "failed" else report.outcome


def pytest_sessionfinish() -> None:
    """Write all of it."""
    Path(os.environ["RECORDED"]).write_text(json.dumps(tests), encoding="utf-8")
