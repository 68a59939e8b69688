"""`scaffold list` and `scaffold show`: the catalogue, and one row of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from scaffold.commands.options import (
    as_json,
    checked_words,
    checkout_folder,
    kind_name,
    kit_folder,
    language_name,
    load,
    notes,
    priorities,
)
from scaffold.system import output

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout, Findings
    from scaffold.kit.catalog import Gap, Kit
    from scaffold.kit.defects import Defect
    from scaffold.kit.render import Rendered
    from scaffold.plan.sizes import Size


@click.command(
    "list", epilog=notes("scaffold list", "scaffold list --priority P0 --json", codes=(0, 2, 9))
)
@priorities
@language_name
@kind_name
@click.option("--all-rows", is_flag=True, help="List deprecated rows as well.")
@click.option("--parts", is_flag=True, help="List the parts of each gap, with lines and tests.")
@kit_folder
@as_json
def list_gaps(
    priority: tuple[str, ...],
    language: str | None,
    kind: str | None,
    all_rows: bool,
    parts: bool,
    kit: Path | None,
    json: bool,
) -> None:
    """Print the catalogue: every gap, and whether its template is ready."""
    from scaffold.commands import report
    from scaffold.commands.parts import HEADER, part_rows, parts_to_json
    from scaffold.errors import UsageError

    checked_words(kind, language)
    loaded = load(kit)
    wanted = {item.upper() for item in priority}
    unknown = wanted - {gap.priority.upper() for gap in loaded.gaps.values()}
    if unknown:
        raise UsageError(f"there is no priority '{min(unknown)}'", "scaffold list")
    gaps = [
        gap
        for gap in loaded.gaps.values()
        if (not wanted or gap.priority in wanted)
        and (language is None or gap.language == language)
        and (kind is None or gap.kind == kind)
        and (all_rows or gap.state != "deprecated")
    ]
    sizes = {gap.slug: _sizes(loaded, gap) for gap in gaps} if parts else {}
    if json:
        counted = (parts_to_json(gap, sizes.get(gap.slug, {})) for gap in gaps)
        body = [
            {**report.gap_to_json(gap), "parts": each}
            for gap, each in zip(gaps, counted, strict=True)
        ]
        output.answer(report.to_json("list", {"gaps": body}))
    elif parts:
        rows = [row for gap in gaps if gap.built for row in part_rows(gap, sizes[gap.slug])]
        output.say(report.table(rows, HEADER))
        output.note(
            "lines and tests without a checkout; in one they can be more: scaffold show GAP"
        )
    else:
        output.say(report.catalogue(gaps))


@click.command(
    epilog=notes(
        "scaffold show GAP",
        "scaffold show GAP -C ~/checkout --case default",
        "scaffold show GAP --defect ID",
        codes=(0, 2, 3, 9),
    )
)
@click.argument("gap", metavar="GAP", help="The gap, as `list` names it.")
@click.option("--file", metavar="PATH", help="Print this rendered file.")
@click.option("--defect", metavar="ID", help="Print this known defect, and its mend as a diff.")
@click.option(
    "--case",
    metavar="NAME",
    default="default",
    show_default=True,
    help="Use these answers of the gap's cases.toml.",
)
@checkout_folder
@kit_folder
@as_json
def show(
    gap: str,
    file: str | None,
    defect: str | None,
    case: str,
    checkout: Path,
    kit: Path | None,
    json: bool,
) -> None:
    """Print what a gap proves and writes, one of its files or defects."""
    from scaffold.commands import report

    loaded = load(kit)
    row = loaded.gap(gap)
    known = _defect_of(row, defect, file)
    if not row.built:
        _show_row(row, [], json)
        return
    opened, findings = _opened(loaded, row, checkout)
    whole = _rendered(loaded, row, findings, case)
    rendered = _contents(row, whole)
    if known is not None:
        _show_defect(row, known, rendered, opened, json)
        return
    if file is None:
        _show_row(row, sorted(rendered), json, sizes=_sizes(loaded, row, whole))
        return
    if file not in rendered:
        from scaffold.errors import UsageError

        raise UsageError(f"'{gap}' writes no file {file}", f"scaffold show {gap}")
    if json:
        _show_row(row, sorted(rendered), json, file=report.file_to_json(file, rendered[file]))
    else:
        output.raw(rendered[file])


def _defect_of(gap: Gap, name: str | None, file: str | None) -> Defect | None:
    """The defect that is asked for."""
    from scaffold.errors import UsageError
    from scaffold.kit.defects import defect_named

    if name is None:
        return None
    if file is not None:
        fact = "--file and --defect cannot stand together: each is printed alone"
        raise UsageError(fact, f"scaffold show {gap.slug} --defect {name}")
    return defect_named(gap, name)


def _show_defect(
    gap: Gap, defect: Defect, files: Mapping[str, bytes], checkout: Checkout | None, json: bool
) -> None:
    from scaffold.commands import report
    from scaffold.commands.defects import defect_lines, look_to_json

    looked = defect.look(checkout.text if checkout else lambda path: None)
    if json:
        found = {"id": defect.id, **look_to_json(looked, checkout)}
        _show_row(gap, sorted(files), json, mend=found)
    else:
        output.say(report.lines_of(defect_lines(defect, looked, files, checkout)))


def _opened(kit: Kit, gap: Gap, checkout: Path) -> tuple[Checkout | None, Findings | None]:
    """The checkout and what it holds of the gap; None outside of one (all counts as present)."""
    from scaffold.checkout.find import open_checkout
    from scaffold.checkout.generation import read_whole
    from scaffold.errors import CheckoutError

    try:
        opened = open_checkout(checkout, kit)
        return opened, read_whole(opened.root, lambda: opened.find(gap))
    except CheckoutError:
        return None, None


def _sizes(kit: Kit, gap: Gap, rendered: Rendered | None = None) -> dict[str, Size]:
    """How large the parts of a gap are; nothing is known of one that is not built."""
    from scaffold.plan.sizes import sizes

    if not gap.built:
        return {}
    return sizes(kit, gap, rendered or _rendered(kit, gap, None, "default"))


def _rendered(kit: Kit, gap: Gap, findings: Findings | None, case: str) -> Rendered:
    from scaffold.kit.cases import case_answers
    from scaffold.plan.rendering import rendering_of

    facts: dict[str, Any] = findings.facts() if findings and not findings.retired else {}
    return rendering_of(kit, gap, case_answers(gap, case), facts)


def _contents(gap: Gap, rendered: Rendered) -> dict[str, bytes]:
    """The files that a gap writes; of a file that it edits, what it puts in."""
    from scaffold.kit.render import blaming
    from scaffold.languages.formatting import format_files

    edits: dict[str, bytes] = {}
    for spec in gap.edits:
        payload = rendered.edits.get(spec.payload)
        if payload is not None:
            above = edits.get(spec.path)
            edits[spec.path] = payload if above is None else above + b"\n\n" + payload
    with blaming(gap):
        return {**format_files(rendered.files), **edits}


def _show_row(
    gap: Gap,
    paths: list[str],
    json: bool,
    *,
    sizes: Mapping[str, Size] = MappingProxyType({}),
    **more: Any,
) -> None:
    from scaffold.commands import report
    from scaffold.commands.defects import defect_rows, defect_to_json
    from scaffold.commands.parts import part_lines, parts_to_json
    from scaffold.kit.defects import load_defects
    from scaffold.kit.questions import load_questions

    questions, defects = load_questions(gap), load_defects(gap)
    if json:
        body = {
            **report.gap_to_json(gap),
            "parts": parts_to_json(gap, sizes),
            "defects": [defect_to_json(one) for one in defects],
            "writes": paths,
            "questions": [
                {"name": item.name, "type": item.type, "default": item.default, "help": item.help}
                for item in questions
            ],
            **more,
        }
        output.answer(report.to_json("show", body))
        return
    from scaffold.kit.reader import read_text

    readme = gap.folder / "README.md"
    output.say(report.row(gap, paths, questions))
    if gap.parts:
        output.say(report.lines_of(part_lines(gap, sizes)))
    if defects:
        output.say(report.lines_of(defect_rows(defects)))
    if gap.built and readme.is_file():
        output.say(f"\n{output.block(read_text(readme).rstrip())}")
