"""The catalogue: `templates/<gap>/gap.toml` read into frozen rows, and selected."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import KitError, UsageError

KINDS = ("gap", "proposal")
STATES = ("ready", "unproven", "planned", "deprecated")
LANGUAGES = ("rust", "python", "typescript", "e2e")
GAP_PRIORITIES = ("P0", "P1", "P2", "P3")


@dataclass(frozen=True)
class Target:
    """A file under test, with its places over the versions and the bars of its proof.

    `made` says that the gap itself makes the file: where it is not there, nothing is missing.
    """

    name: str
    paths: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    line_pct: float | None = None
    kill_pct: float | None = None
    made: bool = False


@dataclass(frozen=True)
class EditSpec:
    """An edit of a file that may exist already; `payload` is rendered beside the files.

    `to` is the file that gets what the edit moves out of this one.
    """

    kind: str
    path: str
    payload: str
    to: str = ""


@dataclass(frozen=True)
class RemovalSpec:
    """A file of the checkout that a gap deletes, because what it writes takes its place.

    Attributes:
        path: The file; one that is not there is no error.
        holds: Every function that it may hold, as facts name them; with one more it is a conflict.
        note: What the plan says beside the deletion.
    """

    path: str
    holds: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class RunSpec:
    """How the gap is proved: runner, its folder, the suites beside it, `import` of gap.toml."""

    runner: str
    root: str
    baseline: tuple[str, ...] = ()
    import_root: str = ""


@dataclass(frozen=True)
class Need:
    """A program that a gap's tests need on the machine, beside what its runner needs.

    `places` are patterns of folders to look in after the PATH; `least` is the oldest version that
    does, told by the program when it is run with the arguments `version`.
    """

    name: str
    program: str
    hint: str
    places: tuple[str, ...] = ()
    least: str = ""
    version: tuple[str, ...] = ("--version",)

    @property
    def label(self) -> str:
        """What is needed, in words."""
        return f"{self.name} {self.least} or newer" if self.least else self.name


@dataclass(frozen=True)
class Twin:
    """A mutant that survives, with the reason; lines may move.

    `file` is the end of the target's path, `change` the mutant's `before -> after`. Where
    `equivalent` is false a test could tell it apart, at a price that the reason names: it counts.
    """

    file: str
    change: str
    reason: str
    operator: str = ""
    equivalent: bool = True

    def fits(self, file: str, operator: str, change: str) -> bool:
        """Whether a survivor is this mutant."""
        return (
            file.endswith(self.file) and change == self.change and self.operator in ("", operator)
        )


@dataclass(frozen=True)
class Gap:
    """One row of the catalogue."""

    slug: str
    title: str
    kind: str
    state: str
    priority: str
    language: str
    source: str
    recommendation: str
    folder: Path
    reason: str = ""
    requires: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    targets: tuple[Target, ...] = ()
    edits: tuple[EditSpec, ...] = ()
    removes: tuple[RemovalSpec, ...] = ()
    run: RunSpec | None = None

    @property
    def built(self) -> bool:
        """Whether there is a template; an unproven one is written only when it is named."""
        return self.state in ("ready", "unproven")

    @property
    def files_dir(self) -> Path:
        """The folder that mirrors the checkout."""
        return self.folder / "files"


@dataclass(frozen=True)
class Kit:
    """A kit: its name, what makes a folder a checkout, and its gaps in catalogue order."""

    root: Path
    name: str
    title: str
    markers: tuple[str, ...]
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    def gap(self, slug: str) -> Gap:
        """The row of that name.

        Raises:
            UsageError: No such row; the hint holds the closest match.
        """
        if slug in self.gaps:
            return self.gaps[slug]
        import difflib

        close = difflib.get_close_matches(slug, self.gaps, n=1, cutoff=0.5)
        hint = f"scaffold new --gap {close[0]}" if close else "scaffold list --all-rows"
        lead = f"; the closest match is '{close[0]}'" if close else ""
        raise UsageError(f"there is no gap called '{slug}'{lead}", hint)


def load_kit(root: Path) -> Kit:
    """The kit in a folder, every gap.toml checked.

    Raises:
        KitError: The folder is no kit, or a gap.toml is broken (file and line are named).
    """
    head = _read_toml(root / "templates" / "kit.toml")
    checkout = _table(head.get("checkout", {}), root / "templates" / "kit.toml", "checkout")
    gaps = [_parse_gap(path) for path in sorted((root / "templates").glob("*/gap.toml"))]
    gaps.sort(key=_catalogue_order)
    kit = Kit(
        root=root,
        name=str(head.get("name", root.name)),
        title=str(head.get("title", "")),
        markers=tuple(checkout.get("markers", ())),
        gaps={gap.slug: gap for gap in gaps},
    )
    for gap in gaps:
        for slug in gap.requires:
            if slug not in kit.gaps:
                raise KitError(
                    f"{gap.folder / 'gap.toml'}: requires = '{slug}', which is no gap of this kit",
                    f"add templates/{slug}/gap.toml or drop it from `requires`",
                )
    return kit


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
        UsageError: An unknown name or priority, or a deprecated or unbuilt row by name.
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
    bulk = [
        gap
        for gap in kit.gaps.values()
        if (everything or gap.priority in wanted)
        and gap.state != "deprecated"
        and gap.kind == (kind or "gap")
        and (language is None or gap.language == language)
    ]
    return _with_requirements(kit, named + [gap for gap in bulk if gap not in named])


def load_twins(gap: Gap) -> tuple[Twin, ...]:
    """The mutants of a row that no test can tell from the original: its survivors.toml.

    Raises:
        KitError: The file is broken.
    """
    path = gap.folder / "survivors.toml"
    if not path.is_file():
        return ()
    try:
        return tuple(Twin(**item) for item in _read_toml(path).get("survivor", ()))
    except TypeError as error:
        raise KitError(f"{path}: {_plain(error)}", "compare it with docs/kit-format.md") from error


def template_digest(gap: Gap) -> str:
    """Digest of everything that a gap's rendering is made from, for `outdated`."""
    import hashlib

    total = hashlib.sha256()
    shared = gap.folder.parent / "_shared"
    for path in sorted([*gap.folder.rglob("*"), *shared.rglob("*")]):
        if path.is_file() and path.name not in ("README.md", "survivors.toml"):
            total.update(path.relative_to(gap.folder.parent).as_posix().encode() + b"\0")
            total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


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


def _with_requirements(kit: Kit, gaps: list[Gap]) -> list[Gap]:
    ordered: dict[str, Gap] = {}

    def visit(gap: Gap, path: tuple[str, ...]) -> None:
        if gap.slug in path:
            raise KitError(
                f"gaps require each other in a circle: {' -> '.join([*path, gap.slug])}",
                f"edit `requires` in {gap.folder / 'gap.toml'}",
            )
        for slug in gap.requires:
            visit(kit.gaps[slug], (*path, gap.slug))
        ordered.setdefault(gap.slug, gap)

    order = list(kit.gaps)
    for gap in sorted(gaps, key=lambda item: order.index(item.slug)):
        visit(gap, ())
    return list(ordered.values())


def _catalogue_order(gap: Gap) -> tuple[int, str, int, str]:
    return (
        KINDS.index(gap.kind),
        gap.priority,
        STATES.index(gap.state) if gap.state == "deprecated" else 0,
        gap.slug,
    )


def _parse_gap(path: Path) -> Gap:
    data = _read_toml(path)
    try:
        gap = Gap(
            slug=path.parent.name,
            title=data["title"],
            kind=data["kind"],
            state=data["state"],
            priority=data["priority"],
            language=data["language"],
            source=data["source"],
            recommendation=data["recommendation"],
            folder=path.parent,
            reason=data.get("reason", ""),
            requires=tuple(data.get("requires", ())),
            needs=tuple(_parse_need(item) for item in data.get("needs", ())),
            targets=tuple(_parse_target(item) for item in data.get("targets", ())),
            edits=tuple(EditSpec(**item) for item in data.get("edits", ())),
            removes=tuple(_parse_removal(item) for item in data.get("removes", ())),
            run=_parse_run(data.get("run")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise KitError(f"{path}: {_plain(error)}", "compare it with docs/kit-format.md") from error
    _check_words(gap, path)
    return gap


def _parse_target(item: dict[str, Any]) -> Target:
    fields = dict(item)
    fields["paths"] = tuple(fields["paths"])
    fields["symbols"] = tuple(fields.get("symbols", ()))
    return Target(**fields)


def _parse_removal(item: dict[str, Any]) -> RemovalSpec:
    fields = dict(item)
    fields["holds"] = tuple(fields.get("holds", ()))
    return RemovalSpec(**fields)


def _parse_need(item: Any) -> Need:
    if not isinstance(item, dict):
        raise TypeError("each of `needs` must be a table")
    fields = dict(item)
    for key in {"places", "version"} & fields.keys():
        fields[key] = tuple(fields[key])
    return Need(**fields)


def _parse_run(item: dict[str, Any] | None) -> RunSpec | None:
    if item is None:
        return None
    suites = tuple(item.get("baseline", ()))
    return RunSpec(item["runner"], item["root"], suites, item.get("import", ""))


def _check_words(gap: Gap, path: Path) -> None:
    checks: list[tuple[str, str, tuple[str, ...]]] = [
        ("kind", gap.kind, KINDS),
        ("state", gap.state, STATES),
        ("language", gap.language, LANGUAGES),
    ]
    if gap.kind == "gap" and gap.state != "deprecated":
        checks.append(("priority", gap.priority, GAP_PRIORITIES))
    for key, value, allowed in checks:
        if value not in allowed:
            raise KitError(
                f"{path}: {key} = '{value}' is none of {', '.join(allowed)}",
                f"edit {key} in {path}",
            )
    if gap.built and gap.run is None and gap.kind == "gap":
        raise KitError(f"{path}: a ready gap needs a [run] table", "see docs/kit-format.md")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise KitError(
            f"{path.parent.parent} is no kit: {path.name} is missing", f"create {path}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KitError(f"{path}: {error}", f"edit {path}") from error


def _table(value: Any, path: Path, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise KitError(f"{path}: [{name}] must be a table", "see docs/kit-format.md")
    return value


def _plain(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the key '{error.args[0]}' is missing"
    return str(error)
