"""A gateway for the tests: a plain relay with the paths of the real one, and faults by name.

It takes the place of Envoy among named binaries; STANDIN_WRONG has the names of its faults.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host"}
TIMEOUT_S = 4.0
GUARD_S = 60.0
PARTNER_S = 1.0
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
    "forgets-replies": "of the turns before, only those of the user are passed on",
    "mixes-conversations": "the newest conversation is gone on with, whichever was named",
    "keeps-turns-to-itself": "conversations are looked up in the memory of the gateway",
    "goes-on-with-unknown": "a turn after one that is not kept is passed on alone",
    "goes-on-in-an-outage": "so is one while the database is away",
    "stops-in-an-outage": "no turn at all is passed on while the database is away",
    "never-reconnects": "once the database was away, no turn is kept",
}
BRIGHTSTAFF = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Models(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

host, port = os.environ["BIND_ADDRESS"].split(":")
HTTPServer((host, int(port)), Models).serve_forever()
"""
"""The list of models is asked for before a stack counts as ready."""
GENERATOR = """
import os, re
from pathlib import Path
config = Path(os.environ["PLANO_CONFIG_FILE"]).read_text()
port, upstream = re.search(r"port: (\\d+)", config)[1], re.search(r"base_url: (\\S+)", config)[1]
database = (re.search('connection_string: "(.+)"', config) or ["", ""])[1]
comments = f"# upstream: {upstream}\\n# database: {database}\\n"
envoy = f"port_value: {port}\\nport_value: 12001\\n{comments}"
Path(os.environ["ENVOY_CONFIG_FILE_RENDERED"]).write_text(envoy)
Path(os.environ["PLANO_CONFIG_FILE_RENDERED"]).touch()
"""


class Turns:
    """Conversations in PostgreSQL."""

    def __init__(self, database: str, wrong: set[str]) -> None:
        self.database, self.wrong = database, wrong
        self.memory: dict[str, Any] = {}
        self.was_away = False

    def before(self, name: str) -> list[dict[str, str]]:
        """What was said up to a response; an unknown one is a KeyError."""
        where = "" if "mixes-conversations" in self.wrong else "WHERE response_id = :'name'"
        query = f"SELECT input_items FROM conversation_states {where} ORDER BY updated_at DESC"
        rows = self.sql(query, name=name)
        if "keeps-turns-to-itself" in self.wrong:
            return list(self.memory[name])
        if not rows:
            raise KeyError(name)
        turns: list[dict[str, str]] = json.loads(rows[0])
        forgotten = "assistant" if "forgets-replies" in self.wrong else ""
        return [turn for turn in turns if turn["role"] != forgotten]

    def keep(self, name: str, turns: list[dict[str, str]]) -> None:
        """Keeps what was said up to a response."""
        self.memory[name] = turns
        query = "INSERT INTO conversation_states VALUES (:'name', :'turns', 0, 'mock', 'mock')"
        self.sql(query, name=name, turns=json.dumps(turns))

    def sql(self, query: str, **values: str) -> list[str]:
        """The rows; OSError where the database is away."""
        words = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
        words = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *words, self.database]
        done = subprocess.run(words, input=query, capture_output=True, text=True)
        if done.returncode or ("never-reconnects" in self.wrong and self.was_away):
            self.was_away = True
            raise OSError(done.stderr)
        return done.stdout.splitlines()


class Relay(ThreadingHTTPServer):
    """Serves on a free port of the loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, upstream: str, database: str, wrong: set[str]) -> None:
        super().__init__(("127.0.0.1", port), Passing)
        place = urlsplit(upstream)
        self.upstream = (place.hostname or "", place.port or 80)
        self.wrong = wrong
        self.turns = Turns(database, wrong) if database else None
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
                self.crossing.wait_for(lambda: mine["other"], timeout=PARTNER_S)
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
        elif self.path == "/v1/responses" and self.server.turns:
            self.reply(*self.turn(json.loads(body), self.server.turns))
        elif "one-at-a-time" in self.server.wrong:
            with self.server.turn:
                self.pass_on(body)
        else:
            self.pass_on(body)

    def turn(self, request: dict[str, Any], turns: Turns) -> tuple[int, bytes, str]:
        """Status, body and type of the answer to one turn of a conversation that is kept."""
        wrong = self.server.wrong
        previous = request.pop("previous_response_id", "")
        before: list[dict[str, str]] = []
        try:
            before = turns.before(previous) if previous else []
        except KeyError:
            if "goes-on-with-unknown" not in wrong:
                return 409, b"no such response", "text/plain"
        except OSError:
            if "goes-on-in-an-outage" not in wrong:
                return 503, b"no database", "text/plain"
        request["input"] = [*before, {"role": "user", "content": request["input"]}]
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=GUARD_S)
        with contextlib.closing(upstream):
            upstream.request("POST", self.path, json.dumps(request))
            answer = upstream.getresponse()
            name = f"resp_{uuid.uuid4().hex}"
            data = answer.read().replace(b"resp_mock", name.encode())
        last = json.loads(data.strip().splitlines()[-1].removeprefix(b"data: "))
        text = last.get("response", last)["output"][0]["content"][0]["text"]
        try:
            turns.keep(name, [*request["input"], {"role": "assistant", "content": text}])
        except OSError:
            if "stops-in-an-outage" in wrong:
                return 503, b"no database", "text/plain"
        return 200, data, answer.getheader("content-type") or ""

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
            upstream.sock.settimeout(GUARD_S)  # only the status may not be late
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
        left = 65536 if "truncates" in wrong else sys.maxsize
        held = []
        while chunk := answer.read1(min(left, 65536)):
            left -= len(chunk)
            if "drops-events" in wrong and b"the provider failed" in chunk:
                continue
            if "holds-streams" in wrong:
                held.append(chunk)
            else:
                yield chunk
        yield from [b"".join(held)] if held else []

    def reply(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        """An answer of the gateway itself."""
        self.send_response(status)
        self.send_header("content-type", kind)
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
    database = re.findall(r"# database: (.*)", config)[0]
    wrong = set(os.environ.get("STANDIN_WRONG", "").split())
    assert wrong <= WRONG.keys(), wrong - WRONG.keys()
    Relay(port, upstream, database, wrong).serve_forever()


if __name__ == "__main__":
    main()
