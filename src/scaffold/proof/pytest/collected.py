"""Whether the checkout's own tests are collected as before a gap moved, deleted or edited files.

On a copy pytest collects with the project's own settings; then the copy is made what it was before
the gap, and pytest collects again. Of deleted files no test is missed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scaffold.checkout.files import read_file
from scaffold.checkout.journal import read_originals
from scaffold.edits import decode, revert
from scaffold.errors import ScaffoldError
from scaffold.languages.python.project import PYTEST_FILES
from scaffold.proof.pytest.env import Candidate
from scaffold.proof.pytest.isolation import environment
from scaffold.proof.pytest.runner import Start
from scaffold.proof.rules.result import Broken, RuleResult, Ruling, Written
from scaffold.proof.runner import Subject
from scaffold.proof.tree_copy import copy_tree
from scaffold.system import process, scratch

RULE = "pytest --collect-only"
TESTS = ("test*.py", "*_test.py")
PLUGIN = Path(__file__).with_name("worker") / "collecting.py"
NAME = "scaffold_collecting"
PLACE = "SCAFFOLD_COLLECTED"
SETTINGS = {name for name, _ in PYTEST_FILES}
COLLECT_S = 300.0
MOST = 500


@dataclass(frozen=True)
class Collected:
    """What pytest collected: (file, test), and why a file or folder could not be."""

    tests: frozenset[tuple[str, str]] = frozenset()
    errors: Mapping[str, str] = field(default_factory=dict)


def check_collected(written: Written) -> Iterator[RuleResult]:
    """The result of the comparison; nothing where the gap leaves the suites beside alone."""
    subject = written.subject
    changed = _changed(subject)
    if not changed:
        return
    written.progress(f"{subject.slug}: collecting the checkout's own tests, now and as before")
    with scratch.folder("collected") as place:
        copy = copy_tree(subject.checkout, place / "copy")
        now = _suites(copy, subject, changed)
        try:
            with Start([subject], written.options) as start:
                _, candidate, _ = start.first_that_fits("probe")
                after = _collected(copy, now, start, candidate)
                take_back(copy, subject)
                then = _suites(copy, subject, changed)
                before = _collected(copy, then, start, candidate)
        except ScaffoldError as error:
            yield RuleResult(RULE, subject.run.root, Ruling.NOT_RUN, error.fact)
            return
    if then:
        written.progress(f"{subject.slug}: {len(before.tests)} tests were collected before")
        yield compared(subject, ", ".join(then), before, after)


def compared(subject: Subject, place: str, before: Collected, after: Collected) -> RuleResult:
    """The result: tests that are lost or came in addition, or files that say nothing of it."""
    ours = {*subject.files, *subject.others, *subject.removed}
    to = subject.moved
    back = {new: old for old, new in to.items()}
    # By the names that files had before; what could not be collected then says nothing now.
    blind = before.errors
    old = {one for one in before.tests if one[0] not in ours}
    now = {(back.get(path, path), name) for path, name in after.tests if path not in ours}
    now = {one for one in now if not _is_in(one[0], blind)}
    stopped = {
        path: why
        for path, why in after.errors.items()
        if path not in ours and not _is_in(back.get(path, path), blind)
    }
    broken = [
        Broken(path, 0, f"cannot be collected any more ({why})") for path, why in stopped.items()
    ]
    for path, name in sorted(old - now):
        here = to.get(path, path)
        if not _is_in(here, stopped):
            broken.append(Broken(here, 0, f"{name} is not collected any more"))
    for path, name in sorted(now - old):
        broken.append(Broken(to.get(path, path), 0, f"{name} is collected, and was not before"))
    if broken:
        return RuleResult(RULE, place, Ruling.FAILED, broken=tuple(broken))
    # A file that is left alone and could not be collected before is not the gap's.
    touched = {*to, *(back.get(edit.path, edit.path) for edit in subject.edits)}
    unknown = {path: why for path, why in blind.items() if _holds(path, touched)}
    if unknown:
        told = "; ".join(f"{path}: {why}" for path, why in sorted(unknown.items()))
        reason = f"could not be collected before either: {told}"
        return RuleResult(RULE, place, Ruling.NOT_RUN, reason[:MOST])
    return RuleResult(RULE, place, Ruling.PASSED)


def take_back(root: Path, subject: Subject) -> None:
    """Make a copy of the checkout what it was before the gap.

    Raises:
        ScaffoldError: A person edited what the gap put in.
    """
    originals = read_originals(subject.home, subject.removed)
    for path in subject.files:
        (root / path).unlink(missing_ok=True)
    for edit in reversed(subject.edits):
        content, owned = read_file(root, edit.path), edit.owned()
        if content is None or not owned or not _decides(edit.path):
            continue
        text = decode(content, edit.path)
        left = revert(edit.kind, text, owned, path=edit.path, owned=owned, created=edit.created)
        _put(root / edit.path, None if left is None else left.encode())
    for path, to in subject.moved.items():
        if (root / to).is_file():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(root / to, root / path)
    for path, content in originals.items():
        _put(root / path, content)


def _put(place: Path, content: bytes | None) -> None:
    if content is None:
        place.unlink()
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _changed(subject: Subject) -> set[str]:
    """Files that were moved, deleted or edited, and decide what pytest collects."""
    root = PurePosixPath(subject.run.root)
    proved = [(root / suite).as_posix() for suite in subject.run.baseline]
    paths = {*subject.moved, *subject.moved.values(), *subject.removed}
    paths |= {edit.path for edit in subject.edits}
    return {
        path
        for path in paths
        if _decides(path)
        # What is wrong with these is red already: they are run.
        if not _is_in(path, proved)
    }


def _decides(path: str) -> bool:
    """Whether what is collected may depend on a file."""
    return path.endswith(".py") or PurePosixPath(path).name in SETTINGS


def _suites(root: Path, subject: Subject, changed: Iterable[str]) -> list[str]:
    """The folders with the checkout's own tests, beside and below what was changed."""
    ours = {*subject.files, *subject.others}
    found = set()
    for top in {PurePosixPath(path).parent.as_posix() for path in changed} - {"."}:
        for place in (root / top).rglob("*.py"):
            path = place.relative_to(root).as_posix()
            if path not in ours and any(fnmatch.fnmatch(place.name, one) for one in TESTS):
                found.add(PurePosixPath(path).parent.as_posix())
    return sorted(found)


def _collected(root: Path, suites: Iterable[str], start: Start, candidate: Candidate) -> Collected:
    """What pytest collects in each of these folders, as a person calls it there."""
    tests: set[tuple[str, str]] = set()
    errors: dict[str, str] = {}
    shutil.copy(PLUGIN, start.scratch / f"{NAME}.py")
    roots = [str(root / start.root / one) for one in start.roots]
    env = environment(start.scratch, candidate.env, [*roots, str(start.scratch)])
    result = start.scratch / "collected.json"
    argv = [*candidate.argv, "-m", "pytest", "--collect-only", "-q", "-p", NAME]
    for suite in suites:
        result.unlink(missing_ok=True)
        done = process.run(
            argv,
            cwd=root / suite,
            env={**env, PLACE: f"{result}:{root}"},
            timeout_s=COLLECT_S,
        )
        if not result.is_file():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            errors[suite] = lines[-1].strip() if lines else f"exit code {done.returncode}"
            continue
        found = json.loads(result.read_text("utf-8"))
        tests |= {(path, name) for path, name in found["tests"]}
        errors |= found["errors"]
    return Collected(frozenset(tests), errors)


def _holds(place: str, paths: Iterable[str]) -> bool:
    """Whether a place is one of these paths, or a folder around one."""
    return any(_is_in(path, [place]) for path in paths)


def _is_in(path: str, places: Iterable[str]) -> bool:
    """Whether a path is one of these places, or below one."""
    return any(path == place or path.startswith(f"{place}{os.sep}") for place in places)
