"""What was picked on a terminal, as the command line that picks the same."""

from __future__ import annotations

import shlex

from scaffold.commands.prompts import as_typed
from scaffold.kit.catalog import Kit
from scaffold.system import invocation


def test_what_was_picked_is_in_the_hints_that_follow(kit: Kit) -> None:
    gaps = [kit.gap("prices"), kit.gap("labels")]
    answers = {"prices_known_defects": False, "prices_currency": "a b", "prices_heaviest": 9999}
    invocation.begin(["new"])
    invocation.add_typed(as_typed(gaps, {"labels": ("numbers", "addresses")}, answers))
    words = shlex.split(invocation.command("--on-conflict skip"))
    assert words == [
        "scaffold", "new", "--gap", "prices", "--part", "labels:numbers", "--part",
        "labels:addresses", "--set", "prices_known_defects=false", "--set", "prices_currency=a b",
        "--on-conflict", "skip",
    ]  # fmt: skip
