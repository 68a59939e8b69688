"""Every error that `scaffold` reports: one fact, one hint, one exit code.

```text
ScaffoldError
├── UsageError      2   what was typed
├── CheckoutError   3   the checkout does not fit
├── ExhaustedError  3   the system opens nothing more for this run
├── ConflictError   4   a person's work is in the way; nothing was written
├── BaselineError   5   the suites were red before the change
├── ProofError      6   a generated test is red or still a todo, or a bar is missed
├── MissingToolError 7  a tool or a service is missing
├── GateError       8   `status --fail-on` matched
├── KitError        9   the kit is broken
├── CommitError    10   a hook or git refused a commit; the files are written
└── OutputError    74   stdout cannot be written (sysexits: EX_IOERR)
    └── ReaderGoneError 141  the reader of stdout went away, as a shell shows SIGPIPE
```
"""

from __future__ import annotations


class ScaffoldError(Exception):
    """A refusal that a person can act on.

    Attributes:
        fact: One sentence: what is wrong, with the value and the path.
        hint: A command or an edit that gets on from here; may be empty.
        exit_code: What the process ends with.
    """

    exit_code = 70

    def __init__(self, fact: str, hint: str = "") -> None:
        """Keep the fact and its hint apart, so that each is printed on its own line."""
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class UsageError(ScaffoldError):
    """The command line or an answer is wrong."""

    exit_code = 2


class CheckoutError(ScaffoldError):
    """The checkout does not fit: not a checkout, target gone, anchor missing, not writable."""

    exit_code = 3


class ExhaustedError(ScaffoldError):
    """The system opens nothing more for this run: no file is to blame, and none is damaged."""

    exit_code = 3


class ConflictError(ScaffoldError):
    """Something of a person's is in the way; nothing was written.

    Attributes:
        diff: What is in the way against what would be written; empty where that is not known.
    """

    exit_code = 4

    def __init__(self, fact: str, hint: str = "", *, diff: str = "") -> None:
        """Keep what is in the way beside the fact and its hint."""
        super().__init__(fact, hint)
        self.diff = diff


class BaselineError(ScaffoldError):
    """The suites were red before anything was generated."""

    exit_code = 5


class ProofError(ScaffoldError):
    """A generated test is red, or too many mutants survived."""

    exit_code = 6


class MissingToolError(ScaffoldError):
    """A tool or a service that is needed is not on this machine."""

    exit_code = 7


class GateError(ScaffoldError):
    """`status --fail-on` matched."""

    exit_code = 8


class KitError(ScaffoldError):
    """The kit is broken: the message names file and line for its author.

    Attributes:
        rendered: The file that was rendered and does not do, relative; empty where it is not one.
    """

    exit_code = 9

    def __init__(self, fact: str, hint: str = "scaffold kit format", *, rendered: str = "") -> None:
        """Keep what was rendered beside the fact and its hint."""
        super().__init__(fact, hint)
        self.rendered = rendered


class CommitError(ScaffoldError):
    """A hook or git refused a commit; the files are written, and not staged."""

    exit_code = 10


class OutputError(ScaffoldError):
    """stdout takes nothing more: the disk is full, or it was closed."""

    exit_code = 74


class ReaderGoneError(OutputError):
    """The program that read stdout ended (`| head -1`)."""

    exit_code = 141
