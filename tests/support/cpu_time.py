"""A plugin of pytest that lists the tests by the processor time of all their processes.

    make slowest

The time on the clock depends on what else the machine does, processor time hardly.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from pathlib import Path

import pytest

LISTED = 60
UNIT_S = 1 / os.sysconf("SC_CLK_TCK")


def used_s() -> float:
    """The seconds that this process and its children used, those that still run included."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return own + sum(map(_used_by_s, children.read_text().split() if children.exists() else []))


def _used_by_s(pid: str) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended
        return 0
    # Fields 14 to 17 of proc(5): user and system time, its own and that of its children.
    return sum(map(int, fields[11:15])) * UNIT_S


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Keep what the test used until its fixtures are set up and it ran."""
    item.stash[STARTED] = used_s()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Put what the test used into its report."""
    item.user_properties.append(("cpu_s", used_s() - item.stash[STARTED]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that used most."""
    used = [
        (value, report.nodeid)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, value in report.user_properties
        if name == "cpu_s" and isinstance(value, float)
    ]
    terminalreporter.section(f"{sum(value for value, _ in used):.0f} s of processor time")
    for value, name in sorted(used, reverse=True)[:LISTED]:
        terminalreporter.line(f"{value:7.2f} s  {name}")


STARTED = pytest.StashKey[float]()
