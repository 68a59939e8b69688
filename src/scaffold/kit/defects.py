"""What the code under test does wrong, and the smallest change that mends it.

`defects.toml` has one entry a root cause, `mends/<id>.toml` the change of its code: the text that
is found and what is left in its place. Where the code moved, a mend has alternatives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path
from textwrap import dedent, indent

from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.cuts import match_in_words
from scaffold.kit.reader import InnerPath, Line, Lines, Page, build, closest, read_toml
from scaffold.system.frozen import frozen

PAGE = "defects.toml"
FOLDER = "mends"
SEVERITIES = ("crash", "lost data", "wrong result", "wrong message", "resources")
MENDED_SEVERITIES = SEVERITIES[:3]
"""A defect of these has a mend, or the reason why not."""
LEAST_MENDED = 0.8

Read = Callable[[str], str | None]
"""A path in the checkout -> the text that is there, with plain newlines."""


class Fit(StrEnum):
    """What a mend finds in a checkout."""

    APPLIES = "applies"
    MENDED = "mended"
    """What it leaves is there already, and what it looks for is not."""
    GONE = "does not apply"


@frozen
class Looked:
    """What a mend finds here: the changed files where it applies, the reason where it does not."""

    fit: Fit
    texts: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@frozen
class Change:
    """A text of a file that makes room for another one.

    Attributes:
        file: The file of the checkout.
        find: The text; its lines after the first are indented as the line that it begins in.
        leave: What stands there afterwards.
        after: A text that stands once in the file; the first place after it is meant.
    """

    file: InnerPath
    find: str
    leave: str
    after: str = ""

    def look(self, text: str | None) -> Looked:
        """What it finds in the file's text; None where there is no such file."""
        if text is None:
            return Looked(Fit.GONE, why=f"{self.file} is not there")
        start, count = 0, text.count(self.after)
        if self.after:
            if count != 1:
                return Looked(Fit.GONE, why=f"{self.file}: '{self.after}' is there {count} times")
            start = text.index(self.after) + len(self.after)
        found, left = list(_spans(text, self.find, start)), list(_spans(text, self.leave, start))
        # Either text may be a piece of the other one.
        fresh = [one for one in found if not any(_holds(other, one) for other in left)]
        done = [one for one in left if not any(_holds(other, one) for other in found)]
        first = self.find.strip().partition("\n")[0]
        if not fresh:
            why = f"{self.file}: '{_first_missing(text, self.find, start)}' is not there"
            return Looked(Fit.MENDED) if done else Looked(Fit.GONE, why=why)
        if len(fresh) > 1 and not self.after:
            return Looked(Fit.GONE, why=f"{self.file}: '{first}' is there {len(fresh)} times")
        if done:
            why = "what it leaves is there already, so a mended file would look like this one"
            return Looked(Fit.GONE, why=f"{self.file}: {why}")
        begin, end = fresh[0]
        return Looked(
            Fit.APPLIES, {self.file: f"{text[:begin]}{self._left(text, begin)}{text[end:]}"}
        )

    def _left(self, text: str, begin: int) -> str:
        return _indented(self.leave, _indentation(text, begin))


@frozen
class Mend:
    """Changes that mend one defect together, in the code as some commits have it."""

    change: tuple[Change, ...] = field(metadata={"of": Change})

    def look(self, read: Read) -> Looked:
        """What it finds in a checkout; the changes are done in their order."""
        texts: dict[str, str] = {}
        fits = []
        for one in self.change:
            looked = one.look(texts[one.file] if one.file in texts else read(one.file))
            if looked.fit is Fit.GONE:
                return looked
            texts |= looked.texts
            fits.append(looked.fit)
        if len(set(fits)) > 1:
            return Looked(Fit.GONE, why="a part of it is in the checkout already")
        return Looked(fits[0], texts)


@frozen
class Defect:
    """A root cause, its tests, and the alternatives of its mend.

    Attributes:
        id: Its name.
        severity: One of `SEVERITIES`.
        file: Where it is, as the newest commit has it.
        function: Where in the file.
        today: What the code does.
        expected: What it should do.
        source: What it follows from.
        reached_from: The public entry through which a person meets it.
        tests: The names of its tests, without file and parameters.
        no_mend: Why it has no mend.
        mends: The alternatives, in the order in which they are tried.
    """

    id: Line
    severity: str = field(metadata={"words": SEVERITIES})
    file: InnerPath
    function: Line
    today: Line
    expected: Line
    source: Line
    reached_from: Line
    tests: Lines
    no_mend: Line = ""
    mends: tuple[Mend, ...] = field(default=(), metadata={"key": ""})

    def look(self, read: Read) -> Looked:
        """What the first alternative that fits finds in a checkout."""
        every = [mend.look(read) for mend in self.mends]
        for fit in (Fit.APPLIES, Fit.MENDED):
            for looked in every:
                if looked.fit is fit:
                    return looked
        return every[0] if every else Looked(Fit.GONE, why=f"there is no mend: {self.no_mend}")


@frozen
class _Defects:
    defect: tuple[Defect, ...] = field(metadata={"of": Defect})


@frozen
class _Mends:
    mend: tuple[Mend, ...] = field(metadata={"of": Mend})


def load_defects(gap: Gap) -> tuple[Defect, ...]:
    """The known defects of a row, with their mends; none where it has no defects.toml.

    Raises:
        KitError: A file is broken, or a mend has no defect.
    """
    path = gap.folder / PAGE
    if not os.path.lexists(path):
        if places := _mend_files(gap):
            read_toml(places[0]).fail((), f"there is no {PAGE} for it")
        return ()
    page = read_toml(path)
    found = build(_Defects, page.data, page).defect
    ids = [one.id for one in found]
    for number, one in enumerate(found):
        if one.id in ids[:number]:
            page.fail(("defect", number, "id"), f"two defects are called '{one.id}'")
        if not one.tests:
            page.fail(("defect", number, "tests"), f"the defect '{one.id}' has no test")
    mends = {place.stem: _read_mend(place, ids) for place in _mend_files(gap)}
    return tuple(replace(one, mends=mends.get(one.id, ())) for one in found)


def defect_named(gap: Gap, name: str) -> Defect:
    """The defect of that name.

    Raises:
        UsageError: There is none; the hint has the closest match.
    """
    defects = {one.id: one for one in load_defects(gap)}
    if name in defects:
        return defects[name]
    close = closest(name, defects)
    raise UsageError(
        f"'{gap.slug}' has no defect '{name}'; {match_in_words(name, defects)}",
        f"scaffold show {gap.slug}{f' --defect {close}' if close else ''}",
    )


def faults_of_defects(gap: Gap) -> Iterator[str]:
    """Each promise about defects that a row breaks, as `file:line: sentence`.

    Raises:
        KitError: A file is broken.
    """
    defects = load_defects(gap)
    page = read_toml(gap.folder / PAGE) if defects else None
    seen: dict[str, str] = {}
    for number, one in enumerate(defects):
        assert page is not None
        for test in one.tests:
            if test in seen:
                yield _at(page, number, f"the test {test} is of '{seen[test]}' as well")
            seen[test] = one.id
        if one.mends and one.no_mend:
            yield _at(page, number, f"'{one.id}' has a mend, and a reason why it has none")
        if not one.mends and not one.no_mend and one.severity in MENDED_SEVERITIES:
            what = f"'{one.id}' ({one.severity}) has neither {FOLDER}/{one.id}.toml nor no_mend"
            yield _at(page, number, what)
    mended = sum(bool(one.mends) for one in defects)
    if page is not None and mended < LEAST_MENDED * len(defects):
        yield f"{page.path}: {mended} of {len(defects)} defects have a mend; 4 in 5 must have one"


def _at(page: Page, number: int, what: str) -> str:
    return f"{page.path}:{page.line_of(('defect', number))}: {what}"


def _mend_files(gap: Gap) -> list[Path]:
    return sorted((gap.folder / FOLDER).glob("*.toml"))


def _read_mend(place: Path, ids: Sequence[str]) -> tuple[Mend, ...]:
    page = read_toml(place)
    if place.stem not in ids:
        page.fail((), f"{PAGE} has no defect '{place.stem}'; {match_in_words(place.stem, ids)}")
    mends = build(_Mends, page.data, page).mend
    for number, mend in enumerate(mends):
        for index, one in enumerate(mend.change):
            keys = ("mend", number, "change", index)
            if not one.find.strip():
                page.fail((*keys, "find"), "find is empty")
            if dedent(one.find).strip() == dedent(one.leave).strip():
                page.fail((*keys, "leave"), "leave is equal to find, so nothing would change")
        if not mend.change:
            page.fail(("mend", number), f"mend[{number + 1}].change is empty")
    if not mends:
        page.fail((), "there is no [[mend]]")
    return mends


def _spans(text: str, wanted: str, start: int) -> Iterator[tuple[int, int]]:
    """Where a text stands, its lines after the first indented as the line that it begins in."""
    first = dedent(wanted).strip("\n").partition("\n")[0]
    begin = text.find(first, start) if first else -1
    while begin >= 0:
        whole = _indented(wanted, _indentation(text, begin))
        if text.startswith(whole, begin):
            yield begin, begin + len(whole)
        begin = text.find(first, begin + 1)


def _first_missing(text: str, wanted: str, start: int) -> str:
    """The first line of a text with which it is not found any more."""
    lines = dedent(wanted).strip("\n").split("\n")
    for count in range(1, len(lines)):
        if not any(_spans(text, "\n".join(lines[:count]), start)):
            return lines[count - 1].strip()
    return lines[-1].strip()


def _indented(text: str, margin: str) -> str:
    first, newline, rest = dedent(text).strip("\n").partition("\n")
    return f"{first}{newline}{indent(rest, margin)}"


def _indentation(text: str, place: int) -> str:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip())]


def _holds(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and outer != inner
