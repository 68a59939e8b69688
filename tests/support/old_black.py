"""A black 0.1 in the cache, where `verify` puts the version that a checkout pins."""

from __future__ import annotations

import venv
from pathlib import Path

from scaffold.checkout.files import HOOKS
from scaffold.checkout.find import Checkout
from scaffold.checkout.rules.reading import layout_of
from scaffold.languages.python.format.pinned import Pinned, pinned
from support.tree import write_files

HOOK = (
    "repos:\n  - repo: https://github.com/psf/black\n    rev: {}\n    hooks:\n      - id: black\n"
)
OLD_BLACK = """\
import dataclasses, enum

DEFAULT_LINE_LENGTH = 88

class TargetVersion(enum.Enum):
    PY27 = 27

@dataclasses.dataclass
class Mode:
    line_length: int
    target_versions: set

def format_str(text, *, mode):
    return f"# {mode.line_length} {[it.name for it in mode.target_versions]}\\n{text}"
"""


def put_old_black(scratch: Path) -> Path:
    """Put it into the cache; the folder of its modules. It has a line above each file, and knows
    neither previews nor Python 3."""
    [hook] = layout_of(
        Checkout(write_files(scratch / "pins", {HOOKS: HOOK.format("0.1")})), []
    ).hooks
    tool = pinned(hook)
    assert isinstance(tool, Pinned) and tool.python is None
    venv.create(tool.folder, symlinks=True)
    modules = next(tool.folder.glob("lib/python*/site-packages")) / "black"
    parsing = "class InvalidInput(Exception):\n    pass\n"
    return write_files(modules, {"__init__.py": OLD_BLACK, "parsing.py": parsing})
