"""What a plan writes of a gap: the parts that were asked for, over those that are here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from scaffold.checkout.parts import written_parts
from scaffold.checkout.state import State
from scaffold.checkout.verdict import Mode
from scaffold.errors import CheckoutError, KitError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import Place
from scaffold.kit.parts import edits_with, label_of, names_of, needed, owner_of
from scaffold.kit.render import Rendered, blaming
from scaffold.languages import Language, language_of
from scaffold.languages.formatting import format_files, format_source
from scaffold.languages.rules import Layout
from scaffold.plan.model import Plan, Request, Skipped
from scaffold.system.reading import parsing

ALL_THERE = "all of its parts are written"
Picks = dict[str, tuple[str, ...]]


def with_parts(kit: Kit, state: State, request: Request) -> Request:
    """The request with the parts that it means, and with what whole gaps need of other gaps.

    Raises:
        CheckoutError: A part that was asked for needs one that is neither here nor asked for.
    """
    picks: Picks = dict(request.parts)
    there = {(slug, name) for slug in state.gaps for name in _written(kit, state, slug)}
    if request.next_part:
        return _with_next(kit, request, there)
    whole = [gap for gap in request.gaps if gap.slug not in picks]
    there |= {(gap.slug, name) for gap in whole for name in names_of(gap)}
    along = _along(kit, whole, there)
    picks = _in_order(kit, [*along, *((slug, name) for slug in picks for name in picks[slug])])
    there |= {(slug, name) for slug, names in picks.items() for name in names}
    for gap in request.gaps:
        for name in picks.get(gap.slug, ()):
            if lacking := [one for one in needed(kit, gap, name) if one not in there]:
                raise _lacking((gap.slug, name), lacking)
    return replace(request, gaps=(*_besides(kit, request, along), *request.gaps), parts=picks)


def _with_next(kit: Kit, request: Request, there: Collection[Place]) -> Request:
    """The request with the next part of each gap, or with the first one that it needs."""
    own: dict[str, Place] = {}
    for gap in request.gaps:
        left = [(gap.slug, name) for name in names_of(gap) if (gap.slug, name) not in there]
        own |= {gap.slug: left[0]} if left else {}
    following = dict(own)
    while found := _first_lacking(kit, following, there):
        following |= dict([found])
    places = list(following.values())
    picks: Picks = {gap.slug: () for gap in request.gaps} | _in_order(kit, places)
    waiting = {
        slug: f"'{':'.join(own[slug])}' needs {':'.join(following[slug])}, which comes first"
        if slug in own
        else ALL_THERE
        for slug, names in picks.items()
        if not names
    }
    named = request.named | {following[slug][0] for slug in request.named & own.keys()}
    gaps = (*_besides(kit, request, places), *request.gaps)
    return replace(request, gaps=gaps, named=named, parts=picks, waiting=waiting)


def _first_lacking(
    kit: Kit, following: Mapping[str, Place], there: Collection[Place]
) -> tuple[str, Place] | None:
    """A gap whose part needs one that is neither here nor comes along, and that one."""
    coming = {*there, *following.values()}
    for slug, (other, name) in following.items():
        lacking = [one for one in needed(kit, kit.gaps[other], name) if one not in coming]
        if lacking:
            return slug, lacking[0]
    return None


def _besides(kit: Kit, request: Request, places: Iterable[Place]) -> list[Gap]:
    """The gaps of these parts that the request does not have."""
    asked = {gap.slug for gap in request.gaps}
    return [kit.gaps[slug] for slug in dict(places) if slug not in asked]


def _in_order(kit: Kit, places: Collection[Place]) -> Picks:
    """These parts by gap, in the order of the gap."""
    return {
        slug: tuple(name for name in names_of(kit.gaps[slug]) if (slug, name) in places)
        for slug in dict(places)
    }


def without(request: Request, plan: Plan, left: Collection[Place]) -> Request:
    """The request of a plan again, without some parts."""
    parts = {
        item.gap.slug: tuple(name for name in item.picked if (item.gap.slug, name) not in left)
        for item in plan.gaps
    }
    gaps = tuple(item.gap for item in plan.gaps if parts[item.gap.slug])
    picks = {gap.slug: parts[gap.slug] for gap in gaps}
    return replace(request, gaps=gaps, parts=picks, next_part=False, waiting={})


def needing(kit: Kit, plan: Plan, left: Collection[Place]) -> dict[Place, str]:
    """The parts of a plan that need one that is left out, and why they cannot stay."""
    found: dict[Place, str] = {}
    for item in plan.gaps:
        for name in item.picked:
            why = _needs_of(kit, item.gap, name, left)
            if why and (item.gap.slug, name) not in left:
                found[item.gap.slug, name] = why
    return found


def _needs_of(kit: Kit, gap: Gap, name: str, left: Collection[Place]) -> str:
    """Why a part cannot stay without these that are left out; empty where it can."""
    needs = [*needed(kit, gap, name), *(place for place in left if place[0] in gap.requires)]
    lacking = [place for place in needs if place in left]
    return f"needs {label_of(lacking[-1])}, which is left out" if lacking else ""


def without_needs(
    kit: Kit, state: State, request: Request, skipped: Sequence[Skipped]
) -> tuple[Request, list[Skipped]]:
    """The request without what needs a gap that is skipped, and all that is skipped then.

    What was asked for by name stays: its gap was refused before, or comes along.
    """
    there = {(slug, name) for slug in state.gaps for name in _written(kit, state, slug)}
    left, found = {one.gap for one in skipped}, [*skipped]
    every = [(slug, name) for slug in sorted(left) for name in names_of(kit.gaps[slug])]
    out = dict.fromkeys(place for place in every if place not in there)
    picks = dict(request.parts)
    for gap in request.gaps:  # each after those that it requires
        if gap.slug in left or gap.slug in request.named:
            continue
        for name in request.picked(gap):
            if why := _needs_of(kit, gap, name, out):
                out[gap.slug, name] = None
                found.append(Skipped(gap.slug, why, name))
                picks[gap.slug] = tuple(n for n in request.picked(gap) if (gap.slug, n) not in out)
    return replace(request, parts=picks), found


def touching(plan: Plan, left: Collection[Place]) -> dict[Place, str]:
    """The parts of gaps that would change a part that is left out besides, and why they cannot."""
    found: dict[Place, str] = {}
    for item in plan.gaps:
        slug, gap = item.gap.slug, item.gap
        written = {change.path for change in plan.changes if change.writes and change.gap == slug}
        others = {name for name in item.concerned if name not in item.picked}
        apart = others & {name for at, name in left if at == slug}
        shared = [path for path in item.touched & written if owner_of(gap, path) in apart]
        for name in item.picked if shared else ():
            found[slug, name] = f"changes {min(shared)}, which is left out"
    return found


def modes_after(
    gap: Gap, before: Mapping[str, Mode], picked: Collection[str], *, stubs: bool
) -> dict[str, Mode]:
    """The parts that are there afterwards: name -> mode. What is full is never a stub again."""
    modes: dict[str, Mode] = {}
    for name in names_of(gap):
        if name in picked:
            modes[name] = (
                Mode.STUBS if stubs and before.get(name) in (None, Mode.STUBS) else Mode.FULL
            )
        elif name in before:
            modes[name] = before[name]
    return modes


def cut(gap: Gap, rendered: Rendered, names: Collection[str]) -> Rendered:
    """What some parts of a gap write; declarations of files of the other parts are left out.

    Raises:
        KitError: A file in which they stand does not parse.
    """
    if set(names_of(gap)) <= set(names):
        return rendered
    kept = {path for path in rendered.files if owner_of(gap, path) in names}
    gone = rendered.files.keys() - kept
    payloads = edits_with(gap, names)
    places = {spec.payload: spec.path for spec in gap.edits}
    return replace(
        rendered,
        files={
            path: _declared(path, content, gone)
            for path, content in rendered.files.items()
            if path in kept
        },
        payloads={
            name: _without(places[name], text.encode(), gone, language_of(name)).decode()
            for name, text in rendered.payloads.items()
            if name in payloads
        },
        empty=tuple(path for path in rendered.empty if owner_of(gap, path) in names),
    )


def stub_files(
    gap: Gap,
    files: Mapping[str, bytes],
    modes: Mapping[str, Mode],
    before: Mapping[str, Mode],
    layout: Layout,
) -> tuple[dict[str, bytes], int]:
    """Every file of a part that is, or was, stubs as a stub, and how many todos there are."""
    from scaffold.languages import stubs

    result: dict[str, bytes] = {}
    count = 0
    for path, source in files.items():
        part = owner_of(gap, path)
        if Mode.STUBS not in (modes[part], before.get(part)):
            continue
        make = stubs.for_path(path)
        if make is None:
            result[path] = source
            continue
        with parsing(path, source, KitError):
            text, todos = make(path, source.decode("utf-8"))
        result[path] = text.encode("utf-8")
        count += len(todos) if modes[part] is Mode.STUBS else 0
    with blaming(gap):
        return format_files(result, layout), count


def changed_by(
    gap: Gap, whole: Rendered, after: Rendered, before: Collection[str], picked: Collection[str]
) -> frozenset[str]:
    """The files that writing some parts is about.

    Those of the parts, and those of other parts that declare them.
    """
    earlier = cut(gap, whole, before).files
    return frozenset(
        path
        for path, content in after.files.items()
        if owner_of(gap, path) in picked or earlier.get(path) != content
    )


def _declared(path: str, content: bytes, gone: Collection[str]) -> bytes:
    left = _without(path, content, gone, language_of(path))
    return content if left == content else format_source(path, left)


def _without(path: str, content: bytes, gone: Collection[str], language: Language | None) -> bytes:
    return language.without_files(path, content, gone) if language else content


def _written(kit: Kit, state: State, slug: str) -> dict[str, Mode]:
    gap = kit.gaps.get(slug)
    return written_parts(gap, state.gaps.get(slug)) if gap else {}


def _along(kit: Kit, whole: Sequence[Gap], there: Collection[Place]) -> list[Place]:
    """What gaps that are written whole need of other gaps, and is not there."""
    wanted = dict.fromkeys(
        place
        for gap in whole
        if gap.built
        for name in names_of(gap)
        for place in needed(kit, gap, name)
    )
    return [place for place in wanted if place not in there]


def _lacking(place: Place, lacking: Iterable[Place]) -> CheckoutError:
    each = [":".join(one) for one in lacking]
    what = ":".join(place)
    fact = f"'{what}' needs {', '.join(each)}, which {'are' if each[1:] else 'is'} not written here"
    parts = " ".join(f"--part {one}" for one in [*each, what])
    return CheckoutError(fact, f"scaffold new {parts}")
