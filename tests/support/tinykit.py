"""Kits that a test writes for itself, for a code base that is one file: `app.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import scaffold
from support.tree import write_files

DEMO = Path(scaffold.__file__).parent / "_demo"
DEMO_KIT = DEMO / "kit"
KIT_TOML = 'name = "tiny"\ntitle = "a tiny app"\n\n[checkout]\nmarkers = ["app.py"]\n'


def write_kit(root: Path, templates: Mapping[str, str | bytes]) -> Path:
    """A kit of these files below templates/; copier.yml is the demo kit's, kit.toml as above."""
    write_files(
        root,
        {
            "copier.yml": (DEMO_KIT / "copier.yml").read_bytes(),
            "templates/kit.toml": KIT_TOML,
            # Copier refuses an include that matches nothing.
            "templates/none/questions.yml": "",
        },
    )
    return write_files(root / "templates", templates).parent


def gap_toml(**changes: Any) -> str:
    """A gap.toml of a ready row about `app.py`; None drops a key."""
    head: dict[str, Any] = {
        "title": "a row",
        "kind": "gap",
        "state": "ready",
        "priority": "P1",
        "language": "python",
        "source": "Gap 1",
        "recommendation": "Test it.",
        "requires": [],
        "run": {"runner": "pytest", "root": "."},
        "targets": [{"name": "app", "paths": ["app.py"]}],
        "edits": [],
        **changes,
    }
    # Inline tables and arrays of JSON are TOML, but for the colon.
    return "".join(f"{key} = {_toml(value)}\n" for key, value in head.items() if value is not None)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
