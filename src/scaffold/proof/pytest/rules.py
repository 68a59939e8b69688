"""What a checkout demands of its Python files: pinned tools, its lock file, its interpreters."""

from __future__ import annotations

from collections.abc import Iterator

from scaffold.proof.pytest.collected import check_collected
from scaffold.proof.pytest.interpreters import check_interpreters
from scaffold.proof.pytest.pinned import check_pinned
from scaffold.proof.rules.result import RuleResult, Written


def check(written: Written) -> Iterator[RuleResult]:
    """The result of each of these rules."""
    yield from check_pinned(written)
    if written.subject.run.runner == "pytest":
        yield from check_interpreters(written)
        yield from check_collected(written)
