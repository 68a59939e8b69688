"""The rows and the parts that a command line names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.parts import part_named
from scaffold.system.invocation import edit


def select(
    kit: Kit,
    *,
    slugs: Iterable[str] = (),
    priorities: Iterable[str] = (),
    everything: bool = False,
    kind: str | None = None,
    language: str | None = None,
) -> list[Gap]:
    """The rows that a command line names, in catalogue order, `requires` first.

    A row named by slug is always taken; bulk (priority, all) takes gaps that are not deprecated,
    and proposals only where `kind` names them.

    Raises:
        UsageError: A name or priority that picks no row, or a deprecated or unbuilt row by name.
    """
    named = [kit.gap(slug) for slug in dict.fromkeys(slugs)]
    for gap in named:
        _refuse_unusable(gap)
    wanted = {priority.upper() for priority in priorities}
    known = {gap.priority for gap in kit.gaps.values() if gap.state != "deprecated"}
    for priority in sorted(wanted - known):
        raise UsageError(
            f"there is no priority '{priority}'; the kit has {', '.join(sorted(known))}",
            "scaffold list",
        )
    rows = [g for g in kit.gaps.values() if g.kind == (kind or "gap") and g.state != "deprecated"]
    for priority in sorted(wanted - {gap.priority for gap in rows}):
        raise UsageError(
            f"no {kind or 'gap'} has priority {priority}; rows of another kind have it",
            f"scaffold new --priority {priority} --kind {'gap' if kind else 'proposal'}",
        )
    bulk = [
        gap
        for gap in rows
        if (everything or gap.priority in wanted) and (language is None or gap.language == language)
    ]
    return with_requirements(kit, named + [gap for gap in bulk if gap not in named])


def gaps_and_parts(
    kit: Kit, names: Iterable[str], parts: Iterable[str] = (), *, next_part: bool = False
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The gaps that a command line names, and the parts of them; see `select_parts`.

    Args:
        kit: The kit.
        names: Each `GAP` or `GAP:PART`.
        parts: What was named as a part.
        next_part: Whether the next part is asked for besides.

    Raises:
        UsageError: A name picks no part, or one of several gaps.
    """
    every = list(dict.fromkeys(names))
    whole = [name for name in every if ":" not in name]
    cut = [*parts, *(name for name in every if ":" in name)]
    found = select_parts(kit, whole, cut, next_part=next_part)
    return tuple(dict.fromkeys([*whole, *found])), found


def select_parts(
    kit: Kit, slugs: Sequence[str], names: Iterable[str], *, next_part: bool = False
) -> dict[str, tuple[str, ...]]:
    """The parts that a command line names, by gap, in the order of the gap.

    Args:
        kit: The kit.
        slugs: The gaps that were named.
        names: `PART` of one of these gaps, or `GAP:PART`.
        next_part: Whether the next part is asked for besides.

    Raises:
        UsageError: A name picks no part, or one of several gaps.
    """
    found: dict[str, set[str]] = {}
    for text in names:
        if next_part:
            raise UsageError(
                f"--next picks the part itself, so --part {text} cannot stand beside it",
                f"scaffold new {' '.join(f'--gap {slug}' for slug in slugs)} --next".rstrip(),
            )
        slug, _, name = text.rpartition(":")
        gap = kit.gap(slug) if slug else _gap_with(kit, slugs, name)
        found.setdefault(gap.slug, set()).add(part_named(gap, name).name)
    return {
        slug: tuple(part.name for part in kit.gaps[slug].parts if part.name in picked)
        for slug, picked in found.items()
    }


def _gap_with(kit: Kit, slugs: Sequence[str], name: str) -> Gap:
    """The one of these gaps that has a part of that name, or the only one there is."""
    gaps = [kit.gap(slug) for slug in dict.fromkeys(slugs)]
    having = [
        gap for gap in gaps or kit.gaps.values() if any(part.name == name for part in gap.parts)
    ]
    if not gaps or len(having) > 1:
        why = "no gap is named with --gap" if not gaps else "each has a part of that name"
        hint = f"scaffold new --part {having[0].slug}:{name}" if having else "scaffold list"
        raise UsageError(f"--part {name} does not name its gap: {why}", hint)
    return (having or gaps)[0]


def _refuse_unusable(gap: Gap) -> None:
    if gap.state == "deprecated":
        raise UsageError(
            f"'{gap.slug}' is deprecated and gets no tests: {gap.reason}", "scaffold list"
        )
    if gap.state == "planned":
        raise UsageError(
            f"the template of '{gap.slug}' is not built yet, so there is nothing to write",
            f"scaffold show {gap.slug}",
        )


def with_requirements(kit: Kit, gaps: list[Gap]) -> list[Gap]:
    """These gaps, each after those that it requires.

    Raises:
        KitError: Gaps require each other in a circle.
    """
    ordered: dict[str, Gap] = {}

    def visit(gap: Gap, path: tuple[str, ...]) -> None:
        if gap.slug in path:
            raise KitError(
                f"gaps require each other in a circle: {' -> '.join([*path, gap.slug])}",
                edit(gap.folder / "gap.toml"),
            )
        for slug in gap.requires:
            visit(kit.gaps[slug], (*path, gap.slug))
        ordered.setdefault(gap.slug, gap)

    order = list(kit.gaps)
    for gap in sorted(gaps, key=lambda item: order.index(item.slug)):
        visit(gap, ())
    return list(ordered.values())
