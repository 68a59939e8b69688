"""The mend check on a real workspace: a mend turns the `should_panic` test of its defect alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaffold.checkout.find import Checkout
from scaffold.kit.defects import Change, Defect, Mend
from scaffold.proof.mends import MendProof, MendVerdict
from scaffold.proof.runner import Subject, VerifyOptions
from support.proving import Generate, Progress, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow
FILE = "crates/fold/src/lib.rs"
TESTS = """\
use super::*;

#[test]
fn room_is_what_is_not_used() {
    assert_eq!(room(5, 2), 3);
}

// Known defect: lib.rs, room: a buffer that overflowed has no room. The subtraction overflows.
#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_buffer_that_overflowed_has_no_room() {
    assert_eq!(room(2, 5), 0);
}
"""


def mended(subject: Subject, leaves: dict[str, str]) -> Subject:
    """The subject with one defect a name, each with another mend of the same line."""
    checkout = Checkout(subject.checkout)
    defects = []
    for name, leave in leaves.items():
        mend = Mend((Change(FILE, "size - used", leave),))
        one = Defect(
            name, "crash", FILE, "room", "today", "expected", "source", "room",
            ("a_buffer_that_overflowed_has_no_room",), "", (mend,),
        )  # fmt: skip
        defects.append((one, one.look(checkout.text)))
    return replace(subject, defects=tuple(defects))


def test_each_mend_of_rust_has_its_verdict(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    leaves = {
        "right": "size.saturating_sub(used)",
        "too much": "0 * size * used",
        "nothing": "size - used - 0",
        "no build": "size.saturating_subtract(used)",
    }
    subject = mended(generate(TESTS, kill_pct=None), leaves)
    before = snapshot(subject.checkout)
    outcome = prove(subject, replace(options, mends=True), progress)
    found: dict[str, MendProof] = {one.id: one for one in outcome.mends or ()}
    assert {name: one.verdict for name, one in found.items()} == {
        "right": MendVerdict.TURNED,
        "too much": MendVerdict.DISTURBS,
        "nothing": MendVerdict.STUCK,
        "no build": MendVerdict.BROKEN,
    }
    assert found["too much"].changed == ("fold::generated_tests::room_is_what_is_not_used",)
    assert "saturating_subtract" in found["no build"].why
    assert outcome.verdict == "below"
    assert snapshot(subject.checkout) == before
