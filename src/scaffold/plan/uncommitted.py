"""What of a shared file is not committed, and which parts put it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scaffold import edits
from scaffold.errors import ScaffoldError
from scaffold.kit.parts import edits_with, owner_of
from scaffold.plan.compose import owned_units

if TYPE_CHECKING:
    from scaffold.edits import Unit
    from scaffold.kit.catalog import EditSpec
    from scaffold.kit.cuts import Place
    from scaffold.plan.changes import Change
    from scaffold.plan.model import GapPlan, Plan

ABSENT = edits.Presence.ABSENT


def parts_in(change: Change, committed: str | None, plan: Plan) -> list[Place]:
    """The parts whose units are all that a shared file has beyond the last commit.

    Args:
        change: What the plan makes of the file.
        committed: Its text in the last commit, where it is in it.
        plan: The plan; it has what its gaps put into files.

    Returns:
        The gap and the part of each, in the order of the plan. None where the file has nothing
        more, where anything in it is of somebody else, or where that cannot be told.
    """
    kinds = {record.kind for record in plan.state.edits_of(change.path)}
    if change.before is None or committed is None or len(kinds) != 1:
        return []
    try:
        more = _more(kinds.pop(), committed, change, owned_units(plan.state, change.path))
        units = {
            (item.gap.slug, name): _units_of(item, name, change.path)
            for item in plan.gaps
            for name in item.modes
        }
    except ScaffoldError:
        return []
    owners = [place for place, names in units.items() if names & more]
    return owners if more <= set().union(*(units[place] for place in owners)) else []


def _more(kind: str, committed: str, change: Change, owned: Sequence[Unit]) -> set[str]:
    """The units of ours that are not committed, where nothing else is."""
    assert change.before is not None
    text, path = edits.decode(change.before, change.path), change.path
    before = edits.standing(kind, committed, owned, path=path)
    now = edits.standing(kind, text, owned, path=path)
    # The plan's state has what it is about to put in, too.
    more = {name for name, how in before.items() if how is ABSENT and now.get(name) is not ABSENT}
    # What was made to hold others has no standing of its own, and goes with the last of them.
    drop = [unit for unit in owned if unit.name in more or unit.name not in before]
    rest = edits.revert(kind, text, drop, path=path, owned=owned) if more else text
    return more if rest == committed else set()


def belongs(change: Change, plan: Plan) -> bool:
    """Whether a file is of the parts that the plan is about, or has something of theirs."""
    return any(
        owner_of(item.gap, change.path) == name
        if change.path in item.rendered.files
        else edits_of(item, name, change.path)
        for item in plan.gaps
        for name in item.picked
    )


def edits_of(item: GapPlan, name: str, path: str) -> list[EditSpec]:
    """The edits of a file that come with a part of a gap."""
    payloads = edits_with(item.gap, [name]) & item.rendered.edits.keys()
    return [one for one in item.edits if one.path == path and one.payload in payloads]


def _units_of(item: GapPlan, name: str, path: str) -> set[str]:
    """The units that a part of a gap puts into a file."""
    return {
        unit.name
        for spec in edits_of(item, name, path)
        for unit in edits.units(spec.kind, item.rendered.payloads[spec.payload])
    }
