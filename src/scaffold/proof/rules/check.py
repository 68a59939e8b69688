"""Every rule of a checkout on what one gap wrote: passed, failed, or not run and why."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from scaffold.checkout.files import read_file
from scaffold.checkout.rules.reading import read_rules
from scaffold.edits import decode, revert
from scaffold.errors import MissingToolError, ScaffoldError
from scaffold.languages.rules import Hook, OwnRules
from scaffold.proof import RULES
from scaffold.proof.rules import text
from scaffold.proof.rules.paths import match
from scaffold.proof.rules.result import RuleResult, Ruling, Written, WrittenFile, left_out
from scaffold.proof.rules.workflow import unlike_workflow
from scaffold.proof.runner import Evidence, Progress, Subject, VerifyOptions
from scaffold.system.invocation import quoted

USUAL = {"pre-commit", "commit"}
"""Stages of a hook that runs with every commit."""


def check_rules(
    subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> tuple[RuleResult, ...]:
    """What each rule of the checkout showed of the files of a gap.

    Raises:
        MissingToolError: The rules were asked for, and a program that one needs cannot be had.
    """
    if options.rules is False:
        return ()
    rules = read_rules(subject.checkout)
    files = _files(subject)
    results = list(_apart(rules.hooks))
    active = tuple(hook for hook in rules.hooks if hook.place not in {r.place for r in results})
    matches = match(active, [file.path for file in files])
    results += [left_out(hook, fault) for hook in active if (fault := matches.fault(hook))]
    seen = {result.place for result in results}
    known = replace(rules, hooks=tuple(hook for hook in active if hook.place not in seen))
    written = Written(subject, evidence, files, known, matches, options, progress)
    for check in (text.check, *map(_loaded, RULES)):
        results += check(written)
    results += _rest(known, {result.place for result in results})
    results += unlike_workflow(rules.jobs, subject.run.runner, subject.run.root)
    if options.rules:
        _require(results)
    return tuple(one.of_parts(subject.owners) for one in sorted(results, key=_order))


def _before_edits(subject: Subject) -> dict[str, bytes | None]:
    """Each file that a gap edited, as it is without the gap's units; None where that is unknown."""
    found: dict[str, bytes | None] = {}
    for edit in reversed(subject.edits):
        content = found.get(edit.path) or read_file(subject.checkout, edit.path)
        if content is None:
            continue
        try:
            owned = edit.owned()
            left = revert(
                edit.kind,
                decode(content, edit.path),
                owned,
                path=edit.path,
                owned=owned,
                created=edit.created,
            )
        except ScaffoldError:
            left = None
        found[edit.path] = None if left is None else left.encode()
    return found


def _files(subject: Subject) -> list[WrittenFile]:
    before: Mapping[str, bytes | None] = {**dict.fromkeys(subject.files), **_before_edits(subject)}
    read = {path: read_file(subject.checkout, path) for path in before}
    return [
        WrittenFile(path, content, before[path])
        for path, content in read.items()
        if content is not None
    ]


def _apart(hooks: tuple[Hook, ...]) -> Iterator[RuleResult]:
    """Hooks that no commit runs."""
    for hook in hooks:
        if hook.stages and not USUAL & set(hook.stages):
            yield left_out(hook, f"it runs in the stage {' or '.join(hook.stages)} only")


def _rest(rules: OwnRules, seen: set[str]) -> Iterator[RuleResult]:
    """What nobody knows, and what could not be read."""
    for hook in rules.hooks:
        if hook.place not in seen:
            yield left_out(
                hook, "a local command is never run" if hook.local else "it is not known here"
            )
    for path, fault in rules.faults.items():
        yield RuleResult(path, path, Ruling.NOT_RUN, fault, command=f"cat {quoted(path)}")


def _require(results: list[RuleResult]) -> None:
    for result in results:
        if result.missing:
            raise MissingToolError(
                f"the rule '{result.rule}' ({result.place}) cannot be run: {result.reason}",
                result.command,
            )


def _loaded(place: str) -> Callable[[Written], Iterator[RuleResult]]:
    module, name = place.split(":")
    return cast(
        "Callable[[Written], Iterator[RuleResult]]", getattr(importlib.import_module(module), name)
    )


def _order(result: RuleResult) -> list[tuple[int, str]]:
    """By place, numbers as numbers."""
    return [(int(part or 0), text) for part, text in re.findall(r"(\d*)(\D*)", result.place)]
