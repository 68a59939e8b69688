"""The tests of a subject, and the suites beside them, on copies with other texts in their files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from scaffold.proof.pool import results
from scaffold.proof.pytest.kill.check import PytestBreaker, worker_on_copy
from scaffold.proof.pytest.kill.worker import Worker
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.runner import Evidence, Session, Subject, TestResult, VerifyOptions
from scaffold.proof.tree_copy import remove_tree
from scaffold.system.scratch import make

Item = tuple[int, Mapping[str, str]]
TURNED = "[XPASS(strict)]"
"""How pytest begins the message of a strict known defect that passes, which it calls a failure."""


def rerun(
    subject: Subject,
    files: Sequence[str],
    suites: Sequence[str],
    evidence: Evidence,
    changes: Sequence[Mapping[str, str]],
    options: VerifyOptions,
) -> Iterator[tuple[int, Evidence]]:
    """The number of each change with what the tests did, as they come.

    Args:
        subject: What is to be proved.
        files: Its test files, relative to the folder of the run.
        suites: Arguments of pytest that pick the suites beside; none where there is none.
        evidence: What both did in the checkout.
        changes: Path -> text, for each run.
        options: How many may run at once.
    """
    assert isinstance(evidence.trail, Trail)
    breaker = PytestBreaker(subject, files, evidence.trail, options)
    scratch = make("mends")

    @contextmanager
    def start(number: int, stop: threading.Event) -> Iterator[Callable[[Item], Evidence]]:
        with worker_on_copy(breaker, scratch, number, stop) as worker:
            yield partial(_run, worker, suites, evidence)

    try:
        for (number, _), seen in results([*enumerate(changes)], options.workers, start):
            yield number, seen
    finally:
        remove_tree(scratch)


def _run(worker: Worker, suites: Sequence[str], evidence: Evidence, item: Item) -> Evidence:
    texts, own = item[1], worker.request["args"]
    generated = worker.whole(texts, own, _seconds(evidence.generated), suites=False)
    beside: Mapping[str, Any] = {}
    if suites and generated["verdict"] != "timeout":
        beside = worker.whole(texts, suites, _seconds(evidence.baseline), suites=True)
    return replace(
        evidence,
        baseline=_session(evidence.baseline, beside),
        generated=_session(evidence.generated, generated),
    )


def _seconds(session: Session) -> float:
    return sum(test.seconds for test in session.tests)


def _session(before: Session, reply: Mapping[str, Any]) -> Session:
    known = TestResult.__dataclass_fields__.keys()
    found = reply.get("tests", ())
    tests = [TestResult(**{k: test[k] for k in known & test.keys()}) for test in found]
    if why := reply.get("why"):
        tests.append(TestResult("pytest", "error", why))
    turned = (
        replace(one, outcome="xpassed") if one.message.startswith(TURNED) else one for one in tests
    )
    return replace(before, tests=tuple(turned))
