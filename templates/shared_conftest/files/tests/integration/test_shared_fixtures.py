"""Tests of the fixtures in tests/conftest.py, against a server on a free port."""

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Response


@pytest.fixture(scope="session")
def httpserver_listen_address():
    return ("127.0.0.1", 0)


def test_chat_request_holds_one_message_and_the_fields(chat_request):
    assert chat_request("hello", stream=True, model="gpt-4o") == {
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "model": "gpt-4o",
    }


@pytest.mark.parametrize("count", [1, 2, 5])
def test_get_data_chunks_reads_the_first_events(httpserver: HTTPServer, get_data_chunks, count):
    events = "".join(f'data: {{"n": {n}}}\n\n' for n in range(3))
    httpserver.expect_request("/stream").respond_with_data(events)
    with requests.get(httpserver.url_for("/stream"), stream=True, timeout=5) as stream:
        chunks = get_data_chunks(stream, n=count)
    assert chunks == [f'{{"n": {n}}}' for n in range(min(count, 3))]


def test_get_data_chunks_reads_one_event_by_default(httpserver: HTTPServer, get_data_chunks):
    httpserver.expect_request("/stream").respond_with_data("data: 1\n\ndata: 2\n\n")
    with requests.get(httpserver.url_for("/stream"), stream=True, timeout=5) as stream:
        chunks = get_data_chunks(stream)
    assert chunks == ["1"]


def test_get_data_chunks_refuses_a_line_without_data(httpserver: HTTPServer, get_data_chunks):
    httpserver.expect_request("/page").respond_with_data("<html>\n")
    with requests.get(httpserver.url_for("/page"), stream=True, timeout=5) as stream:
        with pytest.raises(AssertionError, match="not an event: <html>"):
            get_data_chunks(stream)


def test_wait_for_healthy_returns_at_the_first_200(httpserver: HTTPServer, wait_for_healthy):
    statuses = [503, 404, 200, 500]
    httpserver.expect_request("/healthz").respond_with_handler(
        lambda request: Response(status=statuses.pop(0))
    )
    wait_for_healthy(httpserver.url_for("/healthz"), timeout_s=5, pause_s=0.01)
    assert statuses == [500]


def test_wait_for_healthy_fails_with_the_last_status(httpserver: HTTPServer, wait_for_healthy):
    httpserver.expect_request("/healthz").respond_with_data(status=503)
    with pytest.raises(pytest.fail.Exception, match="healthy after 0.5 s: 503"):
        wait_for_healthy(httpserver.url_for("/healthz"), timeout_s=0.5, pause_s=0.01)
    assert len(httpserver.log) > 1, "expected more than one request before the deadline"


def test_wait_for_healthy_fails_where_nothing_answers(wait_for_healthy):
    with pytest.raises(pytest.fail.Exception, match="healthy after 0 s: .*refused"):
        wait_for_healthy("http://127.0.0.1:1/healthz", timeout_s=0, pause_s=0)
