"""`scaffold list` and `scaffold show`: the catalogue, and one row of it."""

from __future__ import annotations

from pathlib import Path
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
    from scaffold.checkout.find import Findings
    from scaffold.kit.catalog import Gap, Kit


@click.command(
    "list", epilog=notes("scaffold list", "scaffold list --priority P0 --json", codes=(0, 2, 9))
)
@priorities
@language_name
@kind_name
@click.option("--all-rows", is_flag=True, help="List deprecated rows as well.")
@kit_folder
@as_json
def list_gaps(
    priority: tuple[str, ...],
    language: str | None,
    kind: str | None,
    all_rows: bool,
    kit: Path | None,
    json: bool,
) -> None:
    """Print the catalogue: every gap, its priority and state."""
    from scaffold.commands import report
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
    if json:
        body = {"gaps": [report.gap_to_json(gap) for gap in gaps]}
        output.answer(report.to_json("list", body))
    else:
        output.say(report.catalogue(gaps))


@click.command(
    epilog=notes(
        "scaffold show cli_main",
        "scaffold show cli_main -C ~/plano --case default",
        codes=(0, 2, 9),
    )
)
@click.argument("gap", metavar="GAP", help="The gap, as `list` names it.")
@click.option("--file", metavar="PATH", help="Print this rendered file.")
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
    gap: str, file: str | None, case: str, checkout: Path, kit: Path | None, json: bool
) -> None:
    """Print what a gap proves and writes, or one rendered file."""
    from scaffold.commands import report

    loaded = load(kit)
    row = loaded.gap(gap)
    if not row.built:
        _show_row(row, [], json)
        return
    rendered = _render(loaded, row, _findings(loaded, row, checkout), case)
    if file is None:
        _show_row(row, sorted(rendered), json)
        return
    if file not in rendered:
        from scaffold.errors import UsageError

        raise UsageError(f"'{gap}' writes no file {file}", f"scaffold show {gap}")
    if json:
        _show_row(row, sorted(rendered), json, file=report.file_to_json(file, rendered[file]))
    else:
        output.raw(rendered[file])


def _findings(kit: Kit, gap: Gap, checkout: Path) -> Findings | None:
    """What the checkout holds of the gap; None outside of a checkout (all counts as present)."""
    from scaffold.checkout.find import open_checkout
    from scaffold.checkout.generation import read_whole
    from scaffold.errors import CheckoutError

    try:
        opened = open_checkout(checkout, kit)
        return read_whole(opened.root, lambda: opened.find(gap))
    except CheckoutError:
        return None


def _render(kit: Kit, gap: Gap, findings: Findings | None, case: str) -> dict[str, bytes]:
    from scaffold import __version__
    from scaffold.kit.cases import case_answers
    from scaffold.kit.render import render
    from scaffold.languages.formatting import format_files

    facts: dict[str, Any] = findings.facts() if findings and not findings.retired else {}
    rendered = render(kit, gap, case_answers(gap, case), facts, __version__)
    payloads = rendered.edits
    edits = {e.path: payloads[e.payload] for e in gap.edits if e.payload in payloads}
    return {**format_files(rendered.files), **edits}


def _show_row(gap: Gap, paths: list[str], json: bool, **more: Any) -> None:
    from scaffold.commands import report
    from scaffold.kit.questions import load_questions

    questions = load_questions(gap)
    if json:
        body = {
            **report.gap_to_json(gap),
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
    if gap.built and readme.is_file():
        output.say(f"\n{output.block(read_text(readme).rstrip())}")
