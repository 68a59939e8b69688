"""`scaffold status` and `scaffold undo`: where the gaps stand, and one step back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffold.commands.options import (
    Progress,
    as_json,
    checkout_folder,
    dry_run,
    kit_folder,
    load,
    notes,
)
from scaffold.system import invocation, output

if TYPE_CHECKING:
    from scaffold.checkout.gates import Gate
    from scaffold.checkout.journal import Undone
    from scaffold.checkout.status import Status
    from scaffold.errors import GateError
    from scaffold.kit.catalog import Kit


@click.command(
    epilog=notes(
        "scaffold status -C ~/checkout",
        "scaffold status --fail-on open:P0 --fail-on edited",
        codes=(0, 2, 3, 8, 9),
    )
)
@checkout_folder
@kit_folder
@click.option(
    "--fail-on",
    metavar="WORD[:P0]",
    multiple=True,
    help="Exit 8 when a gap is (may repeat): open, partial (some of its parts are written), "
    "generated, edited, outdated, adopted, retired, blocked; todo, red, below, green, proved "
    "(the last proof); stale (it changed since), unproved (written, and not proved as it stands).",
)
@click.option("--all-rows", is_flag=True, help="List deprecated rows as well.")
@as_json
def status(
    checkout: Path, kit: Path | None, fail_on: tuple[str, ...], all_rows: bool, json: bool
) -> int:
    """Print where every gap stands, and its last proof."""
    from scaffold import workflow
    from scaffold.checkout.state import in_git
    from scaffold.commands import report

    loaded = load(kit)
    asked = _gates(fail_on, loaded) if fail_on else []
    with workflow.opened(checkout, loaded, Progress(), reading=True) as opened:
        rows = workflow.statuses(loaded, opened)
        records = in_git(opened.root)
    shown = [row for row in rows if all_rows or row.state != "skipped"]
    if json:
        body = {"gaps": [report.status_to_json(row) for row in shown], "in_git": records or None}
        output.answer(report.to_json("status", body))
    else:
        output.say(report.status_table(shown))
        if records:
            output.say(
                f"records: .scaffold/, {records} {'by' if records == 'ignored' else 'in'} git"
            )
    error = _gate_error(asked, rows) if asked else None
    if error is not None and not json:
        raise error
    # With --json the document on stdout reports it; a second one would break its readers.
    return error.exit_code if error else 0


def _gates(words: Sequence[str], kit: Kit) -> list[Gate]:
    from scaffold.checkout.gates import parse_gate

    return [parse_gate(word, kit) for word in words]


def _gate_error(asked: list[Gate], rows: list[Status]) -> GateError | None:
    from scaffold.checkout.gates import refusal

    return refusal(asked, rows)


@click.command(epilog=notes("scaffold undo", "scaffold undo -C ~/checkout", codes=(0, 2, 3, 4, 9)))
@checkout_folder
@kit_folder
@click.option(
    "--force", is_flag=True, help="Also where a person edited since; those edits are lost."
)
@click.option(
    "--set-aside", is_flag=True, help="Move a record that cannot be undone to .scaffold/kept."
)
@dry_run
@as_json
def undo(
    checkout: Path, kit: Path | None, force: bool, set_aside: bool, dry_run: bool, json: bool
) -> None:
    """Take the last transaction back, byte for byte."""
    from scaffold import workflow
    from scaffold.checkout import journal
    from scaffold.commands import report

    loaded = load(kit)
    if dry_run:
        _show_undo(checkout, loaded, force, set_aside, json)
        return
    with workflow.opened(checkout, loaded, Progress(), recovering=False) as opened:
        moved = journal.set_aside(opened.root) if set_aside else []
        # Only what is told asks git.
        found = None if set_aside or json else journal.undoable(opened.root, force=force)
        before = _as_committed(opened.root, found.paths) if found else {}
        undone = None if set_aside else journal.undo(opened.root, force=force)
        if undone:
            invocation.current.done = f"it was taken back ({undone.label})"
    if json:
        body: dict[str, Any] = {
            "undone": undone.label if undone else None,
            "paths": list(undone.paths) if undone else [],
            "lost": list(undone.lost) if undone else [],
        }
        if set_aside:
            body["set_aside"] = [{"path": path, "kept": kept} for path, kept in moved]
        output.answer(report.to_json("undo", body))
    elif set_aside:
        lines = [f"set aside: {path} -> {kept}" for path, kept in moved] or ["nothing to do"]
        output.say(report.lines_of(lines))
    elif undone is None:
        output.say("nothing to undo")
    else:
        lines = [f"taken back: {undone.label} ({output.counted(len(undone.paths), 'file')})"]
        lines += [f"edited since, and lost: {path}" for path in undone.lost]
        lines += [f"changed since, so set aside: {line}" for line in undone.aside]
        lines += _commits_of(undone, opened.root, before)
        output.say(report.lines_of(lines))


def _show_undo(start: Path, kit: Kit, force: bool, set_aside: bool, json: bool) -> None:
    """What `undo` would do, or why it would not."""
    from scaffold import workflow
    from scaffold.checkout import journal
    from scaffold.commands import report

    with workflow.opened(start, kit, Progress(), reading=True) as opened:
        moved = journal.asidable(opened.root) if set_aside else []
        found = None if set_aside else journal.undoable(opened.root, force=force)
    paths = list(found.paths) if found else []
    if json:
        body: dict[str, Any] = {"undone": found.label if found else None, "paths": paths}
        body["lost"] = list(found.lost) if found else []
        if set_aside:
            body["set_aside"] = [{"path": path, "kept": None} for path in moved]
        output.answer(report.to_json("undo", body))
        return
    lines = [f"would be set aside: {path}" for path in moved]
    if found:
        lines += [f"would be taken back: {found.label} ({output.counted(len(paths), 'file')})"]
        lines += [f"  {path}" for path in paths]
        lines += [f"edited since, and would be lost: {path}" for path in found.lost]
    output.say(report.lines_of(lines or ["nothing to do" if set_aside else "nothing to undo"]))


def _as_committed(root: Path, paths: Iterable[str]) -> dict[str, str | None] | None:
    """The files that are as the commit has them, with git's id; None where none can be read."""
    from scaffold.system.git.history import history_of

    history = history_of(root)
    if history is None:
        return None
    own = [path for path in paths if not path.startswith(".scaffold/")]
    ids = history.ids_of(own)
    return {path: ids.get(path) for path in own if _is_committed(root, path, ids.get(path))}


def _is_committed(root: Path, path: str, name: str | None) -> bool:
    from scaffold.checkout.files import read_file
    from scaffold.errors import CheckoutError
    from scaffold.system.git.history import is_blob

    try:
        content = read_file(root, path)
    except CheckoutError:  # a link or a folder in its place
        return False
    return is_blob(content, name) or is_blob(content and content.replace(b"\r\n", b"\n"), name)


def _commits_of(undone: Undone, root: Path, before: Mapping[str, str | None] | None) -> list[str]:
    """What to type where git's commit has what was taken back: its history is the user's.

    Args:
        undone: What was taken back.
        root: The checkout.
        before: The files that were as the commit has them; None where it could not be read.
    """
    import shlex

    from scaffold.system.git import holds

    known = holds(root, undone.paths)
    if before is not None:
        # What the index has otherwise than the commit is staged by a person.
        changed = [
            path
            for path, name in before.items()
            if (path in known) == (name is not None) and not _is_committed(root, path, name)
        ]
        known = changed if any(before[path] for path in changed) else []
    if not known:
        return []
    message = shlex.quote(f"Take back {undone.label.removeprefix('new ')}")
    paths = " ".join(invocation.quoted(path) for path in known)
    typed = f"git add -- {paths} && git commit -m {message} -- {paths}"
    return [
        "commits are not taken back: git's history stays as it is",
        "commit the files as they are now with: " + invocation.command(typed, in_checkout=True),
    ]
