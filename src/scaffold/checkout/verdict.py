"""The words for how a gap was written and what its proof showed, the same in every output."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How the tests of a gap were written."""

    FULL = "full"
    STUBS = "stubs"


class Verdict(StrEnum):
    """What `verify` showed of a gap, from the weakest to the strongest.

    A proof is `stale` besides, where something that it rests on changed since.
    """

    TODO = "todo"
    """Stubs: at least one test is left to be written, so no bar is applied."""

    RED = "red"
    """A test is not as declared, or did not run."""

    BELOW = "below"
    """A bar is missed: lines that did not run, or mutants that survived."""

    GREEN = "green"
    """Every test is as declared; all mutants were not tried, or a bar could not be judged."""

    PROVED = "proved"
    """Green, every bar is met, and the kill check tried all mutants."""
