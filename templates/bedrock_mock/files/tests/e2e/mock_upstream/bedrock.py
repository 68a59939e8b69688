"""Amazon Bedrock: `converse` and `converse-stream`."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from . import event_stream
from .answers import Answer, Request
from .api import Api, Failure, in_words, last_text, reply_text

USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
METRICS = {"latencyMs": 5}
JSON = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"
TOOL_ID = "tooluse_mock_1"
STATUSES = {
    "bad-request": (400, "ValidationException"),
    "invalid-key": (403, "UnrecognizedClientException"),
    "forbidden": (403, "AccessDeniedException"),
    "rate-limit": (429, "ThrottlingException"),
    "server-error": (500, "InternalServerException"),
    "overloaded": (503, "ServiceUnavailableException"),
}


def prompt_of(request: Request) -> str:
    """The last text of the user."""
    return last_text(
        block
        for message in request.body.get("messages", [])
        for block in message["content"]
        if message["role"] == "user"
    )


def reply(request: Request) -> Answer:
    """The reply, or the call of the first tool where the request has any and no result yet."""
    tool = None if _has_tool_result(request) else _first_tool(request)
    if request.path.endswith("/converse-stream"):
        events = _tool_events(tool) if tool else _text_events(request.reply or reply_text(prompt_of(request)))
        return Answer(200, EVENT_STREAM, tuple(events), streamed=True)
    block = {"toolUse": _tool_use(tool)} if tool else {"text": request.reply or reply_text(prompt_of(request))}
    body = {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": "tool_use" if tool else "end_turn",
        "usage": USAGE,
        "metrics": METRICS,
    }
    return Answer(200, JSON, (json.dumps(body).encode(),))


def refuse(failure: Failure) -> Answer:
    """An error as Bedrock reports it: the kind stands in a header."""
    status, kind = STATUSES[failure.name]
    body = json.dumps({"message": failure.message}).encode()
    return Answer(status, JSON, (body,), (("x-amzn-errortype", kind), *failure.headers))


def error_chunk(failure: Failure, number: int) -> bytes:
    """An exception frame."""
    _, name = STATUSES[failure.name]
    return event_stream.encode_exception(name[0].lower() + name[1:], failure.message)


def joined(good: Answer) -> Answer:
    """All frames in one chunk."""
    return replace(good, chunks=(b"".join(good.chunks),))


def bytewise(good: Answer) -> Answer:
    """Each byte in its own chunk."""
    return replace(good, chunks=tuple(bytes([one]) for one in b"".join(good.chunks)))


def bad_prelude(good: Answer) -> Answer:
    """A frame in the middle whose lengths do not fit their checksum."""
    return _spoiled(good, event_stream.spoil_prelude_checksum)


def bad_checksum(good: Answer) -> Answer:
    """A frame in the middle that does not fit its checksum."""
    return _spoiled(good, event_stream.spoil_message_checksum)


def _spoiled(good: Answer, spoil: Callable[[bytes], bytes]) -> Answer:
    chunks = list(good.chunks)
    middle = len(chunks) // 2
    chunks[middle] = spoil(chunks[middle])
    return replace(good, chunks=tuple(chunks))


def _has_tool_result(request: Request) -> bool:
    last = request.body.get("messages", [])[-1:]
    return any("toolResult" in block for message in last for block in message["content"])


def _first_tool(request: Request) -> dict[str, Any] | None:
    tools = request.body.get("toolConfig", {}).get("tools", [])
    return tools[0]["toolSpec"] if tools else None


def _tool_use(tool: dict[str, Any]) -> dict[str, Any]:
    names = tool["inputSchema"]["json"].get("properties", {})
    return {"toolUseId": TOOL_ID, "name": tool["name"], "input": {name: "mock" for name in names}}


def _text_events(text: str) -> Iterator[bytes]:
    event = event_stream.encode_event
    yield event("messageStart", {"role": "assistant"})
    for word in in_words(text):
        yield event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}})
    yield event("contentBlockStop", {"contentBlockIndex": 0})
    yield event("messageStop", {"stopReason": "end_turn"})
    yield event("metadata", {"usage": USAGE, "metrics": METRICS})


def _tool_events(tool: dict[str, Any]) -> Iterator[bytes]:
    event = event_stream.encode_event
    use = _tool_use(tool)
    arguments = json.dumps(use.pop("input"))
    middle = len(arguments) // 2
    yield event("messageStart", {"role": "assistant"})
    yield event("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}})
    for piece in (arguments[:middle], arguments[middle:]):
        delta = {"toolUse": {"input": piece}}
        yield event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield event("contentBlockStop", {"contentBlockIndex": 0})
    yield event("messageStop", {"stopReason": "tool_use"})
    yield event("metadata", {"usage": USAGE, "metrics": METRICS})


API = Api(
    path=re.compile(r"/model/[^/]+/converse(-stream)?"),
    prompt=prompt_of,
    reply=reply,
    refuse=refuse,
    error_chunk=error_chunk,
    broken_chunk=b"\x00\x00\x00\x10 is not a frame",
    faults={
        "joined": joined,
        "bytewise": bytewise,
        "bad-prelude": bad_prelude,
        "bad-checksum": bad_checksum,
    },
)
