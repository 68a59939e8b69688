"""What an API of the mock upstream consists of, and what all of them have in common."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answers import Answer, Request

DIRECTIVE = re.compile(r"\bfault=([a-z-]+)")


@dataclass(frozen=True)
class Failure:
    """An error that each API reports with its own status, in its own words."""

    name: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Api:
    """One API: which paths it has, and how it answers.

    Attributes:
        path: The paths that belong to it.
        prompt: The last text of the user in a request; an error where it is not one of this API.
        reply: A good answer.
        refuse: An answer that reports an error.
        error_chunk: A chunk that reports an error in a stream, after so many others.
        broken_chunk: A chunk of a stream that no client can read.
        faults: What only this API can do wrong.
    """

    path: re.Pattern[str]
    prompt: Callable[[Request], str]
    reply: Callable[[Request], Answer]
    refuse: Callable[[Failure], Answer]
    error_chunk: Callable[[Failure, int], bytes]
    broken_chunk: bytes
    faults: Mapping[str, Callable[[Answer], Answer]] = field(default_factory=dict)


def fault_of(prompt: str) -> str:
    """The fault that a prompt asks for with `fault=NAME`; empty where it asks for none."""
    found = DIRECTIVE.search(prompt)
    return found[1] if found else ""


def last_text(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The last text of these blocks; empty where none has any."""
    texts = [block["text"] for block in blocks if "text" in block]
    return texts[-1] if texts else ""


def reply_text(prompt: str) -> str:
    """The reply: it holds the prompt, so that the answers of parallel requests differ."""
    return f"You wrote: {prompt}"


def in_words(text: str) -> list[str]:
    """The text in pieces of one word, each with the blank after it."""
    return re.findall(r"\S+\s*", text)
