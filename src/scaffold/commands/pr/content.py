"""What a pull request is about: files, targets, proof, defects and questions of one gap."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scaffold.checkout.adoption import find_adoption
from scaffold.checkout.files import read_file
from scaffold.checkout.parts import targets_of, written_parts
from scaffold.checkout.state import read_state
from scaffold.errors import UsageError
from scaffold.kit.defects import Fit, load_defects
from scaffold.kit.parts import bare_title, edits_with, names_of, owner_of, subject_line
from scaffold.kit.reader import read_text
from scaffold.languages import KnownDefect, language_of, stubs
from scaffold.plan.changes import Action, Change, diff

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.checkout.state import EditRecord, GapRecord
    from scaffold.checkout.status import Status
    from scaffold.kit.catalog import Gap, Kit
    from scaffold.kit.defects import Defect

QUESTIONS = "Questions"
LIMITS = "What they cannot prove"
"""Headings of a row's README whose text goes into the pull request."""


@dataclass(frozen=True)
class WrittenFile:
    """A file of the change.

    Attributes:
        path: Relative POSIX path.
        lines: How many it has; None of one that was there before.
        tests: How many test functions stand in it.
        subject: The first sentence of its doc comment.
        units: Of a shared file, what was put in.
        became: What became of it, in words, where it is no more where it was; else empty.
    """

    path: str
    lines: int | None
    tests: int
    subject: str
    units: tuple[str, ...] = ()
    became: str = ""


@dataclass(frozen=True)
class Target:
    """A file under test: its coverage by these tests, where it was measured, and its bar."""

    path: str
    line_pct: float | None
    line_bar_pct: float | None
    line_before_pct: float | None = None


@dataclass(frozen=True)
class Before:
    """What other tests name of the targets: functions, of all that there are, and their files.

    `known` is false where the tests of the project cannot be told from its code.
    """

    known: bool
    reached: tuple[str, ...]
    functions: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """What is written of a gap, or of some of its parts, and what is known of it."""

    gap: str
    parts: tuple[str, ...]
    subject: str
    title: str
    source: str
    recommendation: str
    files: tuple[WrittenFile, ...]
    targets: tuple[Target, ...]
    before: Before
    verdict: str | None
    stale: tuple[str, ...]
    proof: Mapping[str, Any] | None
    missing_parts: tuple[str, ...]
    defects: tuple[Shown, ...]
    questions: str
    limits: str
    command: str

    @property
    def tests(self) -> int:
        """How many test functions it has."""
        return sum(file.tests for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Shown:
    """A defect that the tests show.

    Attributes:
        tests: The tests that show it: (file, name).
        reason: What the tests themselves say of it.
        id: Its name in the kit; empty where the kit does not describe it, and then the rest is too.
        severity: A word.
        place: File and function.
        today: What the code does.
        expected: What it should do.
        source: What says so.
        mend: The smallest change that mends it, as a diff; empty where none is known here.
    """

    tests: tuple[tuple[str, str], ...]
    reason: str
    id: str = ""
    severity: str = ""
    place: str = ""
    today: str = ""
    expected: str = ""
    source: str = ""
    mend: str = ""


def written(kit: Kit, checkout: Checkout, row: Status, names: Sequence[str]) -> Written:
    """What is written here of a gap, or of these parts of it.

    Raises:
        UsageError: It is not written here.
        CheckoutError: A file of it cannot be read.
    """
    gap = row.gap
    state = read_state(checkout.root, kit.name)
    record = state.gaps.get(gap.slug)
    there = written_parts(gap, record)
    lacking = [name for name in names if name not in there]
    if record is None or lacking:
        what = f"{gap.slug}:{lacking[0]}" if lacking else gap.slug
        how = f"--part {what}" if lacking else f"--gap {what}"
        raise UsageError(f"'{what}' is not written in this checkout", f"scaffold new {how}")
    parts = tuple(name for name in there if not names or name in names)
    ours = {path for one in state.gaps.values() for path in one.files}
    files = _files(checkout, gap, record, parts)
    whole = set(names_of(gap)) <= set(parts)
    return Written(
        gap=gap.slug,
        parts=parts if gap.parts else (),
        subject=subject_line(kit, gap, parts),
        title=bare_title(gap) if whole else _titles(gap, parts),
        source=gap.source,
        recommendation=gap.recommendation,
        files=files,
        targets=_targets(checkout, row, files),
        before=_before(checkout, gap, ours),
        verdict=row.verdict,
        stale=row.stale,
        proof=row.verified,
        missing_parts=tuple(one for one in names_of(gap) if one not in parts),
        defects=_defects(checkout, gap, files),
        questions=_section(checkout, gap, QUESTIONS, () if whole else files),
        limits=_section(checkout, gap, LIMITS, () if whole else files),
        command=_command(checkout, gap, files),
    )


def _titles(gap: Gap, parts: Sequence[str]) -> str:
    return "; ".join(part.title for part in gap.parts if part.name in parts)


def _files(
    checkout: Checkout, gap: Gap, record: GapRecord, parts: Collection[str]
) -> tuple[WrittenFile, ...]:
    payloads = edits_with(gap, parts)
    shared = {spec.path for spec in gap.edits if spec.payload in payloads}
    edited = {edit.path: edit for edit in record.edits if edit.path in shared}
    kept = [path for path in record.files if owner_of(gap, path) in parts]
    found = []
    for path in [*kept, *edited]:
        content = read_file(checkout.root, path)
        if content is not None:
            found.append(_file(path, content, edited.get(path)))
    whole = set(names_of(gap)) <= set(parts)
    return (*found, *(_gone(record) if whole else ()))


def _gone(record: GapRecord) -> Iterator[WrittenFile]:
    """The files that were there before and are elsewhere now, or nowhere."""
    for path, place in record.moved.items():
        yield WrittenFile(path, None, 0, "", became=f"moved to `{place}`")
    for path in record.removed:
        yield WrittenFile(path, None, 0, "", became="deleted")


def _file(path: str, content: bytes, edit: EditRecord | None) -> WrittenFile:
    language = language_of(path)
    subject = language.summary(path, content) if language else ""
    lines, tests = len(content.splitlines()), len(stubs.todos_in(path, content))
    if edit is None:
        return WrittenFile(path, lines, tests, subject)
    # What is imported is not worth a name, and the digest in one tells a person nothing.
    named = [name for name in sorted(edit.units) if ":" not in name]
    units = tuple(re.sub(r" \([0-9a-f]{6}\) …$", " …", name) for name in named)
    return WrittenFile(path, lines if edit.created else None, 0, subject, units)


def _targets(checkout: Checkout, row: Status, files: Sequence[WrittenFile]) -> tuple[Target, ...]:
    """The files under test that these files name; all where they name none."""
    measured = (row.verified or {}).get("coverage") or {}
    seen = (row.verified or {}).get("before") or []
    before = {one["path"]: one["line_cov_pct"] for one in seen}
    found = checkout.find(row.gap).targets
    picked = targets_of(checkout.root, [file.path for file in files], found)
    return tuple(
        Target(one.path, measured.get(one.path), one.target.line_pct, before.get(one.path))
        for one in picked
    )


def _before(checkout: Checkout, gap: Gap, ours: Collection[str]) -> Before:
    adoption = find_adoption(checkout, gap, ours)
    names = tuple(sorted(name.rpartition(".")[2] for name in adoption.reached))
    return Before(_has_suite(checkout, gap), names, len(adoption.functions), adoption.files)


def _has_suite(checkout: Checkout, gap: Gap) -> bool:
    run = gap.run
    tops = [checkout.root / run.root / suite for suite in run.baseline] if run else []
    paths = [path for target in gap.targets for path in target.paths]
    return any(
        list(language.suite_files(top, lambda error: None))
        for language in filter(None, {language_of(path) for path in paths})
        for top in tops
    )


def _defects(checkout: Checkout, gap: Gap, files: Sequence[WrittenFile]) -> tuple[Shown, ...]:
    """The defects that the tests declare, described by the kit or else by their own reasons."""
    declared: list[KnownDefect] = []
    for file in files:
        language, content = language_of(file.path), read_file(checkout.root, file.path)
        if language is not None and content is not None and not file.units:
            declared += language.known_defects(file.path, content)
    described = {test: one for one in load_defects(gap) for test in one.tests}
    found: dict[str, list[KnownDefect]] = {}
    for one in declared:
        known = described.get(one.test.rpartition("::")[2])
        found.setdefault(known.id if known else f"{one.file}::{one.test}", []).append(one)
    defects = {one.id: one for one in load_defects(gap)}
    return tuple(_shown(checkout, defects.get(name), tests) for name, tests in found.items())


def _shown(checkout: Checkout, defect: Defect | None, declared: Sequence[KnownDefect]) -> Shown:
    tests = tuple(dict.fromkeys((one.file, one.test) for one in declared))
    reason = "; ".join(dict.fromkeys(one.reason for one in declared))
    if defect is None:
        return Shown(tests, reason)

    def read(path: str) -> str | None:
        content = read_file(checkout.root, path)
        return None if content is None else content.decode("utf-8").replace("\r\n", "\n")

    looked = defect.look(read)
    texts = looked.texts if looked.fit is Fit.APPLIES else {}
    changes = [
        Change(path, "", Action.UPDATE, (read(path) or "").encode(), text.encode())
        for path, text in texts.items()
    ]
    place = f"{defect.file}: {defect.function}"
    return Shown(tests, reason, defect.id, defect.severity, place, defect.today,
                 defect.expected, defect.source, diff(changes))  # fmt: skip


def _section(checkout: Checkout, gap: Gap, heading: str, files: Sequence[WrittenFile]) -> str:
    """The text below a heading of the row's README; of its items those that are about the files.

    An item is about files in which one of its names stands; one without names is about all.
    """
    readme = gap.folder / "README.md"
    text = read_text(readme) if readme.is_file() else ""
    _, found, rest = f"\n{text}".partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0].strip() if found else ""
    if not files:
        return section
    sources = [read_file(checkout.root, file.path) or b"" for file in files]
    kept = []
    for item in re.split(r"\n(?=[-*] )", f"\n{section}"):
        names = re.findall(r"`([A-Za-z]\w*_\w+)(?:\(\))?`", item)
        if not names or any(name.encode() in source for name in names for source in sources):
            kept.append(item)
    return "\n".join(kept).strip()


def _command(checkout: Checkout, gap: Gap, files: Sequence[WrittenFile]) -> str:
    """What a person types at the top of the checkout to run these tests."""
    from scaffold.proof.runner import load_runner

    if gap.run is None:
        return ""
    paths = [file.path for file in files if file.tests]
    return load_runner(gap.run.runner).typed(checkout.root, gap.run, paths).strip()
