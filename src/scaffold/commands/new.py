"""`scaffold new`: plan, show, ask once on a terminal, apply, and prove on request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffold.commands.options import (
    PATH,
    Progress,
    as_json,
    check_commit,
    checked_words,
    checkout_folder,
    diff,
    dry_run,
    kind_name,
    kit_folder,
    language_name,
    load,
    notes,
    priorities,
    proof_options,
    time_limit,
)
from scaffold.edits.conflicts import OnConflict
from scaffold.system import invocation, output

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.commands.commits import Commits
    from scaffold.kit.catalog import Kit
    from scaffold.plan.model import Plan, Request
    from scaffold.workflow.proved import Proved


@click.command(
    epilog=notes(
        "scaffold new --gap GAP --diff -C ~/checkout",
        "scaffold new --priority P0 --yes",
        "scaffold new --gap GAP --set KEY=VALUE",
        "scaffold new --gap GAP --next --commit --branch add-tests",
        codes=(0, 2, 3, 4, 5, 6, 7, 9, 10),
    )
)
@click.argument("names", metavar="[GAP[:PART] ...]", nargs=-1, help="As --gap.")
@click.option("--gap", metavar="GAP", multiple=True, help="A gap by name, or GAP:PART; may repeat.")
@click.option(
    "--part", metavar="PART", multiple=True, help="A part of the gap, or GAP:PART; may repeat."
)
@click.option(
    "--next", "next_part", is_flag=True, help="Of each gap the first part that is not there yet."
)
@priorities
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every gap that fits this checkout; proposals need --kind proposal.",
)
@kind_name
@language_name
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An answer to a gap's question; may repeat.",
)
@click.option("--answers", metavar="FILE", type=PATH, help="Answers as YAML, JSON or TOML.")
@click.option("--stubs", is_flag=True, help="Write skipped todos in place of the test bodies.")
@dry_run
@diff
@click.option(
    "--commit", is_flag=True, help="Make one commit a part, with its files alone; never push."
)
@click.option("--branch", metavar="NAME", help="Make the commits on this new branch.")
@click.option(
    "--prove/--no-prove",
    default=None,
    help="Run the checkout's code on a copy; write what is as declared. --commit does.",
)
@click.option("--verify", is_flag=True, help="Prove the tests afterwards.")
@click.option("--python", metavar="EXE", help="The interpreter that --prove and --verify use.")
@time_limit
@click.option(
    "--on-conflict",
    type=click.Choice([str(way) for way in OnConflict]),
    default=str(OnConflict.REFUSE),
    show_default=True,
    help="Where a person's work is in the way. refuse: write nothing; skip: leave those "
    "files; merge: bring both together, or refuse where lines collide; markers: the same, and "
    "write both sides between conflict markers where they collide; overwrite: take the kit's. "
    "undo gives it back.",
)
@click.option(
    "--state",
    type=click.Choice(["ignored", "tracked"]),
    help="Whether git carries the records in .scaffold/; remembered, at first ignored.",
)
@checkout_folder
@kit_folder
@as_json
@click.option("--yes", "-y", is_flag=True, help="Do not ask on a terminal.")
def new(
    names: tuple[str, ...],
    gap: tuple[str, ...],
    part: tuple[str, ...],
    next_part: bool,
    priority: tuple[str, ...],
    everything: bool,
    kind: str | None,
    language: str | None,
    settings: tuple[str, ...],
    answers: Path | None,
    stubs: bool,
    dry_run: bool,
    diff: bool,
    commit: bool,
    branch: str | None,
    prove: bool | None,
    verify: bool,
    python: str | None,
    timeout: float | None,
    on_conflict: str,
    state: str | None,
    checkout: Path,
    kit: Path | None,
    json: bool,
    yes: bool,
) -> int:
    """Write the tests of the picked gaps, as one transaction."""
    from scaffold import workflow
    from scaffold.kit.questions import parse_settings, read_answers
    from scaffold.kit.selection import gaps_and_parts, select
    from scaffold.plan.model import Request

    checked_words(kind, language)
    check_commit(commit, branch, shown=dry_run or diff)
    loaded = load(kit)
    given = {**(read_answers(answers) if answers else {}), **parse_settings(settings)}
    gap, parts = gaps_and_parts(loaded, (*names, *gap), part, next_part=next_part)
    picked = bool(gap or priority or everything)
    asks, way = not (yes or json or dry_run or diff) and _on_terminal(), OnConflict(on_conflict)
    if not picked:
        _need_terminal(asks)
    progress, show = Progress(), Showing(asks, dry_run, diff, json, prove, (python, timeout))
    with workflow.opened(checkout, loaded, progress, reading=dry_run or diff) as opened:
        commits = _commits(loaded, opened, branch) if commit else None
        if picked:
            gaps = select(
                loaded,
                slugs=gap,
                priorities=priority,
                everything=everything,
                kind=kind,
                language=language,
            )
        else:
            from scaffold.commands import prompts

            gaps, parts, given = prompts.ask(loaded, opened, kind, language, given, progress)
        named = frozenset(gap if picked else [item.slug for item in gaps])
        request = Request(tuple(gaps), {}, named, stubs, way, parts, next_part, state=state)
        found, written = _write(loaded, opened, request, given, progress, show, commits)
        plan, body = found.plan, {"written": written, **(commits.to_json() if commits else {})}
        if verify and written is not None and plan.gaps:
            return _prove(loaded, opened, plan, progress, show, body)
    if json and written is not None:
        _print_json(plan, **body, **found.to_json())
    return _code_of(found, json=json)


def _code_of(found: Proved, *, json: bool) -> int:
    # The JSON document holds the reasons already; a second one would break its readers.
    if found.error and not json:
        raise found.error
    return found.error.exit_code if found.error else 0


def _commits(kit: Kit, checkout: Checkout, branch: str | None) -> Commits:
    from scaffold.commands.commits import Commits

    return Commits(kit, checkout, branch)


def _write(
    kit: Kit,
    checkout: Checkout,
    request: Request,
    given: Mapping[str, Any],
    progress: Progress,
    show: Showing,
    commits: Commits | None,
) -> tuple[Proved, bool | None]:
    """The plan, and whether anything of it was written; see `_show_and_apply`."""
    from scaffold import workflow
    from scaffold.workflow.proved import Proved, has_writes, plan_proved

    with _conflicts_shown(show.diff, show.json):
        if commits is not None if show.prove is None else show.prove:
            progress("the proof runs code of this checkout, on a copy of it")
            options = proof_options(*show.limits)
            wanted = commits.waits if commits else has_writes
            found = plan_proved(kit, checkout, request, given, options, progress, wanted)
        else:
            found = Proved(workflow.plan_new(kit, checkout, request, given, progress))
    if commits is not None:
        commits.begin(found.plan, request, given, progress)
    return found, _show_and_apply(found, show, commits)


@dataclass(frozen=True)
class Showing:
    """How a plan is proved and shown, and whether somebody is asked.

    `prove` is None where nobody decided it: what is committed is proved. `limits` are the
    interpreter and the seconds of a proof.
    """

    asks: bool
    dry_run: bool
    diff: bool
    json: bool
    prove: bool | None = None
    limits: tuple[str | None, float | None] = (None, None)


@contextmanager
def _conflicts_shown(wanted: bool, json: bool) -> Iterator[None]:
    """Print what is in the way where a diff was asked for; as JSON it goes with the error."""
    from scaffold.errors import ConflictError

    try:
        yield
    except ConflictError as error:
        if not wanted:
            error.diff = ""
        elif not json:
            _print_diff(error.diff)
        raise


def _print_diff(text: str) -> None:
    # As bytes: a file that is not UTF-8 keeps its own.
    output.raw(text.encode("utf-8", "surrogateescape"))


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _need_terminal(asks: bool) -> None:
    from scaffold.errors import UsageError

    if not asks:
        raise UsageError(
            "no gap was picked (--gap, --priority or --all), and without a terminal nobody can be "
            "asked",
            "scaffold list",
        )


def _show_diff(found: Proved, *, json: bool) -> None:
    from scaffold.plan.changes import diff as unified

    text = unified(found.plan.changes)
    if json:
        _print_json(found.plan, written=False, diff=text, **found.to_json())
    else:
        _print_diff(text)


def _agreed(found: Proved, show: Showing, commits: Commits | None) -> bool:
    """Show the plan; on a terminal whether the person there wants it."""
    from scaffold.commands import report

    plan = found.plan
    asks = show.asks and (commits.pending if commits else plan.writes)
    if not asks and not show.json:
        output.say(report.plan_lines(plan.changes, plan.notes()))
    for outcome in () if show.json else found.outcomes:
        output.say(report.as_declared(outcome))
    if not asks:
        return True
    from scaffold.commands.review import review

    if not review(plan, "Write and commit this?" if commits else "Write this?"):
        output.say("nothing was written")
        return False
    return True


def _show_and_apply(found: Proved, show: Showing, commits: Commits | None) -> bool | None:
    """Whether anything was written; None where the plan was only shown, or a person said no."""
    from scaffold import workflow
    from scaffold.commands import report

    plan = found.plan
    if show.diff:
        _show_diff(found, json=show.json)
        return None
    if not _agreed(found, show, commits):
        return None
    if found.left_out and not plan.gaps:
        return False
    written = False if show.dry_run else commits.make() if commits else workflow.apply(plan)
    if written:
        found.keep_proofs()
    if written and commits is None:
        invocation.current.done = f"what was asked for is written ({plan.label})"
    if not show.json:
        proved = bool(found.outcomes)
        output.say(report.closing_line(plan, written=written, dry_run=show.dry_run, proved=proved))
        output.say(report.lines_of(commits.lines())) if commits else None
    elif show.dry_run:
        _print_json(plan, written=False, **found.to_json())
    return None if show.dry_run else written


def _prove(
    kit: Kit,
    checkout: Checkout,
    plan: Plan,
    progress: Progress,
    show: Showing,
    more: Mapping[str, Any],
) -> int:
    """The proof of what the plan wrote, in the same JSON document where one is asked for."""
    from scaffold.commands.verify import prove, show_outcomes
    from scaffold.proof.outcome import refusal

    slugs = [item.gap.slug for item in plan.gaps]
    outcomes = prove(kit, checkout, slugs, progress, options=proof_options(*show.limits))
    if not show.json:
        return show_outcomes(outcomes)
    _print_json(plan, **more, outcomes=[outcome.to_json() for outcome in outcomes])
    error = refusal(outcomes)
    return error.exit_code if error else 0


def _print_json(plan: Plan, *, written: bool, **more: Any) -> None:
    from scaffold.commands import report

    body = {**report.plan_to_json(plan, written=written), **more}
    output.answer(report.to_json("new", body))
