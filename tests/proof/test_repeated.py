"""What is printed while a step of a proof is silent."""

from __future__ import annotations

import threading

from scaffold.proof.repeated import repeated


def test_the_last_line_comes_again_while_nothing_else_does() -> None:
    lines: list[str] = []
    third = threading.Event()

    def progress(line: str) -> None:
        lines.append(line)
        if len(lines) == 3:
            third.set()

    with repeated(progress, every_s=0.01) as say:
        say("cargo clippy")
        assert third.wait(60)
    assert lines[0] == "cargo clippy"
    assert lines[1].startswith("cargo clippy: ") and lines[1].endswith(" s so far")
    count = len(lines)
    say("after the end")
    assert lines[count:] == ["after the end"]


def test_nothing_is_repeated_before_the_first_line_or_within_the_time() -> None:
    lines: list[str] = []
    with repeated(lines.append, every_s=0.01):
        threading.Event().wait(0.1)
    with repeated(lines.append, every_s=3600) as say:
        say("one")
        threading.Event().wait(0.05)
    assert lines == ["one"]
