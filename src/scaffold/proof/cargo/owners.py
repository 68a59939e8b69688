"""Whose a test is: a gap's, or the checkout's own.

A test belongs to a gap by its module: what lies in a module that the gap generated is the gap's,
all else in the same test program is the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scaffold.proof.cargo.workspace import Place, Suite, Workspace
from scaffold.proof.runner import Evidence, Subject


@dataclass(frozen=True)
class Owners:
    """The subjects of a run, and where their files are compiled.

    Attributes:
        subjects: What is to be proved.
        workspace: The crates.
        places: Slug of a subject -> the places of its files.
    """

    subjects: tuple[Subject, ...]
    workspace: Workspace
    places: Mapping[str, Sequence[Place]]

    def suites(self, subject: Subject | None = None) -> list[Suite]:
        """The test programs of a subject, or of all with the baselines that they name."""
        slugs = [subject.slug] if subject else list(self.places)
        found = {place.suite for slug in slugs for place in self.places[slug]}
        if subject is None:
            named = {name for item in self.subjects for name in item.run.baseline}
            packages = {suite.package for suite in found} | named
            found |= {
                Suite(name)
                for name, p in self.workspace.packages.items()
                if name in packages and p.lib
            }
        return sorted(found)

    def own_names(self, subject: Subject, evidence: Evidence) -> dict[Suite, list[str]]:
        """The subject's tests that ran, by suite, under libtest's names."""
        ran = {test.id for test in evidence.generated.tests if test.outcome != "skipped"}
        names: dict[Suite, list[str]] = {}
        for suite in self.suites(subject):
            prefix = suite.label("")
            own = sorted(i.removeprefix(f"{prefix}::") for i in ran if i.startswith(f"{prefix}::"))
            names[suite] = [name for name in own if self.is_of(subject, suite, name)]
        return {suite: own for suite, own in names.items() if own}

    def filters(self, subject: Subject) -> list[str]:
        """Arguments of `cargo test` that pick a subject's tests."""
        modules = {place.module for place in self.places[subject.slug] if place.module}
        top = sorted(m for m in modules if not any(m.startswith(f"{o}::") for o in modules))
        return ["--", *(f"{module}::" for module in top)] if top else []

    def modules(self, suite: Suite) -> list[str]:
        """The generated modules of a suite; one that is empty is the suite itself."""
        found = {p.module for places in self.places.values() for p in places if p.suite == suite}
        return sorted(found)

    def skips(self, suite: Suite) -> list[str]:
        """Arguments of libtest that leave out the generated tests of a suite."""
        return [word for module in self.modules(suite) for word in ("--skip", f"{module}::")]

    def is_of(self, subject: Subject, suite: Suite, name: str) -> bool:
        """Whether a test is the subject's."""
        places = self.places[subject.slug]
        return any(place.suite == suite and place.holds(name) for place in places)

    def path_of(self, subject: Subject, suite: Suite, name: str) -> str:
        """The generated file of a subject in which a test stands; empty where it is in none."""
        places = self.places[subject.slug]
        own = [place for place in places if place.suite == suite and place.holds(name)]
        return max(own, key=lambda place: len(place.module)).path if own else ""

    def is_ours(self, suite: Suite, name: str) -> bool:
        """Whether a test is a subject's."""
        return any(self.is_of(subject, suite, name) for subject in self.subjects)
