"""What to do where a person's work is in the way."""

from __future__ import annotations

from enum import StrEnum


class OnConflict(StrEnum):
    """The four ways: refuse all, leave the file, merge it, or write over it."""

    REFUSE = "refuse"
    SKIP = "skip"
    MERGE = "merge"
    OVERWRITE = "overwrite"
