"""Anthropic: `/v1/messages`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from . import sse
from .answers import Answer, Request
from .api import Api, Failure, in_words, last_text, reply_text

STATUSES = {
    "bad-request": (400, "invalid_request_error"),
    "invalid-key": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "rate-limit": (429, "rate_limit_error"),
    "server-error": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
}


def prompt_of(request: Request) -> str:
    """The last text of the user."""
    return last_text(
        block
        for message in request.body.get("messages", [])
        for block in _blocks(message["content"])
        if message["role"] == "user"
    )


def reply(request: Request) -> Answer:
    """The reply, as one object or as a stream."""
    text = request.reply or reply_text(prompt_of(request))
    if request.body.get("stream"):
        return Answer(200, sse.CONTENT_TYPE, tuple(_events(request, text)), streamed=True)
    message = _message(request, [{"type": "text", "text": text}], "end_turn")
    return Answer(200, "application/json", (json.dumps(message).encode(),))


def refuse(failure: Failure) -> Answer:
    """An error as Anthropic reports it."""
    body = json.dumps(_error_of(failure)).encode()
    status, _ = STATUSES[failure.name]
    return Answer(status, "application/json", (body,), failure.headers)


def error_chunk(failure: Failure, number: int) -> bytes:
    """An `error` event."""
    return sse.encode_typed(_error_of(failure))


def _error_of(failure: Failure) -> dict[str, Any]:
    _, kind = STATUSES[failure.name]
    return {"type": "error", "error": {"type": kind, "message": failure.message}}


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _message(
    request: Request, content: list[dict[str, Any]], stop_reason: str | None
) -> dict[str, Any]:
    return {
        "id": "msg_mock",
        "type": "message",
        "role": "assistant",
        "model": request.body.get("model", ""),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7 if stop_reason else 0},
    }


def _events(request: Request, text: str) -> Iterator[bytes]:
    block = {"type": "text", "text": ""}
    yield sse.encode_typed({"type": "message_start", "message": _message(request, [], None)})
    yield sse.encode_typed({"type": "content_block_start", "index": 0, "content_block": block})
    yield sse.encode_typed({"type": "ping"})
    for word in in_words(text):
        delta = {"type": "text_delta", "text": word}
        yield sse.encode_typed({"type": "content_block_delta", "index": 0, "delta": delta})
    yield sse.encode_typed({"type": "content_block_stop", "index": 0})
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {"output_tokens": 7}
    yield sse.encode_typed({"type": "message_delta", "delta": end, "usage": usage})
    yield sse.encode_typed({"type": "message_stop"})


API = Api(
    path=re.compile(r"/v1/messages"),
    prompt=prompt_of,
    reply=reply,
    refuse=refuse,
    error_chunk=error_chunk,
    broken_chunk=b"event: content_block_delta\n" + sse.BROKEN_CHUNK,
)
