"""The HTTP server of the mock upstream: asyncio, with h11 for the protocol."""

import asyncio
import contextlib
import json
import queue
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import h11

from .answers import Answer, Request

RECEIVE_BYTES = 65536
PAUSE_S = 30
NO_LINGER = struct.pack("ii", 1, 0)


class MockUpstream:
    """Serves on a port of the loopback, by default a free one, while it is entered.

    A request for which there is an exception in place of an answer gets it, with 500.

    Attributes:
        requests: Every request, in the order of arrival.
    """

    def __init__(
        self, answer: Callable[[Request], Answer], port: int = 0, host: str = "127.0.0.1"
    ):
        self.requests: list[Request] = []
        self._answer = answer
        self._pauses: queue.SimpleQueue[asyncio.Event] = queue.SimpleQueue()
        self._place = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "MockUpstream":
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(self._start(), self._loop)
        self._server = starting.result(timeout=10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where it is reached."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Waits until an answer is paused; it goes on at the end of the block.

        Raises:
            queue.Empty: No answer is paused.
            TimeoutError: The answer went on before the end of the block.
        """
        resumed = self._pauses.get(timeout=PAUSE_S)
        try:
            yield
            if resumed.is_set():
                raise TimeoutError(f"the answer was paused for {PAUSE_S} s")
        finally:
            self._loop.call_soon_threadsafe(resumed.set)

    def _answer_to(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Exception as error:
            return Answer(500, "text/plain", (repr(error).encode(),))

    async def _pause(self) -> None:
        resumed = asyncio.Event()
        self._loop.call_later(PAUSE_S, resumed.set)
        self._pauses.put(resumed)
        await resumed.wait()

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, *self._place)

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            while request := await _receive(connection, reader):
                self.requests.append(request)
                await _send(self._answer_to(request), connection, writer, self._pause)
                connection.start_next_cycle()
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # The client is gone, the answer is a reset, or the server stops.
        finally:
            writer.close()


async def _receive(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> Request | None:
    """The next request; None where the client has closed the connection."""
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(RECEIVE_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            headers = {name.decode(): value.decode() for name, value in head.headers}
            path = head.target.decode().split("?")[0]
            return Request(path, headers, _json_of(body or b"{}"))
        else:
            return None


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _send(
    answer: Answer,
    connection: h11.Connection,
    writer: asyncio.StreamWriter,
    pause: Callable[[], Awaitable[None]],
) -> None:
    await asyncio.sleep(answer.wait_s)
    if answer.silent:
        _reset(writer)
    headers = [("content-type", answer.content_type), *answer.headers]
    if not answer.streamed:
        length = sum(len(chunk) for chunk in answer.chunks) + answer.missing
        headers.append(("content-length", str(length)))
    head = h11.Response(status_code=answer.status, headers=headers)
    writer.write(connection.send(head))
    for number, chunk in enumerate(answer.chunks):
        if number == answer.pause_at:
            await pause()
        await asyncio.sleep(answer.gap_s)
        writer.write(connection.send(h11.Data(data=chunk)))
        await writer.drain()
    if answer.missing:
        _reset(writer)
    writer.write(connection.send(h11.EndOfMessage()))
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection with a TCP reset.

    Raises:
        ConnectionResetError: Always.
    """
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()
    raise ConnectionResetError
