"""`new --commit`: one commit a part, with the files of that part alone. Nothing is pushed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scaffold.errors import ConflictError, ScaffoldError
from scaffold.kit.cuts import Place
from scaffold.kit.parts import in_order, label_of, subject_line, words_of
from scaffold.plan.changes import Action
from scaffold.system import invocation
from scaffold.system.git.repository import Commit, Repository
from scaffold.system.output import counted

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.checkout.state import State
    from scaffold.commands.options import Progress
    from scaffold.kit.catalog import Kit
    from scaffold.plan.changes import Change
    from scaffold.plan.model import Plan, Request


class Commits:
    """The commits of one run: looked over before anything is written, then made part by part.

    Attributes:
        made: Each commit with the gap and the part that it holds.
        pending: Whether files of the plan are to be written, or are there and not committed yet.
        repository: Where they are made.
    """

    def __init__(self, kit: Kit, checkout: Checkout, branch: str | None) -> None:
        """Look whether commits can be made.

        Raises:
            ScaffoldError: See `Repository`.
        """
        self.kit, self.checkout, self.branch = kit, checkout, branch
        self.made: list[tuple[str, Commit]] = []
        self.pending = False
        self.repository = Repository(checkout.root, branch)

    def begin(
        self, plan: Plan, request: Request, given: Mapping[str, Any], progress: Progress
    ) -> None:
        """Take what is to be committed; each file of it can be.

        Raises:
            ScaffoldError: See `waits`.
        """
        self._request, self._given, self._progress = request, given, progress
        self._places = self._places_of(plan)
        self.pending = self.waits(plan)

    def waits(self, plan: Plan) -> bool:
        """Whether anything of a plan is to be committed, be it written already.

        Raises:
            ScaffoldError: A file of it cannot be committed; see `Repository.check`.
        """
        from scaffold.checkout.state import read_state

        state = read_state(self.checkout.root, self.kit.name)
        changes, paths = _committed(plan), _paths(plan)
        ours = {path for item in plan.gaps for path in item.files}
        shared = [
            change.path
            for change in changes
            if change.before is not None
            and (change.path not in ours or change.action is Action.DELETE)
            and not change.source
            and not _only_ours(state, change)
            and not self._is_one_parts(plan, change)
        ]
        shared += [change.source for change in changes if change.writes and change.source]
        if paths:
            self.repository.check(paths, shared)
        return bool(plan.writes or self.repository.uncommitted(paths))

    def make(self) -> bool:
        """Write and commit the parts of the plan, one after the other; whether any was.

        Raises:
            CommitError: A hook or git refused one; those before it stay, those after are not
                written.
            ScaffoldError: One cannot be written.
        """
        from scaffold import workflow

        if self.pending:
            self.repository.begin(self.branch)
        asked = replace(self._request, waiting={}, next_part=False)
        try:
            for place, written in workflow.write_parts(
                self.kit, self.checkout, asked, self._given, self._places, self._progress
            ):
                self._commit(place, written)
        except ScaffoldError as error:
            if self.made:
                names = ", ".join(name for name, _ in self.made)
                error.fact += f" (committed before it: {names})"
            raise
        return bool(self.made)

    def _places_of(self, plan: Plan) -> list[Place]:
        """The parts that a plan is about, in the order in which they are committed."""
        named = [(item.gap.slug, name) for item in plan.gaps for name in item.picked]
        return in_order(self.kit, named)

    def _is_one_parts(self, plan: Plan, change: Change) -> bool:
        """Whether all that is not committed of a shared file goes into the commit of its part.

        Raises:
            ConflictError: It is of parts whose commits would take in what others put there.
        """
        from scaffold.plan.uncommitted import edits_of, parts_in

        owners = parts_in(change, self.repository.committed(change.path), plan)
        items = {item.gap.slug: item for item in plan.gaps}
        writers = [
            (slug, name)
            for slug, name in self._places_of(plan)
            if edits_of(items[slug], name, change.path)
        ]
        if owners and owners != writers[:1]:
            raise _refused(change.path, owners)
        return bool(owners)

    def _commit(self, place: tuple[str, str], written: Plan) -> None:
        slug, name = place
        label = label_of(place)
        paths = self.repository.uncommitted(_paths(written))
        if not paths:
            return
        message = subject_line(self.kit, self.kit.gaps[slug], (name,))
        before = [one for one, _ in self.made]
        _tell([f"{label} is written, and not committed"], before)
        commit = self.repository.commit(paths, message, label)
        self.made.append((label, commit))
        _tell([], [*before, label])

    def lines(self) -> list[str]:
        """What was committed, one line each."""
        branch = self.repository.branch or "a detached HEAD"
        return [
            f"committed on {branch}: {commit.id[:10]} {commit.message} "
            f"({counted(len(commit.paths), 'file')})"
            for _, commit in self.made
        ]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "branch": self.repository.branch,
            "commits": [
                {"part": label, "commit": commit.id, "message": commit.message,
                 "paths": list(commit.paths)}
                for label, commit in self.made
            ],
        }  # fmt: skip


def _tell(written: Sequence[str], committed: Sequence[str]) -> None:
    """What is said where the run is ended from now on."""
    done = [*written, *([f"committed: {', '.join(committed)}"] if committed else [])]
    invocation.current.done = "; ".join(done)


def _refused(path: str, owners: Sequence[Place]) -> ConflictError:
    names = ", ".join(map(label_of, owners))
    return ConflictError(
        f"{path} holds what {names} put into it, which is not committed yet; nothing was written",
        f"scaffold new {words_of(owners[0])} --commit" if len(owners) == 1 else "scaffold undo",
    )


def _committed(plan: Plan) -> list[Change]:
    """The changes whose files go into commits: those written, and those that are there already."""
    from scaffold.plan.uncommitted import belongs

    return [
        change
        for change in plan.changes
        if change.writes
        or (change.action is Action.SAME and change.after is not None and belongs(change, plan))
    ]


def _paths(plan: Plan) -> list[str]:
    return [path for change in _committed(plan) for path in change.places]


def _only_ours(state: State, change: Change) -> bool:
    """Whether a shared file that we made holds nothing but units of ours."""
    from scaffold import edits
    from scaffold.plan.compose import owned_units

    records, units = state.edits_of(change.path), owned_units(state, change.path)
    if change.before is None or not any(record.created for record in records):
        return False
    try:
        rest = edits.revert(
            records[0].kind,
            edits.decode(change.before, change.path),
            units,
            path=change.path,
            owned=units,
            created=True,
        )
    except ScaffoldError:
        return False
    return not (rest or "").strip()
