"""The parts of a gap: what each writes and what comes with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import Part, Place, match_in_words
from scaffold.kit.cuts import needed as needed_by
from scaffold.kit.reader import closest
from scaffold.system.invocation import instead

WHOLE = "all"
"""What the one part of a gap without `[[parts]]` is called."""


def parts_of(gap: Gap) -> tuple[Part, ...]:
    """The parts of a gap in their order; one without `[[parts]]` is one part."""
    return gap.parts or (Part(WHOLE, gap.title),)


def names_of(gap: Gap) -> tuple[str, ...]:
    """The names of the parts of a gap, in their order."""
    return tuple(part.name for part in parts_of(gap))


def owner_of(gap: Gap, path: str) -> str:
    """The part that writes a file of the gap."""
    if not gap.parts:
        return WHOLE
    return next(part.name for part in gap.parts if path in part.files)


def label_of(place: Place) -> str:
    """A part as it is named: the gap alone where it is all of it."""
    slug, name = place
    return slug if name in ("", WHOLE) else f"{slug}:{name}"


def words_of(place: Place) -> str:
    """The options that pick a part on the command line."""
    slug, name = place
    return f"--gap {slug}" if name in ("", WHOLE) else f"--gap {slug} --part {name}"


def edits_with(gap: Gap, names: Collection[str]) -> set[str]:
    """The payloads that come with some parts of a gap."""
    elsewhere = {edit for part in gap.parts if part.name not in names for edit in part.edits}
    return {spec.payload for spec in gap.edits} - elsewhere


def bare_title(gap: Gap) -> str:
    """The title of a gap without the name that the analysis gives it."""
    return gap.title.removeprefix(f"{gap.source}: ")


def subject_line(kit: Kit, gap: Gap, names: Collection[str]) -> str:
    """The message of a commit that holds these parts of a gap, as the kit words it."""
    picked = [part for part in parts_of(gap) if part.name in names]
    whole = len(picked) == len(parts_of(gap))
    values = {
        "{title}": bare_title(gap) if whole else "; ".join(part.title for part in picked),
        "{gap}": gap.slug,
        "{part}": ", ".join(part.name for part in picked) if gap.parts else gap.slug,
    }
    # Not str.format: a title may hold braces.
    return re.sub(r"\{(title|gap|part)\}", lambda found: values[found[0]], kit.commit)


def part_named(gap: Gap, name: str) -> Part:
    """The part of that name.

    Raises:
        UsageError: There is no such part; the hint has the closest match.
    """
    found = next((part for part in gap.parts if part.name == name), None)
    if found is not None:
        return found
    if not gap.parts:
        fact = f"'{gap.slug}' is one part, so it has no part '{name}'"
        raise UsageError(fact, f"scaffold new --gap {gap.slug}")
    close, lead = closest(name, names_of(gap)), match_in_words(name, names_of(gap))
    raise UsageError(
        f"'{gap.slug}' has no part '{name}'; {lead}",
        instead(name, close, f"scaffold show {gap.slug}"),
    )


def in_order(kit: Kit, places: Iterable[Place]) -> list[Place]:
    """These parts of gaps in their order, each after those of them that it needs."""
    wanted = dict.fromkeys(places)
    ordered: dict[Place, None] = {}
    for slug, name in wanted:
        before = needed(kit, kit.gaps[slug], name)
        ordered |= dict.fromkeys(place for place in (*before, (slug, name)) if place in wanted)
    return list(ordered)


def with_needs(kit: Kit, places: Iterable[Place], there: Collection[Place]) -> list[Place]:
    """These parts of gaps with all that they need and is not there, each after its needs."""
    wanted: dict[Place, None] = {}
    for slug, name in places:
        needs = [one for one in needed(kit, kit.gaps[slug], name) if one not in there]
        wanted |= dict.fromkeys([*needs, (slug, name)])
    return list(wanted)


def needed(kit: Kit, gap: Gap, name: str) -> tuple[Place, ...]:
    """What a part needs, and what that needs: each after what it needs itself."""
    return needed_by({slug: row.parts for slug, row in kit.gaps.items()}, (gap.slug, name))
