"""Which parts of a gap are written in a checkout."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from scaffold.checkout.files import read_file
from scaffold.checkout.state import GapRecord
from scaffold.checkout.verdict import Mode
from scaffold.kit.catalog import Gap
from scaffold.kit.parts import parts_of
from scaffold.languages import language_of


class OfModule(Protocol):
    """A file under test."""

    @property
    def module(self) -> str:
        """Its dotted name."""
        ...


Target = TypeVar("Target", bound=OfModule)


def targets_of(root: Path, files: Iterable[str], targets: Sequence[Target]) -> list[Target]:
    """The files under test that these files of tests name; all where they name none.

    Raises:
        CheckoutError: A file cannot be read.
    """
    named: set[str] = set()
    for path in files:
        language, content = language_of(path), read_file(root, path)
        if language is not None and content is not None:
            named |= language.uses(path, content, [one.module for one in targets])
    found = [one for one in targets if any(name.startswith(f"{one.module}.") for name in named)]
    return found or list(targets)


def is_gone(root: Path, record: GapRecord) -> bool:
    """Whether every file that a gap wrote was taken away, and nothing but files would come back."""
    if record.removed or record.moved or not record.files:
        return False
    return not any(os.path.lexists(root / path) for path in record.files)


def written_parts(gap: Gap, record: GapRecord | None) -> dict[str, Mode]:
    """The parts that are here, in the order of the gap: name -> mode.

    One whose files are on another branch of git only is not here. A record of a time when the gap
    had no parts, or others, counts where one of its files is here.
    """
    if record is None:
        return {}
    if record.elsewhere and not record.files and not gap.parts:
        return {}
    if not gap.parts or not record.parts:
        return {part.name: record.mode for part in parts_of(gap)}
    return {
        part.name: record.parts.get(part.name, record.mode)
        for part in gap.parts
        if any(path in record.files for path in part.files)
        or (part.name in record.parts and not record.elsewhere.intersection(part.files))
    }
