"""`scaffold kit`: for the author of a kit: a new gap, the check of the contract, the format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.commands.options import HERE, PATH, Progress, as_json, known_words, notes
from scaffold.system import output

if TYPE_CHECKING:
    from scaffold.errors import KitError
    from scaffold.kit.catalog import Gap, Kit

folder = click.argument("folder", metavar="[DIR]", type=PATH, default=HERE)


@click.group(
    subcommand_metavar="new|check|format [ARGS]...",
    invoke_without_command=True,
    epilog=notes("scaffold kit new --help", "scaffold kit check", codes=(0, 2)),
)
@click.pass_context
def kit(context: click.Context) -> None:
    """Write and check a kit of your own."""
    if context.invoked_subcommand is None:
        output.say(context.get_help())
        context.exit(2)


@kit.command(
    epilog=notes(
        "scaffold kit new greet --target greet.py",
        "scaffold kit new greet kits/mine --target src/greet.py",
        codes=(0, 2, 3, 4, 9),
    )
)
@click.argument("gap", metavar="GAP")
@folder
@click.option(
    "--target", metavar="PATH", required=True, help="The file under test, inside a checkout."
)
@as_json
def new(gap: str, folder: Path, target: str, json: bool) -> None:
    """Write a new gap, and the kit where there is none.

    DIR, the folder of the kit, is the current folder unless it is given.
    """
    from scaffold.commands import report
    from scaffold.kit.author import new_gap
    from scaffold.kit.catalog import load_kit
    from scaffold.system.invocation import quoted

    written = [str(place) for place in new_gap(folder, gap, target)]
    load_kit(folder.resolve(), known_words())
    if json:
        output.answer(report.to_json("kit-new", {"gap": gap, "written": written}))
        return
    for place in written:
        output.say(output.visible(f"+ {place}"))
    where = "" if folder == HERE else f" {quoted(str(folder))}"
    output.say(output.visible(f"check it with: scaffold kit check{where}"))


@kit.command(
    epilog=notes(
        "scaffold kit check", "scaffold kit check kits/mine --gap greet", codes=(0, 2, 3, 9)
    )
)
@folder
@click.option("--gap", metavar="GAP", multiple=True, help="Only this gap; may repeat.")
@as_json
def check(folder: Path, gap: tuple[str, ...], json: bool) -> int:
    """Check a kit: every key, every case, every rule.

    Reads the kit strictly, renders every case under limits, and checks what was rendered. No
    checkout is needed. DIR, the folder of the kit, is the current folder unless it is given.
    """
    from scaffold.commands import report
    from scaffold.kit.catalog import kit_root, load_kit
    from scaffold.kit.contract import find_faults
    from scaffold.kit.templates import check_copier_yml, check_questions

    progress = Progress()
    loaded = load_kit(kit_root(folder), known_words())
    check_copier_yml(loaded.root)
    check_questions(loaded)
    found: dict[str, list[str]] = {}
    units: dict[tuple[str, str], tuple[str, str]] = {}
    for row in [loaded.gap(name) for name in gap] or loaded.gaps.values():
        progress(f"check {row.slug}")
        found[row.slug] = list(find_faults(loaded, row, _finish))
        found[row.slug] += _requirements(loaded, row)
        found[row.slug] += [] if found[row.slug] else _disagreements(loaded, row, units)
        if not json:
            for fault in found[row.slug]:
                output.say(output.visible(fault))
    if json:
        gaps = [{"gap": slug, "faults": faults} for slug, faults in found.items()]
        output.answer(report.to_json("kit-check", {"gaps": gaps}))
    error = _refusal(found)
    if error is not None and not json:
        raise error
    if error is None and not json:
        output.say(f"checked: {', '.join(found)}; no fault")
    # The JSON document holds the faults already; a second one would break its readers.
    return error.exit_code if error else 0


@kit.command("format", epilog=notes("scaffold kit format | less", codes=(0, 2)))
@as_json
def show_format(json: bool) -> None:
    """Print the format of a kit (docs/kit-format.md)."""
    from scaffold.commands import report
    from scaffold.kit.catalog import format_page

    text = format_page()
    if json:
        output.answer(report.to_json("help", {"text": text}))
    else:
        output.raw(text.encode("utf-8"))


def _requirements(loaded: Kit, row: Gap) -> list[str]:
    from scaffold.errors import KitError
    from scaffold.kit.selection import with_requirements

    try:
        with_requirements(loaded, [row])
    except KitError as error:
        return [f"{row.folder / 'gap.toml'}: {error.fact}"]
    return []


def _disagreements(
    loaded: Kit, row: Gap, units: dict[tuple[str, str], tuple[str, str]]
) -> list[str]:
    """Units that gaps before this one put into the same file with another text.

    Args:
        loaded: The kit.
        row: The gap.
        units: File and name of a unit -> its text's digest and the gap of it; gets those of `row`.
    """
    from scaffold.edits import kind_of
    from scaffold.kit.cases import case_answers
    from scaffold.kit.render import render

    if not row.built:
        return []
    payloads = render(loaded, row, case_answers(row, "default"), {}, "0").payloads
    faults = []
    for spec in row.edits:
        for unit in kind_of(spec.kind).units(payloads[spec.payload], origin=spec.payload):
            digest, other = units.setdefault((spec.path, unit.name), (unit.digest, row.slug))
            if digest != unit.digest:
                faults.append(
                    f"{row.folder / 'gap.toml'}: '{unit.name}' in {spec.path} is another one than "
                    f"that of '{other}'"
                )
    return faults


def _finish(path: str, content: bytes) -> bytes:
    """A rendered file as it is written; it parses, and its stub can be derived."""
    from scaffold.languages import language_of
    from scaffold.languages.formatting import format_source
    from scaffold.languages.stubs import stub

    written = format_source(path, content)
    language = language_of(path)
    if language is not None:
        language.check_syntax(path, written)
        stub(path, written.decode(language.encoding_of(written)))
    return written


def _refusal(found: dict[str, list[str]]) -> KitError | None:
    from scaffold.errors import KitError

    faults = [fault for one in found.values() for fault in one]
    if not faults:
        return None
    more = f" (and {len(faults) - 1} more, above)" if len(faults) > 1 else ""
    return KitError(f"{faults[0]}{more}", "scaffold kit format")
