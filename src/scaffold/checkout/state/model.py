"""What the state of a checkout holds: a record a gap, and what was written as it was rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from scaffold.checkout.verdict import Mode
from scaffold.edits import Unit
from scaffold.edits.former import without_header
from scaffold.system.frozen import frozen

FOLDER = ".scaffold"


class InGit(StrEnum):
    """Whether git carries the state."""

    IGNORED = "ignored"
    TRACKED = "tracked"


def fingerprint(content: bytes) -> str:
    """SHA-256 of a file with its line ends as LF: CRLF in a checkout is not an edit."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


@frozen
class EditRecord:
    """The units of a shared file that a gap owns: name -> digest, and name -> what is kept."""

    kind: str
    path: str
    created: bool
    units: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, path: str, created: bool, units: Sequence[Unit]) -> EditRecord:
        """The record of some units."""
        kept = {unit.name: unit.kept for unit in units if unit.kept}
        return cls(kind, path, created, {unit.name: unit.digest for unit in units}, kept)

    def owned(self) -> list[Unit]:
        """The units."""
        return [Unit(name, digest, self.kept.get(name, "")) for name, digest in self.units.items()]


@frozen
class GapRecord:
    """What one gap wrote.

    `digest` is that of the rendering (for the proof), `template` that of its sources, `removed`
    holds the files that it deleted with the fingerprints that they had, `moved` those that it moved
    with their new places, `parts` the parts that are written with their modes, where the gap has
    parts, `left` the files in whose place a person has one, `elsewhere` files that are on another
    branch of git only: it is not kept, but found at each reading.
    """

    slug: str
    kit_version: str
    digest: str
    mode: Mode
    answers: Mapping[str, Any]
    files: Mapping[str, str]
    edits: tuple[EditRecord, ...] = ()
    template: str = ""
    removed: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mode] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()


@frozen
class State:
    """All records of a checkout, and the bases that they point to.

    `former` names the files of an earlier layout that go with the next write, `elsewhere` holds the
    whole record of each gap of which something is on another branch of git only.
    """

    kit: str
    gaps: Mapping[str, GapRecord] = field(default_factory=dict)
    bases: Mapping[str, bytes] = field(default_factory=dict)
    in_git: InGit = InGit.IGNORED
    former: tuple[str, ...] = ()
    elsewhere: Mapping[str, GapRecord] = field(default_factory=dict)

    def edits_of(self, path: str) -> list[EditRecord]:
        """What each gap owns in a file."""
        return [edit for gap in self.gaps.values() for edit in gap.edits if edit.path == path]

    def is_as_written(self, path: str, recorded: str, current: bytes) -> bool:
        """Whether a file is what we wrote: line ends and a formatter's layout do not count.

        Args:
            path: The file.
            recorded: Fingerprint of what was written.
            current: What stands there.
        """
        from scaffold.languages import same_text

        if fingerprint(current) == recorded:
            return True
        base, current = self.bases.get(recorded), without_header(current)
        return fingerprint(current) == recorded or (
            base is not None and same_text(path, base, current)
        )

    def forgetting_files(self, slugs: Collection[str]) -> State:
        """The state as if no file of some gaps were here; what they own in others is theirs."""
        gaps = {
            slug: replace(record, files={}, elsewhere=frozenset(record.files))
            if slug in slugs
            else record
            for slug, record in self.gaps.items()
        }
        return replace(self, gaps=gaps) if slugs else self

    def moved_on(self, moved: Mapping[str, str], gone: Collection[str]) -> State:
        """The state once files have moved (place -> new place), and others are deleted.

        What gaps own in them goes along; of a deleted file nobody owns a unit.
        """
        if not moved and not gone:
            return self
        gaps = {
            slug: replace(
                record,
                files={moved.get(path, path): one for path, one in record.files.items()},
                edits=tuple(
                    replace(edit, path=moved.get(edit.path, edit.path))
                    for edit in record.edits
                    if edit.path not in gone
                ),
                moved={
                    path: moved.get(to, to) for path, to in record.moved.items() if to not in gone
                },
            )
            for slug, record in self.gaps.items()
        }
        return replace(self, gaps=gaps)

    def without_headers(self) -> State:
        """The state as if no file had been written with the header of an earlier version."""
        bases, digests = {}, {}
        for digest, content in self.bases.items():
            bare = without_header(content)
            digests[digest] = fingerprint(bare) if bare != content else digest
            bases[digests[digest]] = bare
        gaps = {
            slug: replace(
                record, files={path: digests.get(one, one) for path, one in record.files.items()}
            )
            for slug, record in self.gaps.items()
        }
        return replace(self, gaps=gaps, bases=bases)
