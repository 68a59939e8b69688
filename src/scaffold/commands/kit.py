"""`scaffold kit`: for the author of a kit: a new gap, the check of the contract, the format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.commands.options import HERE, PATH, Progress, as_json, known_words, notes
from scaffold.system import output

if TYPE_CHECKING:
    from scaffold.errors import KitError

folder = click.argument("folder", metavar="[DIR]", type=PATH, default=HERE)


@click.group(
    subcommand_metavar="new|check|format [ARGS]...",
    epilog=notes("scaffold kit new --help", "scaffold kit check", codes=(0, 2)),
)
def kit() -> None:
    """Write and check a kit of your own."""


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
    for row in [loaded.gap(name) for name in gap] or loaded.gaps.values():
        progress(f"check {row.slug}")
        found[row.slug] = list(find_faults(loaded, row, _finish))
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
