"""What of a gap is proved: its code, not the tests that it edits, and not a gap without tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold import workflow
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import State, read_state
from scaffold.errors import UsageError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.plan.model import Request
from support.tinykit import gap_toml, write_kit
from support.tree import write_files

TEST = "def test_there() -> None:\n    assert True\n"
TARGETS = [
    {"name": "app", "paths": ["app.py"]},
    {"name": "edited", "paths": ["tests/test_there.py"]},
    {"name": "held", "paths": ["tests/test_held.py"], "line_pct": 90},
    {"name": "settings", "paths": ["pyproject.toml"]},
]
EDITS = [{"kind": "python", "path": "conftest.py", "payload": "conftest.py"}]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """A row whose targets are of every kind, and one that only edits."""
    files = {
        "tested/gap.toml": gap_toml(targets=TARGETS),
        "tested/files/tests/test_new.py": TEST,
        "edits/gap.toml": gap_toml(kind="proposal", run=None, edits=EDITS),
        "edits/files/.scaffold-edits/conftest.py": "import os\n",
    }
    return load_kit(write_kit(tmp_path / "kit", files))


@pytest.fixture
def checkout(tmp_path: Path, kit: Kit) -> Checkout:
    """A checkout in which both are written."""
    files = {"app.py": "x = 1\n", "tests/test_there.py": TEST, "tests/test_held.py": TEST}
    root = write_files(tmp_path / "app", {**files, "pyproject.toml": ""})
    checkout = open_checkout(root, kit)
    request = Request((kit.gap("tested"), kit.gap("edits")), {}, frozenset({"tested", "edits"}))
    workflow.apply(workflow.plan_new(kit, checkout, request, {}, lambda line: None))
    return checkout


def state_of(kit: Kit, checkout: Checkout) -> State:
    return read_state(checkout.root, kit.name)


def test_tests_without_a_bar_are_not_broken(kit: Kit, checkout: Checkout) -> None:
    subject = workflow.subject_of(kit, checkout, state_of(kit, checkout), "tested")
    assert [target.name for target in subject.targets] == ["app", "held"]


def test_a_row_without_tests_is_verified_by_nobody(kit: Kit, checkout: Checkout) -> None:
    state = state_of(kit, checkout)
    every = workflow.generated_gaps(kit, state, (), everything=True)
    assert [gap.slug for gap in every] == ["tested"]
    with pytest.raises(UsageError, match="'edits' writes no tests"):
        workflow.generated_gaps(kit, state, ["edits"], everything=False)
