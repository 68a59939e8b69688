"""What gap.toml shares out and moves: `[[parts]]`, `[[moves]]`, `[[removes]]`, and what fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path

from scaffold.kit.reader import (
    InnerPath,
    InnerPaths,
    Keys,
    Line,
    Lines,
    Page,
    closest,
    holds_control,
    kit_names,
    read_text,
    read_toml,
    walk_kit,
)
from scaffold.system.frozen import frozen

PAYLOADS = ".scaffold-edits"
"""The folder below a gap's files that holds the payloads of its edits."""
_FUNCTION = re.compile(r"(?:^|\]\])\s*(?:async )?(?:def|fn) (\w+)\(", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Place = tuple[str, str]
"""A gap and one of its parts."""
Parts = Mapping[str, "Sequence[Part]"]
"""The parts of each gap."""


@frozen
class Part:
    """A share of a gap: its files, its edits, and the parts that must be there before.

    Attributes:
        name: What it is called on the command line.
        title: What its tests are about.
        files: The files that it writes, as they lie in the checkout.
        edits: Payloads of edits that come with it; one that no part names comes with every part.
        needs: Parts of the same gap, or `gap:part` of another one.
    """

    name: Line
    title: Line
    files: InnerPaths = ()
    edits: InnerPaths = ()
    needs: Lines = ()


@frozen
class RemovalSpec:
    """A file or folder of the checkout that a gap deletes, because what it writes replaces it.

    Attributes:
        path: Its place; the last part may be a pattern. One that is not there is left out.
        holds: Every function that it may hold, as facts name them; with one more it is a conflict.
        note: What the plan shows beside the deletion.
    """

    path: InnerPath
    holds: Lines = ()
    note: str = ""


@frozen
class MoveSpec:
    """A file or folder of the checkout that a gap moves, with all that is in it.

    Attributes:
        source: `from` of gap.toml: its place; the last part may be a pattern.
        to: Its new place; of a pattern the folder that gets what it names.
        note: What the plan shows beside the move.
    """

    source: InnerPath = field(metadata={"key": "from"})
    to: InnerPath
    note: str = ""

    def place_of(self, path: str) -> str | None:
        """The new place of a file; None where it is not one that moves."""
        below = below_of(self.source, path)
        if below is None:
            return None
        name = (path.split("/")[self.source.count("/")],) if is_pattern(self.source) else ()
        return "/".join((self.to, *name, *below))


def is_pattern(path: str) -> bool:
    """Whether the last part of a path is a pattern."""
    return any(letter in path.rpartition("/")[2] for letter in "*?[")


def below_of(place: str, path: str) -> tuple[str, ...] | None:
    """What of a path lies below a place, which may be a pattern; None where it is elsewhere."""
    wanted, parts = place.split("/"), path.split("/")
    count = len(wanted)
    if wanted[:-1] != parts[: count - 1] or len(parts) < count:
        return None
    last = parts[count - 1]
    fits = fnmatchcase(last, wanted[-1]) if is_pattern(place) else last == wanted[-1]
    return tuple(parts[count:]) if fits else None


def check_moves(
    moves: Sequence[MoveSpec], removes: Sequence[RemovalSpec], files_dir: Path, page: Page
) -> None:
    """Whether what a gap moves and deletes fits together.

    Raises:
        KitError: A pattern is not the last part, a place lies in the other one, or is named twice,
            or is written, deleted or moved as well.
    """
    for keys, place in _taken(moves, removes):
        if is_pattern(place.rpartition("/")[0].replace("/", "")):
            page.fail(keys, f"'{place}': only the last part of a path may be a pattern")
    written = set(written_in(files_dir)) if moves or removes else set()
    _check_removes(removes, written, page)
    for number, move in enumerate(moves):
        keys = ("moves", number, "to")
        if is_pattern(move.to.replace("/", "")):
            page.fail(keys, f"'{move.to}' is a pattern, so it is not a place")
        earlier = moves[:number]
        if any(one.source == move.source for one in earlier):
            page.fail(("moves", number, "from"), f"'{move.source}' is moved twice")
        lifted = below_of(move.to, move.source) is not None and not is_pattern(move.source)
        if lifted or move.place_of(move.to) is not None:
            page.fail(keys, f"'{move.source}' and '{move.to}' lie in each other")
        into = {one.to for one in earlier if not is_pattern(one.source)}
        if not is_pattern(move.source) and move.to in into | written:
            page.fail(keys, f"'{move.to}' is the place of another file of this gap")
        gone = [one.path for one in removes] + [one.source for one in moves if one is not move]
        over = next((one for one in gone if below_of(one, move.to) is not None), None)
        if over is not None:
            page.fail(keys, f"'{move.to}' lies in '{over}', which this gap moves or deletes")


def check_markers(
    moves: Sequence[MoveSpec], removes: Sequence[RemovalSpec], markers: Sequence[str], place: Path
) -> None:
    """Whether a gap leaves what makes a folder a checkout: without it no `undo` finds one.

    Args:
        moves: What the gap moves.
        removes: What it deletes.
        markers: The kit's.
        place: Its gap.toml.

    Raises:
        KitError: It takes one away.
    """
    for keys, path in _taken(moves, removes):
        lost = next((one for one in markers if below_of(path, one) is not None), None)
        if lost is not None:
            fact = f"takes '{lost}' away, which is a marker of a checkout"
            read_toml(place).fail(keys, fact)


def _taken(moves: Sequence[MoveSpec], removes: Sequence[RemovalSpec]) -> Iterator[tuple[Keys, str]]:
    """What a gap takes away, each with its place in gap.toml."""
    yield from ((("removes", n, "path"), one.path) for n, one in enumerate(removes))
    yield from ((("moves", n, "from"), one.source) for n, one in enumerate(moves))


def _check_removes(removes: Sequence[RemovalSpec], written: Collection[str], page: Page) -> None:
    for number, removal in enumerate(removes):
        own = next((path for path in written if below_of(removal.path, path) is not None), None)
        if own is not None:
            page.fail(("removes", number, "path"), f"'{own}' is written by this gap as well")


@frozen
class Kept:
    """A test that adds no mutant, line or defect to the others, and why it stays.

    Attributes:
        test: Its name, without file and parameters.
        reason: What a reader of the tests loses without it.
    """

    test: Line
    reason: Line


def place_of(slug: str, need: str) -> Place:
    """The gap and the part that an entry of `needs` in a gap names."""
    other, sign, name = need.rpartition(":")
    return (other, name) if sign else (slug, need)


def needed(parts: Parts, place: Place) -> tuple[Place, ...]:
    """What a part needs, and what that needs: each after what it needs itself."""
    found: dict[Place, None] = {}

    def visit(one: Place) -> None:
        for part in parts[one[0]]:
            for need in part.needs if part.name == one[1] else ():
                before = place_of(one[0], need)
                visit(before)
                found[before] = None

    visit(place)
    return tuple(found)


def check_parts(
    parts: Sequence[Part], payloads: Collection[str], files_dir: Path, page: Page
) -> None:
    """Whether the parts of a gap share out its files and edits.

    Raises:
        KitError: A name is taken or not a name, a file or an edit is unknown or in two parts, or a
            file is in no part.
    """
    names: list[str] = []
    for number, part in enumerate(parts):
        keys = ("parts", number)
        if not _NAME.fullmatch(part.name):
            page.fail((*keys, "name"), f"'{part.name}' must be letters, digits, _ and -")
        if part.name in names:
            page.fail((*keys, "name"), f"two parts are called '{part.name}'")
        if not part.files and not part.edits:
            page.fail(keys, f"the part '{part.name}' has neither files nor edits")
        names.append(part.name)
    if parts:
        written = set(written_in(files_dir))
        _check_shares(parts, page, "edits", set(payloads))
        _check_shares(parts, page, "files", written)
        for path in sorted(written - {path for part in parts for path in part.files}):
            page.fail(("parts",), f"{path} is in no part; add it to `files` of one")


def functions_in(files_dir: Path) -> set[str]:
    """The names of the functions in a row's templates, its tests among them."""
    texts = [read_text(place) for place in walk_kit(files_dir)]
    return {name for text in texts for name in _FUNCTION.findall(text)}


def check_kept(kept: Sequence[Kept], files_dir: Path, page: Page) -> None:
    """Whether every test that is kept for a reason is one that a template has.

    Raises:
        KitError: A test is unknown or named twice.
    """
    if not kept:
        return
    tests = functions_in(files_dir)
    for number, one in enumerate(kept):
        keys = ("keep", number, "test")
        if one.test not in tests:
            page.fail(
                keys, f"no template has a test '{one.test}'; {match_in_words(one.test, tests)}"
            )
        if any(one.test == other.test for other in kept[:number]):
            page.fail(keys, f"'{one.test}' is kept twice")


def check_needs(parts: Parts, fail: Callable[[str, Keys, str], None]) -> None:
    """Whether every need is a part that is there and comes before.

    Args:
        parts: Those of every gap.
        fail: Refuses a gap's file, with the keys of a value and what is wrong with it.

    Raises:
        KitError: A need is unknown, or parts need each other in a circle.
    """
    places = [(slug, number) for slug in parts for number in range(len(parts[slug]))]
    for slug, number in places:
        for need in parts[slug][number].needs:
            if fault := _fault_of_need(parts, slug, need):
                keys = ("parts", number, "needs")
                fail(slug, keys, f"parts[{number + 1}].needs = '{need}'{fault}")
    done: set[Place] = set()
    for slug, number in places:
        _check_order(parts, (slug, number), (), done, fail)


def _fault_of_need(parts: Parts, slug: str, need: str) -> str:
    other, name = place_of(slug, need)
    if other not in parts:
        return f", and there is no gap '{other}'; {match_in_words(other, parts)}"
    known = [part.name for part in parts[other]]
    if name not in known:
        return f", and '{other}' has no such part; {match_in_words(name, known)}"
    return ""


def _check_order(
    parts: Parts,
    place: tuple[str, int],
    path: tuple[Place, ...],
    done: set[Place],
    fail: Callable[[str, Keys, str], None],
) -> None:
    slug, number = place
    part = parts[slug][number]
    one = (slug, part.name)
    if one in path:
        circle = " -> ".join(":".join(each) for each in (*path[path.index(one) :], one))
        fail(slug, ("parts", number, "needs"), f"parts need each other in a circle: {circle}")
    if one in done:
        return
    for need in part.needs:
        other, name = place_of(slug, need)
        there = [item.name for item in parts[other]].index(name)
        _check_order(parts, (other, there), (*path, one), done, fail)
        if other == slug and there > number:
            fact = f"the part '{part.name}' needs '{name}', which stands after it"
            fail(slug, ("parts", number, "needs"), f"{fact}; put '{name}' first")
    done.add(one)


def _check_shares(parts: Sequence[Part], page: Page, key: str, known: Collection[str]) -> None:
    seen: dict[str, str] = {}
    for number, part in enumerate(parts):
        for path in getattr(part, key):
            keys = ("parts", number, key)
            if path not in known:
                fact = f"the part '{part.name}' names '{path}', which is unknown"
                page.fail(keys, f"{fact}; {match_in_words(path, known)}")
            if path in seen:
                page.fail(keys, f"{path} is in two parts, '{seen[path]}' and '{part.name}'")
            seen[path] = part.name


def written_in(top: Path) -> Iterator[str]:
    """The files that the templates of a gap write, payloads left out."""
    if not top.is_dir():
        return
    for relative in kit_names(top):
        if not relative.startswith(f"{PAYLOADS}/") and not holds_control(relative):
            yield relative.removesuffix(".jinja")


def match_in_words(name: str, known: Collection[str]) -> str:
    """The closest match in words; where none is close, all that there is."""
    close = closest(name, known)
    return (
        f"the closest match is '{close}'"
        if close
        else f"there is {', '.join(sorted(known)) or 'none'}"
    )
