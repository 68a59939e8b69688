"""`scaffold verify`: baseline, generated tests, coverage, and on request the kill check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import click

from scaffold.commands.options import (
    PATH,
    Progress,
    as_json,
    checkout_folder,
    kit_folder,
    load,
    notes,
    proof_options,
    time_limit,
)
from scaffold.errors import ScaffoldError, UsageError
from scaffold.system import invocation, output

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.kit.catalog import Gap, Kit
    from scaffold.proof.outcome import Outcome
    from scaffold.proof.runner import VerifyOptions


@click.command(
    epilog=notes(
        "scaffold verify GAP -C ~/checkout",
        "scaffold verify GAP:PART",
        "scaffold verify --mutants 30 --junit report.xml",
        "scaffold verify --mutants all --shard 1/4 --json",
        "scaffold verify GAP --mends",
        codes=(0, 2, 3, 4, 5, 6, 7, 9),
    )
)
@click.argument(
    "gaps",
    metavar="[GAP[:PART] ...]",
    nargs=-1,
    help="The gaps or parts; all that are generated here unless named.",
)
@click.option(
    "--all", "everything", is_flag=True, help="All that are generated here, as without a name."
)
@click.option("--mutants", metavar="N|all", help="Break the code N times, or in all ways.")
@click.option("--before", is_flag=True, help="Measure the checkout's own tests on the targets too.")
@click.option("--mends", is_flag=True, help="Mend each known defect; its tests alone may turn.")
@click.option(
    "--mend",
    metavar="ID",
    multiple=True,
    help="Try the mend of this defect; may repeat.",
)
@click.option("--shard", metavar="K/N", help="Try only the K-th of N equal shares of the mutants.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Mutants at once; 0 is one a processor, and one for Rust, whose builds use them all.",
)
@time_limit
@click.option("--python", metavar="EXE", help="The interpreter that Python tests run with.")
@click.option("--junit", metavar="FILE", type=PATH, help="Also write JUnit XML.")
@click.option(
    "--merge",
    metavar="FILE",
    type=PATH,
    multiple=True,
    help="Join the --json records of shards instead; may repeat.",
)
@click.option("--no-cache", is_flag=True, help="Run also mutants whose verdict is known.")
@click.option(
    "--rules/--no-rules",
    default=None,
    help="Require the checkout's own rules, or leave them out; else those run that can.",
)
@click.option(
    "--no-lines",
    is_flag=True,
    help="Measure no lines where that takes more time: Rust, TypeScript.",
)
@checkout_folder
@kit_folder
@as_json
def verify(
    gaps: tuple[str, ...],
    everything: bool,
    mutants: str | None,
    before: bool,
    mends: bool,
    mend: tuple[str, ...],
    shard: str | None,
    jobs: int,
    timeout: float | None,
    python: str | None,
    junit: Path | None,
    merge: tuple[Path, ...],
    no_cache: bool,
    rules: bool | None,
    no_lines: bool,
    checkout: Path,
    kit: Path | None,
    json: bool,
) -> int:
    """Run the generated tests, on request also on broken or mended code."""
    _check_junit(junit)
    if merge:
        from scaffold.commands.proof.joined import check_as_here, joined

        records, refused = joined(merge)
        check_as_here(checkout, load(kit), records)
        return show_outcomes(records, junit=junit, json=json, blocked=refused)
    from scaffold import workflow
    from scaffold.checkout.state import read_state
    from scaffold.kit.selection import gaps_and_parts
    from scaffold.system.caching import cache_dir

    loaded = load(kit)
    count, part = _parse_mutants(mutants), _parse_shard(shard)
    progress = Progress()
    with workflow.opened(checkout, loaded, progress) as opened:
        state = read_state(opened.root, loaded.name)
        named, parts = gaps_and_parts(loaded, gaps)
        picked = workflow.generated_gaps(loaded, state, named, everything)
        options = proof_options(
            python,
            timeout,
            mutants=count,
            before=before,
            mends=mends or bool(mend),
            defects=_known_defects(picked, mend),
            shard=part,
            jobs=jobs,
            cache_dir=None if no_cache else cache_dir(),
            rules=rules,
            coverage=not no_lines,
        )
        slugs = [gap.slug for gap in picked]
        blocked: dict[str, ScaffoldError] = {}
        several = blocked if len(slugs) > 1 else None
        outcomes = prove(
            loaded, opened, slugs, progress, options=options, parts=parts, blocked=several
        )
    return show_outcomes(outcomes, junit=junit, json=json, blocked=blocked)


def _known_defects(gaps: Sequence[Gap], names: Sequence[str]) -> tuple[str, ...]:
    """The names, each a defect of the one gap that they are of."""
    if names and len(gaps) != 1:
        raise UsageError("--mend needs one gap", invocation.HELP)
    from scaffold.kit.defects import defect_named

    return tuple(defect_named(gaps[0], name).id for name in names)


def prove(
    kit: Kit,
    checkout: Checkout,
    slugs: Sequence[str],
    progress: Progress,
    *,
    options: VerifyOptions,
    parts: Mapping[str, Sequence[str]] = MappingProxyType({}),
    blocked: dict[str, ScaffoldError] | None = None,
) -> list[Outcome]:
    """The records of these gaps' proofs, kept for `status` as well.

    Of a gap in `parts` only these are proved, and `status` keeps its last record.
    Where `blocked` is given, it gets why a gap has no record, and the others go on.

    Raises:
        ScaffoldError: The baseline is red or a tool is missing.
    """
    from scaffold import workflow
    from scaffold.checkout.state import read_state
    from scaffold.proof.verify import verify_all

    state = read_state(checkout.root, kit.name)
    subjects = []
    for slug in slugs:
        try:
            subjects.append(workflow.subject_of(kit, checkout, state, slug, parts.get(slug, ())))
        except ScaffoldError as error:
            if blocked is None:
                raise
            blocked[slug] = error
    files = {path for subject in subjects for path in subject.digests}
    before = {path: _sign_of(checkout.root / path) for path in files}
    outcomes = verify_all(subjects, options, progress, blocked)
    touched = {path for path in files if _sign_of(checkout.root / path) != before[path]}
    for outcome in outcomes:
        kept = outcome.to_json()
        for path in sorted(touched & outcome.digests.keys()):
            # Whether it ran as it was or as it is, nobody knows.
            progress(f"warning: {path} was written while it was proved: prove it again")
            kept["digests"] = {**kept["digests"], path: ""}
        if outcome.gap not in parts:
            workflow.keep_proof(checkout.root, state, kit.gap(outcome.gap), kept)
    return outcomes


def _sign_of(place: Path) -> tuple[int, ...]:
    """What tells that a file was written, be it with what it held before."""
    try:
        found = place.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def show_outcomes(
    outcomes: Sequence[Outcome],
    *,
    junit: Path | None = None,
    json: bool = False,
    blocked: Mapping[str, ScaffoldError] = MappingProxyType({}),
) -> int:
    """Print the records and give the exit code, which is that of the worst row.

    Raises:
        ScaffoldError: A gap could not be proved at all, and no JSON document reports it already.
        ProofError: A gap is not proved, and no JSON document reports it already.
        UsageError: The JUnit file cannot be written.
    """
    from scaffold.commands import report
    from scaffold.commands.proof.junit import to_junit
    from scaffold.proof.outcome import refusal

    errors = [*blocked.values(), *filter(None, [refusal(outcomes)])]
    error = max(errors, key=lambda item: item.exit_code, default=None)
    if error is not None and not outcomes:
        raise error
    if junit is not None:
        _write_junit(junit, to_junit(outcomes))
    if json:
        body: dict[str, Any] = {"outcomes": [outcome.to_json() for outcome in outcomes]}
        if blocked:
            body["blocked"] = [
                {
                    "gap": slug,
                    "error": why.fact,
                    "hint": invocation.told(why.hint, why.exit_code),
                    "code": why.exit_code,
                }
                for slug, why in blocked.items()
            ]
        output.answer(report.to_json("verify", body))
    else:
        output.say(report.outcomes(outcomes))
        for slug, why in blocked.items():
            output.say(output.visible(f"{slug}: blocked: {why.fact}"))
    if error is None:
        return 0
    # The JSON document holds the problems already; a second one would break its readers.
    if json:
        return error.exit_code
    raise error


def _check_junit(place: Path | None) -> None:
    """Refuse to replace a file that is no report, before anything is run."""
    from scaffold.errors import UsageError
    from scaffold.system.reading import read_plain

    try:
        content = read_plain(place) if place is not None else b""
    except OSError:  # none, a pipe, or one that writing will tell of
        return
    if content.strip() and b"<testsuite" not in content[:4096]:
        raise UsageError(
            f"--junit {place} is there and is no report of tests, so it is not replaced",
            "--junit report.xml",
        )


def _write_junit(path: Path, text: str) -> None:
    from scaffold.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        make = f"mkdir -p {invocation.quoted(str(path.parent))}"
        raise UsageError(
            f"--junit {path} cannot be written: {error.strerror}",
            make if isinstance(error, FileNotFoundError) else invocation.room(error, path.parent),
        ) from error


def _parse_mutants(text: str | None) -> int | Literal["all"] | None:
    from scaffold.errors import UsageError

    if text is None:
        return None
    if text == "all":
        return "all"
    if not _is_count(text):
        raise UsageError(
            f"--mutants {text} is neither 'all' nor a number from 1 to 999999999", "--mutants 50"
        )
    return int(text)


def _parse_shard(text: str | None) -> tuple[int, int] | None:
    from scaffold.errors import UsageError

    if text is None:
        return None
    number, _, count = text.partition("/")
    if not (_is_count(number) and _is_count(count)) or int(number) > int(count):
        raise UsageError(f"--shard {text} is not K/N with 1 <= K <= N", "--shard 1/4")
    return int(number), int(count)


def _is_count(text: str) -> bool:
    """Whether it is a number from 1 on, of a size that anything can have."""
    return text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= 1
