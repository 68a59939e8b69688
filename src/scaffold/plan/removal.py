"""Files of the checkout that a gap deletes, because what it writes takes their place.

A deletion is part of the transaction, so `undo` brings the file back byte for byte. The state
remembers it: a file that a person put back afterwards is theirs and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from scaffold.checkout.files import read_file
from scaffold.checkout.find import Checkout
from scaffold.checkout.state import State, fingerprint
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.cuts import RemovalSpec, below_of
from scaffold.languages.symbols import symbols_of
from scaffold.plan.changes import Action, Change
from scaffold.plan.moving import files_of


def removals(checkout: Checkout, state: State, gap: Gap, on_conflict: OnConflict) -> list[Change]:
    """What becomes of the files that a gap deletes. Nothing is written.

    Raises:
        CheckoutError: One of them does not parse.
    """
    record = state.gaps.get(gap.slug)
    removed = record.removed if record else {}
    found = {
        path: _removal(checkout, gap, replace(spec, path=path), removed, on_conflict)
        for spec in reversed(gap.removes)
        for path in (
            *files_of(checkout.root, spec.path),
            *(path for path in removed if below_of(spec.path, path) is not None),
        )
    }
    return [change for _, change in sorted(found.items())]


def deleted(gap: Gap, changes: Iterable[Change]) -> dict[str, str]:
    """The files that a gap deletes by these changes: path -> fingerprint of what was there."""
    return {
        change.path: fingerprint(change.before)
        for change in changes
        if change.gap == gap.slug and change.action is Action.DELETE and change.before is not None
    }


def refuse_stubs(gap: Gap, *, named: bool) -> None:
    """Refuse todos in the place of tests that run today.

    Raises:
        UsageError: The gap was asked for by name.
    """
    if named:
        raise UsageError(
            f"'{gap.slug}' takes the place of tests that are there "
            f"({', '.join(spec.path for spec in gap.removes)}), so it cannot be written as stubs",
            f"scaffold new --gap {gap.slug}",
        )


def _removal(
    checkout: Checkout,
    gap: Gap,
    spec: RemovalSpec,
    removed: Mapping[str, str],
    on_conflict: OnConflict,
) -> Change:
    current = read_file(checkout.root, spec.path)
    if current is None:
        return Change(spec.path, gap.slug, Action.SAME, None, None, note="deleted before")
    if on_conflict is not OnConflict.OVERWRITE:
        if spec.path in removed:
            note = "you put it back; --on-conflict overwrite deletes it again"
            return Change(spec.path, gap.slug, Action.KEPT, current, current, note=note)
        more = _functions(spec.path, current) - set(spec.holds)
        if spec.holds and more:
            # Left where it is it would be dead code: what declares it goes as well.
            kept = ", ".join(sorted(more))
            note = f"is to be deleted, and holds more than is replaced: {kept} (move it elsewhere)"
            return Change(spec.path, gap.slug, Action.CONFLICT, current, None, note=note)
    return Change(spec.path, gap.slug, Action.DELETE, current, None, note=spec.note)


def _functions(path: str, content: bytes) -> set[str]:
    symbols = symbols_of(path, content)
    return {name for name, symbol in symbols.items() if symbol["kind"] == "function"}


def dropped(root: Path, path: str, gap: str, recorded: str, state: State, tested: bool) -> Change:
    """What becomes of a file that an edited kit no longer writes.

    Args:
        root: The checkout.
        path: The file.
        gap: The gap that wrote it.
        recorded: Fingerprint of what was written.
        state: Which bases there are.
        tested: Whether a row of the kit tests it.
    """
    current = read_file(root, path)
    if current is None:
        return Change(path, gap, Action.SAME, None, None)
    # A record may be a stranger's: what rows test is not ours to delete.
    why = "under test" if tested else "edited"
    if not tested and state.is_as_written(path, recorded, current):
        return Change(path, gap, Action.DELETE, current, None, note="no longer generated")
    return Change(path, gap, Action.KEPT, current, current, note=f"no longer generated; {why}")
