"""Where each gap stands in a checkout: its state, its last proof, and whether that is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from scaffold.checkout.adoption import find_adoption
from scaffold.checkout.files import read_file, write_file
from scaffold.checkout.find import Checkout
from scaffold.checkout.parts import is_gone, written_parts
from scaffold.checkout.state import (
    HEAD,
    PROOFS,
    EditRecord,
    GapRecord,
    State,
    dump,
    fingerprint,
    read_state,
    read_verified,
)
from scaffold.checkout.verdict import Mode, Verdict
from scaffold.edits.conflicts import marked_lines, marks_note
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Gap, Kit, template_digest
from scaffold.system.caching import kept
from scaffold.system.frozen import frozen
from scaffold.system.invocation import look

PROOF_FORMAT = 2
"""Format of what is kept of a proof; 1 had no digests, so such a proof is stale."""

PROOF_FIELDS = (
    "gap",
    "verdict",
    "generated",
    "passed",
    "known_defects",
    "todo",
    "skipped",
    "failed",
    "coverage",
    "killed",
    "viable",
    "sample",
    "shards",
    "shard_count",
    "before",
    "digests",
)
"""What is kept of a proof: the same whenever the same is proved again."""


STATES = {
    "open": "not written yet, or every test of it is still a todo",
    "partial": "some of its parts or files are written, as the kit has them",
    "generated": "written, as the kit has it",
    "edited": "written, then edited or deleted by a person",
    "outdated": "written by an earlier version of its template",
    "adopted": "a person's own tests reach all of it",
    "retired": "no target of it in this checkout",
    "blocked": "a file that it needs cannot be read",
    "planned": "its template is not built yet",
    "skipped": "deprecated",
}
"""State of a gap -> what it means."""


@frozen
class Status:
    """Where one gap stands in a checkout.

    Attributes:
        gap: The row.
        state: A key of `STATES`.
        note: What there is to say about it.
        verified: The last proof as it was kept; None where there is none.
        verdict: What the last proof showed, or `todo` where the tests that stand are todos.
        stale: Why the last proof may not hold any more; empty where nothing changed since.
        outdated: The template changed since, whatever the state is.
        todos: How many tests that stand are todos, where the gap was written as stubs.
        tests: How many tests stand there then.
        parts: Of a gap with parts: name -> how it is written, None where it is not.
        left: The files in whose place a person has one.
    """

    gap: Gap
    state: str
    note: str = ""
    verified: Mapping[str, Any] | None = None
    verdict: Verdict | None = None
    stale: tuple[str, ...] = ()
    outdated: bool = False
    todos: int = 0
    tests: int = 0
    parts: Mapping[str, Mode | None] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    @property
    def written(self) -> bool:
        """Whether the gap's tests are here."""
        return self.state in ("partial", "generated", "edited", "outdated")

    @property
    def partial(self) -> bool:
        """Whether some of its parts or files are not written, whatever else the state is."""
        return self.written and (None in self.parts.values() or bool(self.left))

    @property
    def only_todos(self) -> bool:
        """Whether no test of it has been written yet."""
        return self.written and 0 < self.tests == self.todos


def statuses(kit: Kit, checkout: Checkout) -> list[Status]:
    """Every row of the catalogue and where it stands here.

    Raises:
        CheckoutError: The state or a proof is damaged.
    """
    state = read_state(checkout.root, kit.name)
    # No gate may pass because a proof cannot be read: that ends the command.
    proofs = {slug: read_verified(checkout.root, slug) for slug in state.gaps}
    return [_row(checkout, state, gap, proofs.get(gap.slug)) for gap in kit.gaps.values()]


def digests_of(checkout: Checkout, record: GapRecord, targets: Iterable[str]) -> dict[str, str]:
    """What a proof rests on, as it is now: path -> fingerprint, of files that are there.

    Raises:
        CheckoutError: One of them cannot be read.
    """
    written = {*record.files, *(edit.path for edit in record.edits)}
    own = written.union(targets)
    found = {}
    for path in sorted(own | checkout.rules.keys()):
        content = checkout.standing(path, written) if path in own else checkout.rules[path]
        if content is not None:
            found[path] = fingerprint(content)
    for path, tools in checkout.settings(own).items():
        found.setdefault(path, fingerprint(json.dumps(tools, sort_keys=True, default=str).encode()))
    return found


def keep_proof(root: Path, state: State, gap: Gap, outcome: Mapping[str, Any]) -> None:
    """Remember the last proof of a gap for `status`, without times and single tests.

    Raises:
        CheckoutError: The checkout cannot be written.
    """
    from scaffold.checkout.state.keys import signed

    proof = {key: value for key, value in outcome.items() if key in PROOF_FIELDS}
    record, kit = state.gaps[gap.slug], _kit_digest(gap, template_digest(gap))
    if read_file(root, HEAD) is None:
        return  # the records were removed meanwhile: a proof alone would be of nothing
    proof.update(format=PROOF_FORMAT, digest=record.digest, mode=record.mode, kit=kit)
    try:
        write_file(root, f"{PROOFS}/{gap.slug}.json", dump(signed(proof, root)))
    except OSError as error:
        raise CheckoutError(
            f"the proof of '{gap.slug}' cannot be kept: {error.strerror}",
            look(PROOFS),
        ) from error


def share_tried(proof: Mapping[str, Any]) -> str:
    """Which of all mutants a kept proof tried, in words; empty where it tried all."""
    shards, count, sample = (proof.get(name) for name in ("shards", "shard_count", "sample"))
    parts = []
    if isinstance(shards, list) and shards and all(type(one) is int for one in [*shards, count]):
        parts.append(f"shard {', '.join(map(str, shards))} of {count}")
    if type(sample) is int:
        parts.append(f"a sample of {sample}")
    return " of ".join(parts)


def _kit_digest(gap: Gap, template: str) -> str:
    """Digest of all that the kit holds about a gap: template, bars, known survivors and defects."""
    places = [gap.folder / name for name in ("survivors.toml", "defects.toml")]
    known = b"".join(place.read_bytes() for place in places if place.is_file())
    return hashlib.sha256(template.encode() + known).hexdigest()


def _row(checkout: Checkout, state: State, gap: Gap, proof: Mapping[str, Any] | None) -> Status:
    # What cannot be read keeps one row from being judged, and no other.
    try:
        return _status(checkout, state, gap, proof)
    except CheckoutError as error:
        return Status(gap, "planned" if gap.state == "planned" else "blocked", error.fact)


def _status(checkout: Checkout, state: State, gap: Gap, proof: Mapping[str, Any] | None) -> Status:
    if gap.state == "deprecated":
        return Status(gap, "skipped", gap.reason)
    record = state.gaps.get(gap.slug)
    if record is None:
        if gap.targets and not checkout.has_target(gap):
            return Status(gap, "retired", "no target of it in this checkout")
        return _open_status(checkout, gap, state)
    if is_gone(checkout.root, record):
        row = _open_status(checkout, gap, state)
        gone = "; ".join(f"deleted: {path}" for path in record.files)
        return replace(row, note="; ".join(filter(None, [gone, row.note])))
    template = template_digest(gap)
    found, note, outdated = _generated_state(checkout, gap, record, state, template)
    there = written_parts(gap, record)
    parts = {part.name: there.get(part.name) for part in gap.parts}
    if found != "retired" and len(there) < len(parts):
        found = "partial" if found == "generated" else found
        note = "; ".join(filter(None, [f"{len(there)} of {len(parts)} parts", note]))
    if record.left and found in ("generated", "partial"):
        found = "partial"
        note = "; ".join(filter(None, [*(f"yours: {path}" for path in record.left), note]))
    todos, tests = _todos(checkout.root, record) if record.mode is Mode.STUBS else (0, 0)
    if record.mode is Mode.STUBS:
        stubs = f"stubs: {todos} of {tests} functions are todos" if tests else "stubs"
        note = "; ".join(filter(None, [stubs, note]))
    verdict: Verdict | None = None
    stale: tuple[str, ...] = ()
    if proof is not None:
        from scaffold.checkout.state.keys import unsigned

        verdict = _verdict_of(proof)
        stale = tuple(_changed_since(checkout, gap, record, proof, template))
        proof = unsigned(proof)
    if todos and (verdict is None or stale):
        verdict, stale = Verdict.TODO, ()
    return Status(
        gap, found, note, proof, verdict, stale, outdated, todos, tests, parts, record.left
    )


def _open_status(checkout: Checkout, gap: Gap, state: State) -> Status:
    """Open, or adopted where a person's own tests already reach all of it."""
    checkout.check(gap)
    ours = {path for record in state.gaps.values() for path in record.files}
    adoption = find_adoption(checkout, gap, ours)
    if adoption.whole:
        return Status(gap, "adopted", adoption.sentence())
    reached = f"tested already: {adoption.sentence()}" if adoption.files else ""
    unread = adoption.gaps_of_knowledge()
    built = "its template is not built yet" if gap.state == "planned" else ""
    note = "; ".join(filter(None, [built, reached, unread]))
    return Status(gap, "planned" if gap.state == "planned" else "open", note)


def _verdict_of(proof: Mapping[str, Any]) -> Verdict:
    """The verdict of a kept proof; that of an earlier version in today's words."""
    verdict = Verdict(proof["verdict"])
    if "format" in proof or verdict is not Verdict.PROVED:
        return verdict
    if proof.get("todo"):
        return Verdict.TODO
    whole = proof.get("killed") and proof.get("sample") is None
    return Verdict.PROVED if whole else Verdict.GREEN


def _changed_since(
    checkout: Checkout, gap: Gap, record: GapRecord, proof: Mapping[str, Any], template: str
) -> list[str]:
    """What a proof rests on and is different now; first, that it may be anybody's."""
    from scaffold.checkout.state.keys import is_signed

    before = proof.get("digests")
    if not isinstance(before, dict):
        return ["it was made by an earlier version of scaffold"]
    if not is_signed(proof, checkout.root):
        return ["it is not signed as made by you on this machine"]
    targets = [path for target in gap.targets for path in target.paths if path in before]
    now = digests_of(checkout, record, targets)
    changed = [path for path in sorted({*before, *now}) if before.get(path) != now.get(path)]
    reasons = [f"{path} changed" for path in changed]
    if proof.get("kit") != _kit_digest(gap, template):
        reasons.append("the kit's row changed")
    if not changed and (proof.get("digest"), proof.get("mode")) != (record.digest, record.mode):
        reasons.append("it was generated anew")
    return reasons


def _todos(root: Path, record: GapRecord) -> tuple[int, int]:
    """How many tests of stubs are todos, and how many there are."""
    from scaffold.languages import stubs

    todos = tests = 0
    for path in record.files:
        content = read_file(root, path)
        found = stubs.todos_in(path, content) if content is not None else []
        todos += sum(found)
        tests += len(found)
    return todos, tests


def declared_todos(record: GapRecord, state: State) -> dict[str, tuple[str, ...]]:
    """The tests that the template itself leaves to a person: path -> names, as a runner has them.

    None of a gap that was written as stubs: `new` writes what is a todo there.
    """
    if record.mode is Mode.STUBS:
        return {}
    from scaffold.languages import stubs

    found = {
        path: stubs.todo_names(path, state.bases[digest])
        for path, digest in record.files.items()
        if digest in state.bases
    }
    return {path: names for path, names in found.items() if names}


def _generated_state(
    checkout: Checkout, gap: Gap, record: GapRecord, state: State, template: str
) -> tuple[str, str, bool]:
    if gap.targets and not checkout.has_target(gap):
        return "retired", "its targets are gone; the tests are still there", False
    edited, deleted = [], []
    for path, digest in record.files.items():
        current = read_file(checkout.root, path)
        if current is None:
            deleted.append(path)
        elif marked_lines(current):
            edited.append(f"{path} ({marks_note(current)})")
        elif not state.is_as_written(path, digest, current):
            edited.append(path)
    for edit in record.edits:
        _judge_edit(checkout.root, edit, edited, deleted)
    back = [*record.removed, *record.moved]
    edited += [path for path in back if read_file(checkout.root, path) is not None]
    deleted += [to for to in record.moved.values() if read_file(checkout.root, to) is None]
    notes = [f"edited: {path}" for path in edited] + [f"deleted: {path}" for path in deleted]
    outdated = bool(record.template) and record.template != template
    if outdated:
        notes.insert(0, "the template changed since")
    found = "edited" if edited or deleted else "outdated" if outdated else "generated"
    return found, "; ".join(notes), outdated


def _judge_edit(root: Path, edit: EditRecord, edited: list[str], deleted: list[str]) -> None:
    """Sort a shared file into edited or deleted by the units that the gap owns in it."""
    from scaffold import edits

    content = read_file(root, edit.path)
    if content is None:
        deleted.append(edit.path)
        return
    if marked_lines(content):
        edited.append(f"{edit.path} ({marks_note(content)})")
        return
    text = edits.decode(content, edit.path)

    def look() -> list[str]:
        standing = edits.standing(edit.kind, text, edit.owned(), path=edit.path)
        return sorted(name for name, how in standing.items() if how is not edits.Presence.PRESENT)

    changed = kept(look, "edit", edit.kind, edit.path, text, *map(repr, edit.owned()))
    if changed:
        edited.append(f"{edit.path} ({', '.join(changed)})")
