"""What a checkout demands of its files, as it was read; languages and proof tools know the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hook:
    """A pre-commit hook.

    Attributes:
        id: Its name in its repository.
        place: File and line where it is asked for.
        repo: Where it comes from; `local` where the checkout has it itself.
        rev: Which version of it.
        entry: The command of a local hook.
        args: Its own arguments; None where there are none, so that those of its repository hold.
        files: Patterns that all must be found in a path.
        excludes: Patterns of which none may be found.
        stages: When it runs; empty for always.
    """

    id: str
    place: str
    repo: str = ""
    rev: str = ""
    entry: str = ""
    args: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The hook with its version."""
        return f"{self.id} {self.rev}".rstrip()

    @property
    def local(self) -> bool:
        """Whether the checkout has it itself: its command may be anything."""
        return self.repo in ("local", "meta")


@dataclass(frozen=True)
class Step:
    """A step of a workflow: its command, or the action that it uses and what that is given."""

    place: str
    run: str = ""
    uses: str = ""
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True)
class Job:
    """A job of a workflow; an expression that its matrix or its variables settle is settled."""

    name: str
    place: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class OwnRules:
    """All that was read; `faults` names each file that could not be, and why."""

    hooks: tuple[Hook, ...] = ()
    jobs: tuple[Job, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
