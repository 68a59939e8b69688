"""OpenAI: `/v1/responses`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from . import openai_chat, sse
from .answers import Answer, Request
from .api import Api, Failure, in_words, reply_text

ITEM = "msg_mock"
PLACE = {"item_id": ITEM, "output_index": 0, "content_index": 0}
USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 18,
}


def prompt_of(request: Request) -> str:
    """The input, or the last text of the user in it."""
    given = request.body.get("input", "")
    if isinstance(given, str):
        return given
    written = [item["content"] for item in given if item.get("role") == "user"]
    return openai_chat.last_written(written)


def reply(request: Request) -> Answer:
    """The reply, as one object or as a stream."""
    text = request.reply or reply_text(prompt_of(request))
    if request.body.get("stream"):
        return Answer(200, sse.CONTENT_TYPE, tuple(_events(request, text)), streamed=True)
    body = json.dumps(_response(request, "completed", [_message(text)])).encode()
    return Answer(200, "application/json", (body,))


def error_chunk(failure: Failure, number: int) -> bytes:
    """An `error` event; its code is what a plain error has as its type, where that has no code."""
    error = openai_chat.error_of(failure)["error"]
    code = error["code"] or error["type"]
    return sse.encode_typed({**error, "type": "error", "code": code, "sequence_number": number})


def _response(request: Request, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "resp_mock",
        "object": "response",
        "created_at": openai_chat.CREATED,
        "status": status,
        "model": request.body.get("model", ""),
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": USAGE if status == "completed" else None,
    }


def _message(text: str) -> dict[str, Any]:
    status = "completed" if text else "in_progress"
    content = [_part(text)] if text else []
    return {
        "id": ITEM,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _events(request: Request, text: str) -> Iterator[bytes]:
    done = _message(text)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": _response(request, "in_progress", [])},
        {"type": "response.in_progress", "response": _response(request, "in_progress", [])},
        {"type": "response.output_item.added", "output_index": 0, "item": _message("")},
        {"type": "response.content_part.added", **PLACE, "part": _part("")},
        *(
            {"type": "response.output_text.delta", **PLACE, "delta": word, "logprobs": []}
            for word in in_words(text)
        ),
        {"type": "response.output_text.done", **PLACE, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **PLACE, "part": _part(text)},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": _response(request, "completed", [done])},
    ]
    for number, event in enumerate(events):
        yield sse.encode_typed({**event, "sequence_number": number})


API = Api(
    path=re.compile(r"/v1/responses"),
    prompt=prompt_of,
    reply=reply,
    refuse=openai_chat.refuse,
    error_chunk=error_chunk,
    broken_chunk=sse.BROKEN_CHUNK,
)
