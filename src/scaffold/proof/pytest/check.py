"""The kill check of Python targets: make mutants, look up what is known, run the rest, count."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.edits import decode
from scaffold.edits.header import without_header
from scaffold.proof.equivalence import READERS
from scaffold.proof.git_copy import heads_of
from scaffold.proof.mutants import Found, Mutant, find_mutants, sample, shard
from scaffold.proof.pytest.kill import WORDS, KillRun
from scaffold.proof.pytest.plan import Job, Trail, plan_jobs
from scaffold.proof.runner import Kills, Progress, Subject, VerifyOptions, tally
from scaffold.proof.tree_copy import digests_of, list_tree, remove_tree
from scaffold.proof.verdicts import VerdictCache
from scaffold.system.reading import read_plain
from scaffold.system.scratch import make

VOLATILE = frozenset(
    {"TMPDIR", "HYPOTHESIS_STORAGE_DIRECTORY", "PWD", "OLDPWD", "SHLVL", "_", "WINDOWID", "TMUX"}
    | {"SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_TTY", "XDG_SESSION_ID", "INVOCATION_ID"}
    | {"DBUS_SESSION_BUS_ADDRESS", "JOURNAL_STREAM", "TMUX_PANE", "STY", "TERM_SESSION_ID"}
)
"""Variables that differ from one shell to the next, or are ours for each run."""


@dataclass(frozen=True)
class Verdicts:
    """Every chosen mutant with its verdict.

    Attributes:
        mutants: In the order of their files and lines.
        words: Mutant id -> killed, survived, timeout or invalid.
        cached: How many were known from before.
        annotations: How many are left out since nothing reads what they change.
        equal_code: How many are left out since their code is equal.
    """

    mutants: tuple[Mutant, ...]
    words: Mapping[str, str]
    cached: int
    annotations: int = 0
    equal_code: int = 0


def check(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    options: VerifyOptions,
    progress: Progress,
) -> Kills:
    """Every chosen mutant judged and counted.

    Raises:
        MissingToolError: cosmic-ray is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    judged = judge(subject, files, trail, options, progress)
    counted = tally(judged.mutants, judged.words, cached=judged.cached)
    return replace(counted, annotations=judged.annotations, equal_code=judged.equal_code)


def judge(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    options: VerifyOptions,
    progress: Progress,
) -> Verdicts:
    """Every chosen mutant judged.

    Raises:
        MissingToolError: cosmic-ray is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    # Targets without a bar are there for their facts, unless the row holds no target to one.
    held = [target for target in subject.targets if target.kill_pct is not None]
    sources = {
        target.path: decode(read_plain(subject.checkout / target.path), target.path)
        for target in held or subject.targets
    }
    read = annotations_read(subject.checkout)
    chosen = choose(sources, options, annotations_read=read)
    mutants, unread = chosen.mutants, len(chosen.annotations)
    if unread:
        progress(f"{subject.slug}: {unread} mutants of annotations left out: nothing reads them")
    caches = {path: open_cache(subject, path, trail, options.cache_dir) for path in sources}
    known = {m.id: word for m in mutants if (word := caches[m.path].get(m.source)) is not None}
    jobs = plan_jobs([m for m in mutants if m.id not in known], sources, trail)
    progress(f"{subject.slug}: {len(mutants)} mutants, {len(known)} verdicts known from before")
    found = run_jobs(subject, files, trail, jobs, options, progress)
    for path, cache in caches.items():
        cache.put({m.source: found[m.id] for m in mutants if m.path == path and m.id in found})
    words, equal = {**known, **found}, len(chosen.equal_code)
    return Verdicts(tuple(mutants), words, len(known), unread, equal)


def annotations_read(checkout: Path) -> bool:
    """Whether anything in the checkout may look at annotations when it runs."""
    listing = list_tree(checkout)
    sources = (listing.root / path for path in listing.files if path.endswith(".py"))
    try:
        return any(READERS.search(read_plain(place)) for place in sources)
    except OSError:
        return True


def choose(
    sources: Mapping[str, str], options: VerifyOptions, *, annotations_read: bool = True
) -> Found:
    """The mutants that the options ask for: a sample of all files together, then the cut.

    What is left out is so before a sample is drawn; each of it belongs to one cut.
    """
    found = [
        find_mutants(path, text, annotations_read=annotations_read)
        for path, text in sources.items()
    ]
    mutants = [m for item in found for m in item.mutants]
    if isinstance(options.mutants, int):
        mutants = sample(mutants, options.mutants)
    left_out = [m for item in found for m in item.annotations]
    equal = [m for item in found for m in item.equal_code]
    if options.shard is None:
        return Found(mutants, left_out, equal)
    return Found(*(shard(items, *options.shard) for items in (mutants, left_out, equal)))


def open_cache(subject: Subject, target: str, trail: Trail, folder: Path | None) -> VerdictCache:
    """The verdicts on one target, given all else that a verdict depends on.

    That is the whole tree that is copied, since a test may look at any of it; the interpreter, what
    is installed and the modules that were loaded; the environment; and our own code.
    """
    if folder is None:
        return VerdictCache(None, ())
    listing = list_tree(subject.checkout)
    digests = dict(digests_of(listing))
    digests.pop(target, None)
    for path in subject.files:
        if path in digests:
            digests[path] = without_header((listing.root / path).read_bytes())
    circumstances: list[str | bytes] = [target, trail.version, trail.facts]
    circumstances += [*sorted(trail.order), own_code()]
    for path, digest in sorted(digests.items()):
        circumstances += [os.fsencode(path), digest]
    for name, value in sorted(trail.env.items()):
        if name not in VOLATILE:
            circumstances.append(os.fsencode(f"{name}={value}"))
    if trail.spawning or any(".git" in path.parts for path in trail.read):
        circumstances += heads_of(listing.root)
    return VerdictCache(folder, circumstances, valid=WORDS.__contains__)


def own_code() -> bytes:
    """A hash of the code that judges, the worker's included."""
    here = Path(__file__).parent
    files = sorted([*here.glob("*.py"), *here.glob("worker/*.py"), here.parent / "mutants.py"])
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).digest()


def run_jobs(
    subject: Subject,
    files: Sequence[str],
    trail: Trail,
    jobs: Sequence[Job],
    options: VerifyOptions,
    progress: Progress,
) -> dict[str, str]:
    """Mutant id -> verdict, for mutants that nothing is known of."""
    if not jobs:
        return {}
    scratch = make("kill")
    try:
        run = KillRun(subject.checkout, subject.run.root, files, trail, scratch)
        return run.run(jobs, options.workers, lambda line: progress(f"{subject.slug}: {line}"))
    finally:
        remove_tree(scratch)
