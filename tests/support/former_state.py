"""The state of a checkout as earlier versions kept it: a file a gap, a file a base."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from scaffold.checkout.state.bases import unpack
from support.tree import write_files


def as_format(number: int, root: Path) -> None:
    """Turn the state of a checkout into that of format 1 or 2."""
    folder = root / ".scaffold"
    head = json.loads((folder / "state.json").read_text("utf-8"))
    packed = folder / "bases.gz"
    bases = unpack("bases.gz", packed.read_bytes()) if packed.exists() else {}
    packed.unlink(missing_ok=True)
    gaps = head["gaps"]
    for record in gaps.values() if number == 1 else ():
        for edit in record["edits"]:
            # What an edit took out stood in the place of its digest.
            edit["units"].update(edit.pop("kept", {}))
    write_files(
        folder,
        {
            ".gitignore": "journal/\nundo/\n",
            "state.json": json.dumps({"format": number, "kit": head["kit"]}),
            **{f"gaps/{slug}.json": json.dumps(record) for slug, record in gaps.items()},
            **{f"base/{digest}.gz": gzip.compress(text) for digest, text in bases.items()},
        },
    )
