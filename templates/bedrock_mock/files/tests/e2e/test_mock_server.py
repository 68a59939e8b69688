"""The HTTP server of the mock upstream, over raw connections."""

import http.client
import json
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from mock_upstream import server
from mock_upstream.answers import Answer
from mock_upstream.server import MockUpstream

GOOD = Answer(200, "text/plain", (b"one ", b"two"))


@contextmanager
def connection_to(answer, timeout=10):
    """A connection to a mock upstream that always gives this answer."""
    with MockUpstream(lambda request: answer) as upstream:
        place = urlsplit(upstream.url)
        connection = http.client.HTTPConnection(
            place.hostname, place.port, timeout=timeout
        )
        connection.upstream = upstream
        try:
            yield connection
        finally:
            connection.close()


def get(connection):
    connection.request("GET", "/")
    return connection.getresponse()


def test_server_sends_status_headers_and_body():
    answer = Answer(429, "text/plain", (b"wait",), headers=(("retry-after", "7"),))

    with connection_to(answer) as connection:
        response = get(connection)

        assert response.status == 429
        assert response.headers["content-type"] == "text/plain"
        assert response.headers["retry-after"] == "7"
        assert response.headers["content-length"] == "4"
        assert response.read() == b"wait"


def test_server_sends_a_stream_in_its_chunks():
    streamed = Answer(200, "text/plain", (b"one ", b"two"), streamed=True)

    with connection_to(streamed) as connection:
        response = get(connection)

        assert response.headers["transfer-encoding"] == "chunked"
        assert [response.read1(), response.read1()] == [b"one ", b"two"]


def test_server_keeps_the_connection_open():
    with connection_to(GOOD) as connection:
        get(connection).read()
        first = connection.sock
        get(connection).read()

        assert connection.sock is first


def test_server_records_each_request():
    with connection_to(GOOD) as connection:
        connection.request(
            "POST", "/v1/chat?key=1", json.dumps({"n": 1}), {"X-Id": "a"}
        )
        connection.getresponse().read()
        get(connection).read()

        first, second = connection.upstream.requests
        assert (first.path, first.body, first.headers["x-id"]) == (
            "/v1/chat",
            {"n": 1},
            "a",
        )
        assert (second.path, second.body) == ("/", {})


def test_server_records_a_body_that_is_not_json():
    with connection_to(GOOD) as connection:
        connection.request("POST", "/", b"{")

        assert connection.getresponse().status == 200
        assert connection.upstream.requests[0].body is None


def test_server_answers_500_where_there_is_no_answer():
    def fail(request):
        raise KeyError("messages")

    with MockUpstream(fail) as upstream:
        connection = http.client.HTTPConnection(urlsplit(upstream.url).netloc, timeout=10)
        response = get(connection)

        assert (response.status, response.read()) == (500, b"KeyError('messages')")
        connection.close()


def test_server_takes_a_body_in_several_pieces():
    body = json.dumps({"text": "x" * 200_000})

    with connection_to(GOOD) as connection:
        connection.request("POST", "/", body)
        connection.getresponse().read()

        assert connection.upstream.requests[0].body == json.loads(body)


def test_server_holds_the_status_back():
    with connection_to(Answer(200, "text/plain", (b"",), wait_s=30), 0.2) as connection:
        with pytest.raises(TimeoutError):
            get(connection)


def test_server_stops_while_an_answer_is_held_back(caplog):
    with connection_to(Answer(200, "text/plain", (b"",), wait_s=30), 0.2) as connection:
        with pytest.raises(TimeoutError):
            get(connection)

    assert caplog.messages == []


def test_server_holds_each_chunk_back():
    slow = Answer(200, "text/plain", (b"a", b"b", b"c"), streamed=True, gap_s=0.05)

    with connection_to(slow) as connection:
        start = time.monotonic()
        body = get(connection).read()

    assert body == b"abc"
    assert time.monotonic() - start >= 0.15


@pytest.mark.parametrize("pause_at", [0, 1])
def test_server_pauses_before_a_chunk(pause_at):
    paused = Answer(200, "text/plain", (b"a", b"b"), streamed=True, pause_at=pause_at)

    with connection_to(paused) as connection:
        connection.request("GET", "/")
        with connection.upstream.paused():
            response = connection.getresponse()
            first = response.read1() if pause_at else b""

        assert first + response.read() == b"ab"


def test_server_notices_that_a_pause_ended_by_itself(monkeypatch):
    monkeypatch.setattr(server, "PAUSE_S", 0.01)
    paused = Answer(200, "text/plain", (b"a",), streamed=True, pause_at=0)

    with connection_to(paused) as connection:
        connection.request("GET", "/")
        with pytest.raises(TimeoutError, match="paused for 0.01 s"):
            with connection.upstream.paused():
                assert connection.getresponse().read() == b"a"


def test_server_resets_before_the_status():
    with connection_to(Answer(200, "text/plain", (b"",), silent=True)) as connection:
        with pytest.raises(ConnectionResetError):
            get(connection)


def test_server_resets_in_the_body():
    with connection_to(Answer(200, "text/plain", (b"half",), missing=4)) as connection:
        response = get(connection)

        assert response.headers["content-length"] == "8"
        with pytest.raises(ConnectionResetError):
            response.read()


def test_server_resets_in_a_stream():
    cut = Answer(200, "text/plain", (b"half",), streamed=True, missing=1)

    with connection_to(cut) as connection:
        response = get(connection)

        with pytest.raises(ConnectionResetError):
            response.read()


def test_server_survives_a_client_that_is_not_http():
    with connection_to(GOOD) as connection:
        with socket.create_connection((connection.host, connection.port)) as stranger:
            stranger.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert stranger.recv(1) == b""

        assert get(connection).status == 200


def test_server_frees_its_port():
    with MockUpstream(lambda request: GOOD) as upstream:
        place = urlsplit(upstream.url)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port))


def test_server_takes_the_port_that_is_asked_for():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with MockUpstream(lambda request: GOOD, port) as upstream:
        assert upstream.url == f"http://127.0.0.1:{port}"
