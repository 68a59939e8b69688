"""A gateway for the tests: a plain relay with the paths of the real one, and faults by name.

It takes the place of Envoy among named binaries; STANDIN_WRONG has the names of its faults.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host"}
TIMEOUT_S = 2.0
NO_LINGER = struct.pack("ii", 1, 0)
WRONG = {
    "swallows-errors": "an error of the upstream becomes an empty answer with 200",
    "drops-retry-after": "the header is lost",
    "hides-timeouts": "a late upstream gives an empty answer with 200",
    "hides-resets": "so does one that resets the connection",
    "ends-cleanly": "an answer that was cut ends as if it were whole",
    "truncates": "no more than 64 KiB of an answer are passed on",
    "holds-streams": "a stream is passed on once it has ended",
    "drops-events": "an event of a stream that reports an error is left out",
    "crosses-answers": "two requests at once get each other's answer",
    "forgets-turns": "only the last message of a conversation is passed on",
    "one-at-a-time": "a request waits for the end of the one before",
    "leaks-connections": "connections to the upstream are never closed",
    "leaks-cancelled": "those of clients that went away are never closed",
}
GENERATOR = """
import os, re
from pathlib import Path
config = Path(os.environ["PLANO_CONFIG_FILE"]).read_text()
port, upstream = re.search(r"port: (\\d+)", config)[1], re.search(r"base_url: (\\S+)", config)[1]
envoy = f"port_value: {port}\\nport_value: 12001\\n# upstream: {upstream}\\n"
Path(os.environ["ENVOY_CONFIG_FILE_RENDERED"]).write_text(envoy)
Path(os.environ["PLANO_CONFIG_FILE_RENDERED"]).touch()
"""


class Relay(ThreadingHTTPServer):
    """Serves on a free port of the loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, upstream: str, wrong: set[str]) -> None:
        super().__init__(("127.0.0.1", port), Passing)
        place = urlsplit(upstream)
        self.upstream = (place.hostname or "", place.port or 80)
        self.wrong = wrong
        self.leaked: list[object] = []
        self.turn = threading.Lock()
        self.crossing = threading.Condition()
        self.waiting: list[dict[str, bytes]] = []

    def crossed(self, body: bytes) -> bytes:
        """The body of another request that is here at the same time, else this one."""
        mine = {"body": body, "other": b""}
        with self.crossing:
            if self.waiting:
                other = self.waiting.pop()
                other["other"], mine["other"] = body, other["body"]
                self.crossing.notify_all()
            else:
                self.waiting.append(mine)
                self.crossing.wait_for(lambda: mine["other"], timeout=0.3)
                if mine in self.waiting:
                    self.waiting.remove(mine)
        return mine["other"] or body


class Passing(BaseHTTPRequestHandler):
    """Passes one request on, and its answer back."""

    protocol_version = "HTTP/1.1"
    client_left = False
    server: Relay

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests read what clients see."""

    def do_GET(self) -> None:
        """The health check."""
        self.reply(200 if self.path == "/healthz" else 404, b"")

    def do_POST(self) -> None:
        """A request for a model."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path not in PATHS:
            self.reply(404, b"")
        elif "one-at-a-time" in self.server.wrong:
            with self.server.turn:
                self.pass_on(body)
        else:
            self.pass_on(body)

    def pass_on(self, body: bytes) -> None:
        """One request to the upstream; its failures become 503 and 504."""
        wrong = self.server.wrong
        if "crosses-answers" in wrong:
            body = self.server.crossed(body)
        if "forgets-turns" in wrong:
            body = last_turn(body)
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=TIMEOUT_S)
        try:
            upstream.request("POST", self.path, body, {"content-type": "application/json"})
            answer = upstream.getresponse()
        except TimeoutError:
            self.reply(200 if "hides-timeouts" in wrong else 504, b"")
        except (OSError, http.client.HTTPException):
            self.reply(200 if "hides-resets" in wrong else 503, b"")
        else:
            self.pass_back(answer)
        left = "leaks-cancelled" in wrong and self.client_left
        if left or "leaks-connections" in wrong:
            self.server.leaked.append((upstream, self.connection))
        else:
            upstream.close()

    def pass_back(self, answer: http.client.HTTPResponse) -> None:
        """Status, headers and body as they come."""
        wrong = self.server.wrong
        if "swallows-errors" in wrong and answer.status >= 400:
            self.reply(200, b"")
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            lost = name.lower() == "retry-after" and "drops-retry-after" in wrong
            if name.lower() not in HOP_BY_HOP and not lost:
                self.send_header(name, value)
        length = answer.getheader("content-length")
        cleanly = "ends-cleanly" in wrong or "truncates" in wrong
        if length and not cleanly:
            self.send_header("content-length", length)
        else:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        framed = not length or cleanly
        try:
            for chunk in self.chunks(answer):
                self.send_on(b"%x\r\n%s\r\n" % (len(chunk), chunk) if framed else chunk)
        except (OSError, http.client.HTTPException):
            if "ends-cleanly" not in wrong:
                self.reset()
                return
        if framed:
            self.send_on(b"0\r\n\r\n")

    def send_on(self, data: bytes) -> None:
        """Sends to the client, and notices that it left."""
        try:
            self.wfile.write(data)
        except OSError:
            self.client_left = True
            raise

    def chunks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        """The body as it comes, or what a fault makes of it."""
        wrong = self.server.wrong
        if "truncates" in wrong:
            yield answer.read(65536)
            return
        held = []
        while chunk := answer.read1(65536):
            if "drops-events" in wrong and b"the provider failed" in chunk:
                continue
            if "holds-streams" in wrong:
                held.append(chunk)
            else:
                yield chunk
        yield from [b"".join(held)] if held else []

    def reply(self, status: int, body: bytes) -> None:
        """An answer of the gateway itself."""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """The connection ends with a TCP reset, as the one to the upstream did."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.close_connection = True
        self.connection.close()


def last_turn(body: bytes) -> bytes:
    """The request with the last message of its conversation alone."""
    request = json.loads(body)
    for name in ("messages", "input"):
        if isinstance(request.get(name), list):
            request[name] = request[name][-1:]
    return json.dumps(request).encode()


def main() -> None:
    """Serve as the configuration asks, until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", required=True, help="what GENERATOR wrote")
    options, _ = parser.parse_known_args()
    config = Path(options.c).read_text("utf-8")
    port = int(re.findall(r"port_value: (\d+)", config)[0])
    upstream = re.findall(r"# upstream: (\S+)", config)[0]
    wrong = set(os.environ.get("STANDIN_WRONG", "").split())
    assert wrong <= WRONG.keys(), wrong - WRONG.keys()
    Relay(port, upstream, wrong).serve_forever()


if __name__ == "__main__":
    main()
