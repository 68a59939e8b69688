"""What libtest prints, read in one place: as text, or as JSON from cargo-nextest.

libtest's own JSON needs a nightly compiler.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_RESULT = re.compile(
    r"^test (?P<name>\S+)(?: - should panic)? \.\.\. (?P<word>ok|FAILED|ignored)"
    r"(?:, (?P<why>.*?))?(?: <[\d.]+s>)?$"
)
_STARTED = re.compile(r"^test (?P<name>\S+)(?: - should panic)? \.\.\. ")
_LATE = re.compile(r"(?P<word>ok|FAILED)(?: <[\d.]+s>)?$")
_COUNT = re.compile(r"^running \d+ tests?$")
_BLOCK = re.compile(r"^---- (?P<name>\S+?)(?: - should panic)? stdout ----$")
_SUMMARY = re.compile(r"^test result: (?P<word>ok|FAILED)\.")
_PANICKED = re.compile(r"^thread '.*' (?:\(\d+\) )?panicked at (?P<place>.+):$")
_NOT_PANICKED = "test did not panic as expected"
_EVENT = '{"type":'
_WORDS = {"ok": "ok", "failed": "FAILED", "ignored": "ignored"}
MESSAGE_LINES = 6


@dataclass
class LibtestReader:
    """Reads a test program's output line by line.

    Attributes:
        words: Name of a test -> ok, FAILED or ignored, in the order of their ends.
        reasons: Name of an ignored test -> why.
        output: Name of a failed test -> the lines that it wrote.
        ended: What the summary at the end reports; None where the program did not get there.
        started: Whether a test run began at all.
        late: Whether the program was ended because its time was up.
        died: How the program ended before its summary, and what it said last; empty where it did
            not.
    """

    words: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    output: dict[str, list[str]] = field(default_factory=dict)
    ended: str | None = None
    started: bool = False
    late: bool = False
    died: str = ""
    _pending: str = ""
    _block: str = ""

    def feed(self, line: str) -> str | None:
        """The word of the test that this line ends, if it ends one."""
        if line.startswith(_EVENT):
            return self._event(json.loads(line))
        if _COUNT.match(line):
            self.started = True
            return None
        summary = _SUMMARY.match(line)
        if summary:
            self.ended, self._block = summary["word"], ""
            return None
        block = _BLOCK.match(line)
        if block and block["name"] in self.words:
            self._block = block["name"]
            self.output.setdefault(self._block, [])
            return None
        if line == "failures:":
            self._block = ""
        if self._block:
            self.output[self._block].append(line)
            return None
        return self._result(line)

    def take(self, later: LibtestReader) -> None:
        """Add a later run of tests that were ignored in this one."""
        self.words |= later.words
        self.output |= later.output
        self.late, self.died = later.late, later.died
        self.ended = later.ended if self.ended == "ok" else self.ended and later.ended and "FAILED"

    def message(self, name: str) -> str:
        """Why a test failed: where it panicked and what it said, on one line."""
        lines = [line.strip() for line in self.output.get(name, ())]
        for at, line in enumerate(lines):
            panicked = _PANICKED.match(line)
            if panicked:
                rest = [text for text in lines[at + 1 :] if text and not text.startswith("note: r")]
                return " | ".join([panicked["place"], *rest[:MESSAGE_LINES]])
        return " | ".join([line for line in lines if line][:MESSAGE_LINES])

    def panicked_not(self, name: str) -> bool:
        """Whether a test failed because it was to panic and did not."""
        return any(_NOT_PANICKED in line for line in self.output.get(name, ()))

    def _event(self, event: dict[str, Any]) -> str | None:
        """An event of nextest; each crate's suite ends, and a suite may end more than once."""
        word = _WORDS.get(event["event"])
        if event["type"] == "suite":
            self.started = True
            if word is not None and self.ended != "FAILED":
                self.ended = word
            return None
        name = event["name"].partition("$")[2]
        if word == "FAILED":
            self.output[name] = event.get("stdout", "").splitlines()
        return self._keep(name, word, "") if word else None

    def _result(self, line: str) -> str | None:
        found = _RESULT.match(line)
        if found:
            return self._keep(found["name"], found["word"], found["why"] or "")
        started = _STARTED.match(line)
        if started:  # one thread only: the result follows what the test wrote meanwhile
            self._pending = started["name"]
        late = _LATE.search(line) if self._pending else None
        return self._keep(self._pending, late["word"], "") if late else None

    def _keep(self, name: str, word: str, why: str) -> str:
        self._pending = ""
        self.words[name] = word
        if word == "ignored":
            self.reasons[name] = why
        return word
