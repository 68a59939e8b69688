"""The catalogue: `templates/<gap>/gap.toml` read into frozen rows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from scaffold.errors import KitError, UsageError
from scaffold.kit.cuts import (
    Kept,
    MoveSpec,
    Part,
    RemovalSpec,
    check_kept,
    check_markers,
    check_moves,
    check_needs,
    check_parts,
)
from scaffold.kit.reader import (
    InnerFolder,
    InnerPath,
    InnerPaths,
    Line,
    Lines,
    OptionalPath,
    Page,
    Patterns,
    Percent,
    Program,
    Version,
    build,
    closest,
    fault_of_path,
    gap_files,
    holds_control,
    read_toml,
    read_tomls,
    walk_kit,
)
from scaffold.system.frozen import frozen
from scaffold.system.invocation import instead, look
from scaffold.system.reading import read_plain

KINDS = ("gap", "proposal")
STATES = ("ready", "unproven", "planned", "deprecated")
GAP_PRIORITIES = ("P0", "P1", "P2", "P3")
COMMIT_WORDS = ("{title}", "{gap}", "{part}")
UNREAD = {"key": ""}
"""Metadata of a field that the file does not hold."""


@frozen
class Target:
    """A file under test, with its places over the versions and the bars of its proof.

    `made`: the gap itself makes the file; where it is not there, nothing is missing.
    """

    name: Line
    paths: InnerPaths
    symbols: Lines = ()
    line_pct: Percent = None
    kill_pct: Percent = None
    made: bool = False


@frozen
class EditSpec:
    """An edit of a file that may exist already; `payload` is rendered beside the files.

    `to` is the file that gets what the edit moves out of this one.
    """

    kind: str = field(metadata={"words": "edits"})
    path: InnerPath
    payload: InnerPath
    to: OptionalPath = ""


@frozen
class RunSpec:
    """How the gap is proved: runner, its folder, the suites beside it, `import` of gap.toml.

    Where `tests` is false the gap writes none, and the suites are its proof.
    """

    runner: str = field(metadata={"words": "runners"})
    root: InnerFolder
    baseline: Lines = ()
    import_root: str = field(default="", metadata={"key": "import"})
    tests: bool = True


@frozen
class Need:
    """A program that a gap's tests need on the machine, beside what its runner needs.

    `places` are patterns of folders to look in after the PATH; `least` is the oldest version that
    does, as the program prints it when it is run with the arguments `version`. Where the variable
    `unless` is set (or one of several: `A or B`), the tests use what it names, and no program is
    needed.
    """

    name: Line
    program: Program
    hint: Line
    places: Patterns = ()
    least: Version = ""
    version: Lines = ("--version",)
    unless: Line = ""

    @property
    def label(self) -> str:
        """What is needed, in words."""
        return f"{self.name} {self.least} or newer" if self.least else self.name


@frozen
class Twin:
    """A mutant that survives, with the reason; lines may move.

    `file` is the end of the target's path, `change` the mutant's `before -> after`. Where
    `equivalent` is false a test could tell it apart, at a price that the reason names: it counts.
    """

    file: InnerPath
    change: str
    reason: Line
    operator: str = ""
    equivalent: bool = True

    def fits(self, file: str, operator: str, change: str) -> bool:
        """Whether a survivor is this mutant."""
        return (
            file.endswith(self.file) and change == self.change and self.operator in ("", operator)
        )


@frozen
class Gap:
    """One row of the catalogue."""

    slug: str = field(metadata=UNREAD)
    title: Line
    kind: str = field(metadata={"words": KINDS})
    state: str = field(metadata={"words": STATES})
    priority: Line
    language: str = field(metadata={"words": "languages"})
    source: Line
    recommendation: str
    folder: Path = field(metadata=UNREAD)
    reason: str = ""
    after: str = ""
    requires: Lines = ()
    needs: tuple[Need, ...] = field(default=(), metadata={"of": Need})
    targets: tuple[Target, ...] = field(default=(), metadata={"of": Target})
    edits: tuple[EditSpec, ...] = field(default=(), metadata={"of": EditSpec})
    removes: tuple[RemovalSpec, ...] = field(default=(), metadata={"of": RemovalSpec})
    moves: tuple[MoveSpec, ...] = field(default=(), metadata={"of": MoveSpec})
    parts: tuple[Part, ...] = field(default=(), metadata={"of": Part})
    keep: tuple[Kept, ...] = field(default=(), metadata={"of": Kept})
    run: RunSpec | None = field(default=None, metadata={"of": RunSpec})

    @property
    def built(self) -> bool:
        """Whether there is a template; an unproven one is written only when it is named."""
        return self.state in ("ready", "unproven")

    @property
    def files_dir(self) -> Path:
        """The folder that mirrors the checkout."""
        return self.folder / "files"


@frozen
class Markers:
    """`[checkout]` of kit.toml: a folder is a checkout where one of the markers is in it."""

    markers: InnerPaths


@frozen
class Head:
    """kit.toml: what the kit is called, what it is for, and the message of a commit.

    In `commit`, `{title}` is the title of what is committed, `{gap}` the gap, `{part}` the part.
    """

    name: Line
    checkout: Markers = field(metadata={"of": Markers})
    title: Line = ""
    commit: Line = "Add tests: {title}"


@frozen
class Survivors:
    """survivors.toml: the mutants that are known to survive."""

    survivor: tuple[Twin, ...] = field(default=(), metadata={"of": Twin})


@frozen
class Kit:
    """A kit: its name, what makes a folder a checkout, and its gaps in catalogue order.

    `commit` is the message of a commit, with `{title}`, `{gap}` and `{part}`.
    """

    root: Path
    name: str
    title: str
    markers: tuple[str, ...]
    commit: str = Head.commit
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    def gap(self, slug: str) -> Gap:
        """The row of that name.

        Raises:
            UsageError: No such row; the hint holds the closest match.
        """
        if slug in self.gaps:
            return self.gaps[slug]
        whole, _, part = slug.partition(":")
        if whole in self.gaps and part:
            raise UsageError(
                f"'{slug}' is the name of a part, and here a gap is named",
                instead(slug, whole, "scaffold list"),
            )
        close = closest(slug, self.gaps)
        lead = f"; the closest match is '{close}'" if close else ""
        raise UsageError(
            f"there is no gap called '{slug}'{lead}",
            instead(slug, close, "scaffold list --all-rows"),
        )


def load_kit(root: Path, words: Mapping[str, Sequence[str]] | None = None) -> Kit:
    """The kit in a folder, every gap.toml checked.

    Args:
        root: The folder.
        words: The names of the `languages`, `runners` and kinds of `edits` that there are, from the
            tables above this room; without them any name passes.

    Raises:
        KitError: The folder is no kit, or a gap.toml is broken (file and line are named).
    """
    page = read_toml(root / "templates" / "kit.toml")
    head = build(Head, page.data, page)
    if not head.checkout.markers:
        page.fail(("checkout", "markers"), "checkout.markers is empty, so nothing is a checkout")
    for word in sorted(set(re.findall(r"\{.*?\}", head.commit)) - set(COMMIT_WORDS)):
        page.fail(("commit",), f"commit has {word}, which is none of {', '.join(COMMIT_WORDS)}")
    gaps = [_read_gap(page) for page in read_tomls(gap_files(root / "templates"), words)]
    gaps.sort(key=_catalogue_order)
    kit = Kit(
        root=root,
        name=head.name,
        title=head.title,
        markers=head.checkout.markers,
        commit=head.commit,
        gaps={gap.slug: gap for gap in gaps},
    )
    for gap in gaps:
        for slug in gap.requires:
            if slug not in kit.gaps:
                read_toml(gap.folder / "gap.toml").fail(
                    ("requires",),
                    f"requires = '{slug}', which is no gap of this kit",
                )
    for gap in gaps:
        check_markers(gap.moves, gap.removes, kit.markers, gap.folder / "gap.toml")
    check_needs(
        {gap.slug: gap.parts for gap in gaps},
        lambda slug, keys, fact: read_toml(kit.gaps[slug].folder / "gap.toml").fail(keys, fact),
    )
    return kit


def kit_root(named: Path | None) -> Path:
    """The kit's folder: `--kit`, else `$SCAFFOLD_KIT`, else the one that came with the package.

    Raises:
        KitError: The named folder holds no kit.
    """
    in_environment = os.environ.get("SCAFFOLD_KIT")  # set to nothing, it is not set
    given = named or (Path(in_environment) if in_environment else None)
    if given is not None:
        # Unlike that of a Path this is no for a name that no file can have.
        if not os.path.isfile(given / "copier.yml"):
            raise KitError(f"{given} is no kit: copier.yml is missing", "scaffold kit format")
        return given.resolve()
    return _shipped("_kit", "")


def format_page() -> str:
    """The text of docs/kit-format.md, which the wheel holds as well."""
    return _shipped("_kit/kit-format.md", "docs/kit-format.md").read_text(encoding="utf-8")


def _shipped(in_package: str, in_project: str) -> Path:
    """What the wheel holds inside the package, and a checkout of this project at its top."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / in_package
    return bundled if bundled.exists() else package.parent.parent / in_project


def load_twins(gap: Gap) -> tuple[Twin, ...]:
    """The mutants of a row that no test can tell from the original: its survivors.toml.

    Raises:
        KitError: The file is broken.
    """
    path = gap.folder / "survivors.toml"
    if not path.exists():
        return ()
    page = read_toml(path)
    return build(Survivors, page.data, page).survivor


def template_digest(gap: Gap) -> str:
    """Digest of everything that a gap's rendering is made from, for `outdated`."""
    import hashlib

    total = hashlib.sha256()
    shared, inside = gap.folder.parent / "_shared", len(str(gap.folder.parent)) + 1
    try:
        for path in sorted([*walk_kit(gap.folder), *(walk_kit(shared) if shared.is_dir() else ())]):
            if path.name not in ("README.md", "survivors.toml", "defects.toml"):
                total.update(str(path)[inside:].encode() + b"\0")
                total.update(read_plain(path) + b"\0")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise KitError(
            f"{getattr(error, 'filename', None) or gap.folder}: {why}", look(gap.folder, "-lR")
        ) from error
    return total.hexdigest()


def _catalogue_order(gap: Gap) -> tuple[int, str, int, str]:
    return (
        KINDS.index(gap.kind),
        gap.priority,
        STATES.index(gap.state) if gap.state == "deprecated" else 0,
        gap.slug,
    )


def _read_gap(page: Page) -> Gap:
    folder = page.path.parent
    gap = build(Gap, page.data, page, slug=folder.name, folder=folder)
    if gap.kind == "gap" and gap.state != "deprecated" and gap.priority not in GAP_PRIORITIES:
        allowed = ", ".join(GAP_PRIORITIES)
        page.fail(("priority",), f"priority = '{gap.priority}' is none of {allowed}")
    if gap.built and gap.run is None and gap.kind == "gap":
        page.fail((), "a ready gap needs a [run] table", "scaffold kit format")
    if gap.state == "deprecated" and not gap.reason.strip():
        page.fail((), "a deprecated gap needs a `reason`")
    if gap.slug in gap.requires:
        page.fail(("requires",), f"requires = '{gap.slug}', which is the gap itself")
    _check_targets(gap, page)
    check_moves(gap.moves, gap.removes, gap.files_dir, page)
    check_parts(gap.parts, [spec.payload for spec in gap.edits], gap.files_dir, page)
    check_kept(gap.keep, gap.files_dir, page)
    if gap.run is not None:
        _check_run(gap.run, page)
    return gap


def _check_targets(gap: Gap, page: Page) -> None:
    names = [target.name for target in gap.targets]
    for number, target in enumerate(gap.targets):
        if target.name in names[:number]:
            page.fail(("targets", number, "name"), f"two targets are called '{target.name}'")
        if not target.paths:
            page.fail(("targets", number, "paths"), f"targets[{number + 1}].paths is empty")


def _check_run(run: RunSpec, page: Page) -> None:
    """Whether the folders that are relative to the runner's stay inside the checkout."""
    places = [(("run", "baseline", n), suite) for n, suite in enumerate(run.baseline)]
    if run.import_root:
        places.append((("run", "import", 0), run.import_root))
    for keys, place in places:
        joined = os.path.normpath(os.path.join(run.root, place))
        fault = "" if joined == "." else fault_of_path(joined)
        fault = "begins as an option does" if place.startswith("-") else fault
        if fault or holds_control(place) or "\\" in place:
            page.fail(keys[:2], f"{keys[0]}.{keys[1]} = '{place}' {fault or 'is not a path'}")
