"""OpenAI: `/v1/chat/completions`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from . import sse
from .answers import Answer, Request
from .api import Api, Failure, in_words, last_text, reply_text

CREATED = 1_700_000_000
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
# The status, the type and the code; most errors have no code.
STATUSES = {
    "bad-request": (400, "invalid_request_error", None),
    "invalid-key": (401, "invalid_request_error", "invalid_api_key"),
    "forbidden": (403, "request_forbidden", "unsupported_country_region_territory"),
    "rate-limit": (429, "requests", "rate_limit_exceeded"),
    "server-error": (500, "server_error", None),
    "overloaded": (503, "server_error", None),
}


def prompt_of(request: Request) -> str:
    """The last text of the user."""
    messages = request.body.get("messages", [])
    given = [message["content"] for message in messages if message["role"] == "user"]
    return last_written(given)


def last_written(given: list[str | list[dict[str, Any]]]) -> str:
    """The last text of what the user wrote, each time a string or a list of parts."""
    parts = (part for one in given for part in ([{"text": one}] if isinstance(one, str) else one))
    return last_text(parts)


def reply(request: Request) -> Answer:
    """The reply, as one object or as a stream."""
    text = request.reply or reply_text(prompt_of(request))
    if request.body.get("stream"):
        return Answer(200, sse.CONTENT_TYPE, tuple(_chunks(request, text)), streamed=True)
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {**_head(request, "chat.completion"), "choices": [choice], "usage": USAGE}
    return Answer(200, "application/json", (json.dumps(body).encode(),))


def refuse(failure: Failure) -> Answer:
    """An error as OpenAI reports it."""
    body = json.dumps(error_of(failure)).encode()
    status, *_ = STATUSES[failure.name]
    return Answer(status, "application/json", (body,), failure.headers)


def error_of(failure: Failure) -> dict[str, Any]:
    """The object that reports an error, in a body and in a stream."""
    _, kind, code = STATUSES[failure.name]
    return {"error": {"message": failure.message, "type": kind, "code": code, "param": None}}


def error_chunk(failure: Failure, number: int) -> bytes:
    """An event that reports an error."""
    return sse.encode(error_of(failure))


def _head(request: Request, kind: str) -> dict[str, Any]:
    model = request.body.get("model", "")
    return {"id": "chatcmpl-mock", "object": kind, "created": CREATED, "model": model}


def _chunks(request: Request, text: str) -> Iterator[bytes]:
    head = _head(request, "chat.completion.chunk")
    deltas = [{"role": "assistant", "content": ""}, *({"content": one} for one in in_words(text))]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield sse.encode({**head, "choices": [choice]})
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield sse.encode({**head, "choices": [last]})
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield sse.encode({**head, "choices": [], "usage": USAGE})
    yield b"data: [DONE]\n\n"


API = Api(
    path=re.compile(r"/v1/chat/completions"),
    prompt=prompt_of,
    reply=reply,
    refuse=refuse,
    error_chunk=error_chunk,
    broken_chunk=sse.BROKEN_CHUNK,
)
