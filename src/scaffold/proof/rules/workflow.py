"""What the workflows of a checkout set for their tests, and a run here does not."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from scaffold.languages.rules import Job, Step
from scaffold.proof import CALLS
from scaffold.proof.rules.result import RuleResult, Ruling

_CUTS = re.compile(r"&&|[|;\n]")


def unlike_workflow(jobs: Sequence[Job], runner: str, root: str) -> Iterator[RuleResult]:
    """Each variable and each call with flags, once: none is set here, or given.

    Args:
        jobs: Those of the workflows.
        runner: What runs the tests; one of which no call is known has nothing here.
        root: The folder that it runs in.
    """
    if runner not in CALLS:
        return
    call = re.compile(CALLS[runner])
    steps = [step for job in jobs for step in job.steps if call.search(step.run)]
    here = PurePosixPath(root or ".")
    own = [step for step in steps if PurePosixPath(step.folder or ".") == here]
    found: dict[str, RuleResult] = {}
    for step in own or steps:
        for result in (*_variables(step), *_flags(step, call)):
            found.setdefault(result.rule, result)
    yield from found.values()


def _variables(step: Step) -> Iterator[RuleResult]:
    for name, value in step.env.items():
        if os.environ.get(name) != value:
            # An expression is a secret, or known to the workflow alone.
            get = "" if "${{" in value else f"export {name}={shlex.quote(value)}"
            why = "the workflow sets this variable for its tests, and it is not set here"
            yield RuleResult(f"env {name}", step.place, Ruling.NOT_RUN, why, command=get)


def _flags(step: Step, call: re.Pattern[str]) -> Iterator[RuleResult]:
    for piece in _CUTS.split(step.run.replace("\\\n", " ")):
        named = call.search(piece)
        words = piece[named.end() :].split() if named else []
        if named and any(word.startswith("-") for word in words):
            why = "the flags of the workflow are not given here"
            rule = " ".join([named[0], *words])[:120]
            yield RuleResult(rule, step.place, Ruling.NOT_RUN, why)
