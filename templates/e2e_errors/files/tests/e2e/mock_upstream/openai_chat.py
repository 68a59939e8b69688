"""OpenAI: `/v1/chat/completions`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from . import sse
from .answers import Answer, Request
from .api import Api, Failure, in_words, reply_text

CREATED = 1_700_000_000
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def prompt_of(request: Request) -> str:
    """The last text of the user."""
    texts = [
        message["content"]
        for message in request.body.get("messages", [])
        if message["role"] == "user" and isinstance(message["content"], str)
    ]
    return texts[-1] if texts else ""


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
    return Answer(failure.status, "application/json", (body,), failure.headers)


def error_of(failure: Failure) -> dict[str, Any]:
    """The object that reports an error, in a body and in a stream."""
    code = failure.name.replace("-", "_")
    return {"error": {"message": failure.message, "type": code, "code": code, "param": None}}


def error_chunk(failure: Failure) -> bytes:
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
    yield sse.encode({**head, "choices": [last], "usage": USAGE})
    yield b"data: [DONE]\n\n"


API = Api(
    path=re.compile(r"/v1/chat/completions"),
    prompt=prompt_of,
    reply=reply,
    refuse=refuse,
    error_chunk=error_chunk,
    broken_chunk=sse.BROKEN_CHUNK,
    faults={},
)
