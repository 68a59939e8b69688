"""Which parts of a gap are written in a checkout."""

from __future__ import annotations

from scaffold.checkout.state import GapRecord
from scaffold.checkout.verdict import Mode
from scaffold.kit.catalog import Gap
from scaffold.kit.parts import parts_of


def written_parts(gap: Gap, record: GapRecord | None) -> dict[str, Mode]:
    """The parts that are here, in the order of the gap: name -> mode.

    One whose files are on another branch of git only is not here. A record of a time when the gap
    had no parts, or others, counts where one of its files is here.
    """
    if record is None:
        return {}
    if not gap.parts or not record.parts:
        return {part.name: record.mode for part in parts_of(gap)}
    return {
        part.name: record.parts.get(part.name, record.mode)
        for part in gap.parts
        if any(path in record.files for path in part.files)
        or (part.name in record.parts and not record.elsewhere.intersection(part.files))
    }
