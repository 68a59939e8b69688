"""What a checkout demands of its files, as it was read; languages and proof tools know the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any


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
    """A step of a workflow: its command, or the action that it uses and what that is given.

    `env` are the variables of the workflow, the job and the step.
    """

    place: str
    run: str = ""
    uses: str = ""
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Layout:
    """How a checkout wants its files laid out.

    Attributes:
        hooks: Its hooks; some pin a formatter.
        settings: Path of a file with settings -> what it sets for each tool.
    """

    hooks: tuple[Hook, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def nearest(self, path: str, name: str, tool: str) -> Mapping[str, Any]:
        """What the nearest file of a name, from a path upward, sets for a tool."""
        for folder in PurePosixPath(path).parents:
            tools = self.settings.get((folder / name).as_posix())
            if isinstance(tools, dict) and isinstance(found := tools.get(tool), dict):
                return found
        return {}
