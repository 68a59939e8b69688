"""Each row of docs/reliability.md, run again; every hint in it pasted into a shell."""

from __future__ import annotations

import subprocess

import pytest

from support.reliability import FAULTS, NAMESPACES, row
from support.rendering import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_each_command_does_with_a_fault_what_the_table_says(fault: str) -> None:
    if fault in NAMESPACES and subprocess.run(["unshare", "-rm", "true"]).returncode != 0:
        pytest.skip("the fault needs a namespace of users and mounts")
    line, problems = row(fault)
    assert problems == []
    table = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    assert line in table, "make reliability writes the table anew"
