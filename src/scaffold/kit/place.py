"""Where the kit lies: named, beside an editable install, or inside the wheel."""

from __future__ import annotations

import os
from pathlib import Path

from scaffold.errors import KitError


def kit_root(named: Path | None) -> Path:
    """The kit's folder: `--kit`, else `$SCAFFOLD_KIT`, else the one that came with the package.

    Raises:
        KitError: The named folder holds no kit.
    """
    given = named or (Path(os.environ["SCAFFOLD_KIT"]) if "SCAFFOLD_KIT" in os.environ else None)
    if given is not None:
        if not (given / "copier.yml").is_file():
            raise KitError(f"{given} is no kit: copier.yml is missing", "scaffold kit format")
        return given.resolve()
    return _shipped("_kit", "")


def format_page() -> str:
    """The text of docs/kit-format.md, which the wheel holds as well."""
    return _shipped("_kit/kit-format.md", "docs/kit-format.md").read_text(encoding="utf-8")


def _shipped(in_package: str, in_project: str) -> Path:
    """What the wheel holds inside the package, and a checkout of this project at its top."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / in_package
    return bundled if bundled.exists() else package.parent.parent / in_project
