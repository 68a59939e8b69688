"""What the mock upstream is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request of a client: its path, its headers in lower case, and its JSON (None: it is not).

    `reply` is the text of the reply where it is not the usual one.
    """

    path: str
    headers: Mapping[str, str]
    body: Any
    reply: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent, and how.

    Attributes:
        status: The HTTP status.
        content_type: The media type of the body.
        chunks: The body in the pieces in which it is sent.
        headers: Further headers.
        streamed: Whether the length of the body is left open.
        wait_s: How long the status is held back.
        gap_s: How long each chunk is held back.
        silent: Whether the connection is reset before the status.
        pause_at: The chunk that is held back until `MockUpstream.paused` lets it go.
        missing: How many bytes are announced and not sent; the connection is then reset.
    """

    status: int
    content_type: str
    chunks: tuple[bytes, ...]
    headers: tuple[tuple[str, str], ...] = ()
    streamed: bool = False
    wait_s: float = 0.0
    gap_s: float = 0.0
    pause_at: int | None = None
    silent: bool = False
    missing: int = 0
