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
    package = Path(__file__).resolve().parent.parent
    given = named or (Path(os.environ["SCAFFOLD_KIT"]) if "SCAFFOLD_KIT" in os.environ else None)
    if given is not None:
        if not (given / "copier.yml").is_file():
            raise KitError(f"{given} is no kit: copier.yml is missing", "scaffold kit format")
        return given.resolve()
    # In the wheel the kit lies inside the package; in a checkout of this project, at its top.
    bundled = package / "_kit"
    return bundled if bundled.is_dir() else package.parent.parent


def format_page() -> str:
    """The text of docs/kit-format.md, which the wheel holds as well."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / "_kit" / "kit-format.md"
    place = bundled if bundled.is_file() else package.parent.parent / "docs" / "kit-format.md"
    return place.read_text(encoding="utf-8")
