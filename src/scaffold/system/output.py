"""What leaves the program: text for a terminal, XML and JSON, and the streams it goes to."""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import re
import select
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO, cast

from scaffold.errors import OutputError, ReaderGoneError
from scaffold.system import invocation

# Letters and marks that are drawn as nothing; `str.isprintable` takes them for visible.
# Text, since to compile it takes longer than `status` has; `re` remembers it.
_INVISIBLE = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_NOT_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_SURROGATE = "[\ud800-\udfff]"
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""One line of text in which nothing is hidden and nothing moves the cursor.

    Control characters, line ends, tabs, marks that turn the direction of writing, invisible
    characters and bytes that are not UTF-8 are shown as escapes (`\n`, `\x1b`, `\u202e`).
    """
    if text.isprintable() and (text.isascii() or not re.search(_INVISIBLE, text)):
        return text
    return "".join(
        char if char.isprintable() and not re.match(_INVISIBLE, char) else _escape(char)
        for char in text
    )


def counted(count: int, one: str, many: str = "") -> str:
    """A number and what it counts: `1 file`, `2 files`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def block(text: str) -> str:
    """Several lines of text, each as `visible` has it; tabs and the line ends themselves stay."""
    return "\n".join(
        "\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n")
    )


def xml_text(text: str) -> str:
    """Text with only such characters as XML 1.0 allows; the others are shown as escapes."""
    return re.sub(_NOT_XML, lambda found: _escape(found[0]), text)


def json_text(document: Mapping[str, Any]) -> str:
    """One JSON document in ASCII, whatever the strings and numbers in it are.

    JSON has neither infinite numbers (they become null) nor halves of a character (shown as
    escapes, as on a terminal).
    """
    import json

    return json.dumps(_plain(document), indent=2, allow_nan=False)


def say(text: str) -> None:
    """Print lines to stdout, at once: what cannot be printed must fail before the next step.

    Raises:
        OutputError: stdout takes nothing more.
    """
    print(text, flush=True)


def answer(document: Mapping[str, Any]) -> None:
    """Print the one JSON document of this run; a second one would break its readers.

    Raises:
        OutputError: stdout takes nothing more.
    """
    if not invocation.current.answered:
        invocation.current.answered = True
        say(json_text(document))


def raw(content: bytes) -> None:
    """Print bytes as they are where stdout is a file or a pipe, escaped on a terminal.

    Raises:
        OutputError: stdout takes nothing more.
    """
    sys.stdout.flush()
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None or sys.stdout.isatty():
        print(block(content.decode("utf-8", "surrogateescape")), end="", flush=True)
        return
    binary.write(content)
    binary.flush()


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None where it is a file or a pipe."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def note(text: str) -> None:
    """Print one line to stderr."""
    print(visible(text), file=sys.stderr, flush=True)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Both streams such that no encoding, no full disk and no closed pipe ends in a traceback.

    stdout raises `OutputError`; stderr drops what it cannot print, since nothing is left to say it.
    """
    _open_standard()
    if sys.stdin is None:  # closed by who started us
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    before = sys.stdout, sys.stderr
    sys.stdout = _guard(sys.stdout, 1, _refuse)
    sys.stderr = _guard(sys.stderr, 2, None)
    try:
        yield
    finally:
        with contextlib.suppress(OutputError):
            sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode has it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return (
            value if value.isascii() else re.sub(_SURROGATE, lambda found: _escape(found[0]), value)
        )
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _open_standard() -> None:
    """Give closed standard streams a place, before another file gets their number."""
    # A write to a stdout that was closed must fail, one to such a stderr need not.
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, flags)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)


def _refuse(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):
        raise ReaderGoneError(
            "the reader of the output went away before its end", "scaffold status"
        ) from error
    raise OutputError(
        f"the output cannot be written: {os.strerror(error.errno or errno.EIO)}",
        "scaffold status" if error.errno == errno.EBADF else invocation.room(error),
    ) from error


def _guard(stream: TextIO | None, number: int, refuse: Callable[[OSError], None] | None) -> TextIO:
    """The stream over a guarded file; one that is not the real one (a test's) stays."""
    if stream is not None:
        try:
            if stream.fileno() != number:
                return stream
            stream.flush()
        except (OSError, ValueError, io.UnsupportedOperation):
            return stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    guarded_file = _GuardedFile(number, refuse)
    return cast(
        TextIO,
        io.TextIOWrapper(
            io.BufferedWriter(guarded_file),
            encoding=encoding,
            errors="backslashreplace",
            line_buffering=number == 2 or guarded_file.isatty(),
        ),
    )


class _GuardedFile(io.FileIO):
    """A standard stream whose failed write is reported once, and not again while Python ends."""

    def __init__(self, number: int, refuse: Callable[[OSError], None] | None) -> None:
        super().__init__(number, "w", closefd=False)
        self.refuse, self.broken = refuse, False

    def write(self, data: Any, /) -> int:
        """Write all of it, or tell why not."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and not self.broken:
            try:
                count = super().write(left)
            except OSError as error:
                self.broken = True
                if self.refuse is not None:
                    self.refuse(error)
                break
            if count is None:  # somebody else made the pipe non-blocking, and it is full
                select.select([], [self.fileno()], [])
                continue
            left = left[count:]
        return size
