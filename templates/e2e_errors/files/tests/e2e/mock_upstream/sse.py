"""Server-sent events, in which OpenAI and Anthropic stream."""

import json
from collections.abc import Mapping
from typing import Any

CONTENT_TYPE = "text/event-stream"
BROKEN_CHUNK = b'data: {"broken": \n\n'


def encode(data: Mapping[str, Any], event: str = "") -> bytes:
    """One event with JSON, named or not."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def encode_typed(data: Mapping[str, Any]) -> bytes:
    """One event that is named like its type."""
    return encode(data, data["type"])
