"""`new --prove` of Python parts: a test that never ends is left out alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.checkout.find import open_checkout
from scaffold.kit.catalog import load_kit
from scaffold.plan.model import Request
from scaffold.proof.runner import VerifyOptions
from scaffold.workflow.proved import plan_proved
from support.command import scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

pytestmark = pytest.mark.slow

TESTS = {
    "first": "def test_first():\n    assert True\n",
    "endless": "import time\n\n\ndef test_it_ends():\n    while True:\n        time.sleep(1)\n",
    "good": "from app import ONE\n\n\ndef test_one():\n    assert ONE == 1\n",
}


def test_a_part_that_does_not_end_is_left_out_and_the_rest_is_planned(tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    files = {name: f"tests/test_{name}.py" for name in TESTS}
    toml = gap_toml(parts=[{"name": n, "title": n, "files": [path]} for n, path in files.items()])
    sources = {f"row/files/{files[name]}": text for name, text in TESTS.items()}
    kit = load_kit(write_kit(tmp_path / "kit", {"row/gap.toml": toml, **sources}))
    request = Request((kit.gaps["row"],), {}, frozenset({"row"}))
    options = VerifyOptions(python=sys.executable, timeout_s=20)
    before = snapshot(tree)
    found = plan_proved(kit, open_checkout(tree, kit), request, {}, options, print)
    left = {one.name: one.reason for one in found.left_out}
    assert left.keys() == {"row:endless"}, left
    assert "test_it_ends: did not end within 20 s" in left["row:endless"]
    assert [item.picked for item in found.plan.gaps] == [("first", "good")]
    assert snapshot(tree) == before


def test_a_limit_of_the_command_line_ends_a_test(tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    sources = {"row/files/tests/test_endless.py": TESTS["endless"]}
    kit = write_kit(tmp_path / "kit", {"row/gap.toml": gap_toml(), **sources})
    limits = ("--timeout", "5", "--python", sys.executable, "--kit", kit, "-C", tree)
    proved = scaffold("new", "--gap", "row", "--prove", *limits)
    assert (proved.code, "test_it_ends: did not end within 5 s" in proved.err) == (6, True)
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", tree).code == 0
    verified = scaffold("verify", *limits)
    assert (verified.code, "test_it_ends: did not end within 5 s" in verified.fact) == (6, True)
    assert scaffold("verify", *limits, "--timeout", "0").code == 2
