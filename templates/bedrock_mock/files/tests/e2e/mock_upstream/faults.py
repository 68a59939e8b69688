"""The faults that a request may ask for, and what each does to a good answer."""

import importlib
import json
import pkgutil
from dataclasses import replace

from .answers import Answer, Request
from .api import Api, Failure, fault_of

LATE_S = 30.0
DRIP_S = 0.001
REPLIES = {"oversized": f"{'x' * 65535} " * 8, "drip": "byte by byte"}

FAILURES = {
    failure.name: failure
    for failure in (
        Failure("bad-request", "the request is not valid"),
        Failure("invalid-key", "the key is not valid"),
        Failure("forbidden", "the key does not allow this"),
        Failure("rate-limit", "too many requests", (("retry-after", "7"),)),
        Failure("server-error", "the provider failed"),
        Failure("overloaded", "the provider is overloaded"),
    )
}


def find_apis() -> list[Api]:
    """The API of each module of this package that has one."""
    package = importlib.import_module(__package__)
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [
        importlib.import_module(f"{__package__}.{name}")
        for name in names
        if name != "__main__"
    ]
    return [module.API for module in modules if hasattr(module, "API")]


def answer(request: Request) -> Answer:
    """The answer to a request, with the fault that its prompt asks for."""
    for api in find_apis():
        if api.path.fullmatch(request.path):
            return _answer_of(api, request)
    return _unknown(f"no API has the path {request.path}")


def _answer_of(api: Api, request: Request) -> Answer:
    try:
        name = fault_of(api.prompt(request))
    except (AttributeError, KeyError, TypeError):
        return api.refuse(FAILURES["bad-request"])  # not JSON, or not what this API takes
    good = api.reply(replace(request, reply=REPLIES.get(name, "")))
    answer = _faulty(api, name, good)
    mark = (("x-mock-fault", name),) if name else ()
    return replace(answer, headers=(*answer.headers, *mark))


def _faulty(api: Api, name: str, good: Answer) -> Answer:
    if name in ("", "oversized"):
        return good
    if name in FAILURES:
        return api.refuse(FAILURES[name])
    if name in api.faults:
        return api.faults[name](good)
    if name in FAULTS:
        return FAULTS[name](api, good)
    return _unknown(f"no fault has the name {name}")


def _unknown(message: str) -> Answer:
    body = json.dumps({"message": message}).encode()
    return Answer(404, "application/json", (body,))


def late(api: Api, good: Answer) -> Answer:
    """A good answer, too late."""
    return replace(good, wait_s=LATE_S)


def drip(api: Api, good: Answer) -> Answer:
    """A good answer that comes byte by byte."""
    chunks = tuple(bytes([byte]) for byte in body_of(good))
    return replace(good, chunks=chunks, gap_s=DRIP_S)


def paused(api: Api, good: Answer) -> Answer:
    """A good answer whose second half, or whose only chunk, is held back until it may go on."""
    return replace(good, pause_at=len(good.chunks) // 2)


def reset(api: Api, good: Answer) -> Answer:
    """The connection is reset before the status."""
    return replace(good, silent=True)


def cut(api: Api, good: Answer) -> Answer:
    """The connection is reset after half of the body."""
    half = first_half(good)
    return replace(
        good, chunks=half, missing=len(body_of(good)) - sum(map(len, half))
    )


def incomplete(api: Api, good: Answer) -> Answer:
    """The body ends cleanly after its first half."""
    return replace(good, chunks=first_half(good))


def malformed(api: Api, good: Answer) -> Answer:
    """The body is not what its content type promises."""
    if good.streamed:
        return replace(good, chunks=(*first_half(good), api.broken_chunk))
    return replace(good, chunks=(b'{"broken": ',))


def error_in_stream(api: Api, good: Answer) -> Answer:
    """A stream that reports an error after its first half, and ends; else a plain error."""
    if not good.streamed:
        return api.refuse(FAILURES["server-error"])
    half = first_half(good)
    chunk = api.error_chunk(FAILURES["server-error"], len(half))
    return replace(good, chunks=(*half, chunk))


def wrong_type(api: Api, good: Answer) -> Answer:
    """A page of HTML, as a proxy on the way would send it."""
    page = b"<html><body>Bad gateway</body></html>"
    return replace(good, content_type="text/html", chunks=(page,), streamed=False)


FAULTS = {
    "late": late,
    "drip": drip,
    "paused": paused,
    "reset": reset,
    "cut": cut,
    "incomplete": incomplete,
    "malformed": malformed,
    "error-in-stream": error_in_stream,
    "wrong-type": wrong_type,
}


def body_of(good: Answer) -> bytes:
    """The whole body."""
    return b"".join(good.chunks)


def first_half(good: Answer) -> tuple[bytes, ...]:
    """The first half of the chunks, or of the bytes where there is one chunk."""
    if len(good.chunks) > 1:
        return good.chunks[: len(good.chunks) // 2]
    return (good.chunks[0][: len(good.chunks[0]) // 2],)
