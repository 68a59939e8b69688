"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffold.system import invocation, output

if TYPE_CHECKING:
    from scaffold.kit.catalog import Kit
    from scaffold.proof.runner import VerifyOptions

HERE = Path()
PATH = click.Path(path_type=Path)
NOT_BUILT = ("e2e",)
"""Languages of rows that are planned: nothing here knows them yet."""
CODES = {
    0: "done, or nothing to do",
    2: "what was typed is wrong",
    3: "the checkout does not fit",
    4: "a person's work is in the way",
    5: "the baseline is red",
    6: "red, todo or below a bar",
    7: "a tool or service is missing",
    8: "--fail-on matched",
    9: "the kit is broken",
    10: "a hook or git refused a commit",
}
"""Exit code -> what it means, in the help of a command."""


def notes(*examples: str, codes: Sequence[int]) -> str:
    """The end of a command's help: examples, and its own exit codes."""
    # \b keeps Click from joining the lines of a paragraph.
    told = [f"  {code}  {CODES[code]}" for code in codes]
    return "\n".join(
        ["\b\nExamples:", *(f"  {one}" for one in examples), "", "\b\nExit codes:", *told]
    )


def _checkout(_: click.Context, __: click.Parameter, folder: Path) -> Path:
    # Commands that are printed name the same folder.
    invocation.current.checkout = folder if folder != HERE else None
    return folder


def _kit(_: click.Context, __: click.Parameter, folder: Path | None) -> Path | None:
    invocation.current.kit = folder
    return folder


def _only_reads(_: click.Context, __: click.Parameter, value: bool) -> bool:
    invocation.current.reading = invocation.current.reading or value
    return value


checkout_folder = click.option(
    "-C",
    "--checkout",
    type=PATH,
    default=HERE,
    show_default=True,
    metavar="DIR",
    help="The checkout to work on.",
    callback=_checkout,
)
kit_folder = click.option(
    "--kit",
    type=PATH,
    metavar="DIR",
    help="Use the kit in DIR, not the included one.",
    callback=_kit,
)
dry_run = click.option("--dry-run", is_flag=True, help="Only show the plan.", callback=_only_reads)
diff = click.option(
    "--diff", is_flag=True, help="Print the diff; write nothing.", callback=_only_reads
)
as_json = click.option("--json", is_flag=True, help="Print one JSON document on stdout.")
priorities = click.option(
    "--priority", metavar="P0", multiple=True, help="All gaps of a priority; may repeat."
)
kind_name = click.option("--kind", metavar="gap|proposal", help="Only rows of this kind.")
language_name = click.option(
    "--language", metavar="rust|python|typescript|e2e", help="Only rows in this language."
)


MOST_S = 10**7


def _seconds(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    # No comparison of a range holds of this one.
    if seconds is not None and math.isnan(seconds):
        raise click.BadParameter("nan is not a number of seconds")
    return seconds


time_limit = click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=1, max=MOST_S),
    callback=_seconds,
    show_default="1800",
    help="Seconds that one build or one run of tests may take; what has not ended then is red.",
)


def proof_options(python: str | None, timeout: float | None, **more: Any) -> VerifyOptions:
    """What a proof takes in, as the command line says it.

    Args:
        python: The interpreter that a person named.
        timeout: Their limit in seconds.
        more: Fields of `VerifyOptions`.
    """
    from scaffold.proof.runner import VerifyOptions
    from scaffold.system.caching import cache_dir

    given = {"python": python, "cache_dir": cache_dir(), **more}
    return VerifyOptions(timeout_s=timeout or VerifyOptions.timeout_s, **given)


class Progress:
    """One line a step on stderr, with the seconds since the start."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def __call__(self, line: str) -> None:
        """Print the step."""
        output.note(f"[{time.monotonic() - self.started:6.1f}s] {line}")


def load(kit: Path | None) -> Kit:
    """The kit that a command works with.

    Raises:
        KitError: The folder is no kit, or it is broken.
    """
    from scaffold.kit.catalog import kit_root, load_kit

    return load_kit(kit_root(kit), known_words())


def known_words() -> dict[str, tuple[str, ...]]:
    """The names that a gap.toml may use: languages, runners, kinds of edits."""
    from scaffold.edits import INNER, KINDS
    from scaffold.languages import LANGUAGES
    from scaffold.proof import RUNNERS

    edits = tuple(sorted(kind for kind in KINDS if kind not in INNER))
    languages = dict.fromkeys(name.rpartition(".")[2] for name in LANGUAGES.values())
    return {
        "languages": (*languages, *NOT_BUILT),
        "runners": tuple(sorted(RUNNERS)),
        "edits": edits,
    }


def checked_words(kind: str | None, language: str | None) -> None:
    """Refuse a kind or a language that no row can have.

    Raises:
        UsageError: The word is not one of the known ones.
    """
    from scaffold.errors import UsageError
    from scaffold.kit.catalog import KINDS

    languages = known_words()["languages"]
    for option, word, known in (("--kind", kind, KINDS), ("--language", language, languages)):
        if word is not None and word not in known:
            raise UsageError(
                f"{option} {word} is none of {', '.join(known)}", f"{option} {known[0]}"
            )


def check_commit(commit: bool, branch: str | None, *, shown: bool) -> None:
    """Refuse options that say nothing together.

    Raises:
        UsageError: A branch without commits, or commits where nothing is written.
    """
    from scaffold.errors import UsageError

    if branch is not None and not commit:
        raise UsageError(
            f"--branch {branch} is for commits, and there is no --commit", "scaffold new --help"
        )
    if commit and shown:
        raise UsageError(
            "--dry-run and --diff write nothing, so there is nothing to --commit",
            "scaffold new --help",
        )
