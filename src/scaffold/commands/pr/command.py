"""`scaffold pr`: flags → what is written here → Markdown or JSON on stdout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.commands.options import Progress, as_json, checkout_folder, kit_folder, load, notes
from scaffold.errors import UsageError
from scaffold.system import output

if TYPE_CHECKING:
    from scaffold.commands.pr.content import Written
    from scaffold.kit.catalog import Kit


@click.command(
    epilog=notes(
        "scaffold pr -C ~/checkout",
        "scaffold pr GAP --part PART --json",
        codes=(0, 2, 3, 9),
    )
)
@click.argument(
    "gap", metavar="[GAP]", required=False, help="The gap; all that are written here unless named."
)
@click.option(
    "--part", metavar="PART", multiple=True, help="A part of the gap, or GAP:PART; may repeat."
)
@checkout_folder
@kit_folder
@as_json
def pr(
    gap: str | None, part: tuple[str, ...], checkout: Path, kit: Path | None, json: bool
) -> None:
    """Print the text for a pull request, in Markdown."""
    from scaffold.commands import report
    from scaffold.commands.pr.markdown import markdown

    loaded = load(kit)
    found = _written(loaded, checkout, gap, part)
    title = "; ".join(item.subject for item in found)
    text = markdown(found)
    if json:
        body = {"title": title, "text": text, "gaps": [item.to_json() for item in found]}
        output.answer(report.to_json("pr", body))
        return
    output.note(f"title: {title}")
    output.say(output.block(text.rstrip("\n")))


def _written(kit: Kit, start: Path, gap: str | None, names: tuple[str, ...]) -> list[Written]:
    """What is written here of the gap, of these parts, or of every gap.

    Raises:
        UsageError: It is not written here.
    """
    from scaffold import workflow
    from scaffold.checkout.generation import read_whole
    from scaffold.commands.pr.content import written
    from scaffold.kit.selection import gaps_and_parts

    named, parts = gaps_and_parts(kit, [gap] if gap else [], names)
    slugs = [kit.gap(slug).slug for slug in named]
    with workflow.opened(start, kit, Progress(), reading=True) as checkout:
        rows = {row.gap.slug: row for row in workflow.statuses(kit, checkout)}
        wanted = slugs or [slug for slug, row in rows.items() if row.written]
        if not wanted:
            raise UsageError("nothing is written in this checkout", "scaffold new")
        return [
            read_whole(
                checkout.root,
                lambda slug=slug: written(kit, checkout, rows[slug], parts.get(slug, ())),  # type: ignore[misc]
            )
            for slug in wanted
        ]
