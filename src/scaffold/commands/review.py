"""The review on a terminal: what a plan does, one key for what to look at, and yes or no."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.commands import prompts
from scaffold.commands.report import lines_of, table
from scaffold.languages import language_of, stubs
from scaffold.plan.changes import Action, diff
from scaffold.system.output import block, counted, say

if TYPE_CHECKING:
    from scaffold.plan.changes import Change
    from scaffold.plan.model import Plan

KEYS = {"y": "yes", "n": "no", "f": "one file", "d": "the whole diff"}
LEFT_OUT = {"l": "what is left out"}
MOST_EDITED = 40
"""The longest diff of edits that is shown without being asked for, in lines."""
_VERBS = {Action.DELETE: "deletes", Action.MOVE: "moves"}
_COLOURS = {"+": "32", "-": "31", "@": "36"}


@dataclass(frozen=True)
class _Count:
    """Lines that a change adds and takes away."""

    more: int
    less: int

    @property
    def text(self) -> str:
        return f"+{self.more} -{self.less}"


def review(plan: Plan, question: str) -> bool:
    """Whether a person wants this plan written, after whatever they looked at; no is the default.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    changes = [change for change in plan.changes if change.writes]
    notes = plan.notes()
    say(summary(plan.changes, notes))
    edits = diff(change for change in changes if change.before is not None)
    if edits and edits.count("\n") <= MOST_EDITED:
        say(_coloured(block(edits.rstrip("\n"))))
    keys = {**KEYS, **(LEFT_OUT if notes else {})}
    while True:
        key = prompts.press(question, keys, default="n")
        if key == "d":
            show(diff(changes))
        elif key == "f":
            path = prompts.choose("Which file?", [change.path for change in changes])
            show(diff(change for change in changes if change.path == path))
        elif key == "l":
            say(lines_of(f"  {note}" for note in notes))
        else:
            return key == "y" and prompts.confirm_places(plan.deletes, plan.moves)


def summary(changes: Sequence[Change], notes: Sequence[str]) -> str:
    """Edits of files that are there, then a table of the new ones, then the totals."""
    writes = [change for change in changes if change.writes]
    edited = [change for change in writes if change.before is not None]
    made = [change for change in writes if change.before is None]
    counts = {change.path: _count(change) for change in writes}
    lines = []
    for change in edited:
        what = _VERBS.get(change.action, "edits")
        note = f"  ({change.note})" if change.note else ""
        lines.append(f"{what} {' -> '.join(change.places)}  {counts[change.path].text}{note}")
    shown = [lines_of(lines)] if lines else []
    rows = [[change.path, str(counts[change.path].more), _tests(change), _subject(change)]
            for change in made]  # fmt: skip
    if rows:
        shown.append(table(rows, ["new file", "lines", "tests", "subject"]))
    tests = sum(int(_tests(change) or 0) for change in writes if change.after is not None)
    more = sum(count.more for count in counts.values())
    less = sum(count.less for count in counts.values())
    shown.append(
        f"{len(made)} new, {len(edited)} edited; {counted(tests, 'test')} in them; "
        f"{more} lines more, {less} less"
    )
    untouched = [change for change in changes if not change.writes]
    if untouched:
        kept = sum(change.action is Action.KEPT for change in untouched)
        shown.append(f"{len(untouched) - kept} the same, {kept} kept as you have them")
    if notes:
        shown.append(f"{len(notes)} left out (l lists them)")
    return "\n".join(shown)


def show(text: str) -> None:
    """A diff in colours, through a pager where it is longer than the screen."""
    from scaffold.system.process import page

    shown = block(text.rstrip("\n"))
    if shown.count("\n") < shutil.get_terminal_size().lines - 4 or not page(_coloured(shown)):
        say(_coloured(shown))


def _coloured(text: str) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    code = "1" if line.startswith(("diff ", "+++ ", "--- ")) else _COLOURS.get(line[:1])
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _count(change: Change) -> _Count:
    lines = diff([change]).split("\n")
    body = lines[next((n for n, line in enumerate(lines) if line.startswith("@@")), len(lines)) :]
    return _Count(
        sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)
    )


def _tests(change: Change) -> str:
    return str(len(stubs.todos_in(change.path, change.after or b"")) or "")


def _subject(change: Change) -> str:
    language = language_of(change.path)
    return language.summary(change.path, change.after or b"") if language else ""
