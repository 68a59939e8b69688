"""Chat completions of the mock upstream, good and faulty, through the official client."""

import http.client
import json
from urllib.parse import urlsplit

import openai
import pytest


def ask(client, prompt):
    messages = [{"role": "user", "content": prompt}]
    return client.chat.completions.create(model="mock", messages=messages)


def ask_for_stream(client, prompt):
    messages = [{"role": "user", "content": prompt}]
    return list(client.chat.completions.create(model="mock", messages=messages, stream=True))


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def ends(chunks):
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    return [reason for reason in reasons if reason]


both_ways = pytest.mark.parametrize("call", [ask, ask_for_stream])


def test_chat_replies_with_the_prompt(openai_client):
    answer = ask(openai_client, "ping 17")

    assert answer.model == "mock"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == "You wrote: ping 17"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 18


def test_chat_stream_replies_word_by_word(openai_client):
    chunks = ask_for_stream(openai_client, "ping 17")

    words = [chunk.choices[0].delta.content for chunk in chunks]
    assert words == ["", "You ", "wrote: ", "ping ", "17", None]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert ends(chunks) == ["stop"]
    assert [chunk.usage for chunk in chunks] == [None] * 6


def test_chat_stream_reports_its_usage_last_when_asked(openai_client):
    messages = [{"role": "user", "content": "ping 17"}]
    options = {"stream": True, "stream_options": {"include_usage": True}}

    stream = openai_client.chat.completions.create(model="mock", messages=messages, **options)
    *_, last = stream

    assert (last.choices, last.usage.total_tokens) == ([], 18)


def test_chat_replies_to_the_last_text_of_the_user(openai_client):
    image = {"type": "image_url", "image_url": {"url": "http://localhost/a.png"}}
    messages = [
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": [image]},
    ]

    answer = openai_client.chat.completions.create(model="mock", messages=messages)

    assert answer.choices[0].message.content == "You wrote: two"


def test_chat_replies_to_the_last_text_of_a_list(openai_client):
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    assert ask(openai_client, parts).choices[0].message.content == "You wrote: two"


def test_chat_replies_to_a_request_without_user(openai_client):
    messages = [{"role": "system", "content": "Be brief."}]

    answer = openai_client.chat.completions.create(model="mock", messages=messages)

    assert answer.choices[0].message.content == "You wrote: "



@both_ways
@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("bad-request", openai.BadRequestError, 400),
        ("invalid-key", openai.AuthenticationError, 401),
        ("forbidden", openai.PermissionDeniedError, 403),
        ("rate-limit", openai.RateLimitError, 429),
        ("server-error", openai.InternalServerError, 500),
        ("overloaded", openai.InternalServerError, 503),
    ],
)
def test_chat_reports_a_failure(openai_client, call, fault, error, status):
    with pytest.raises(error) as raised:
        call(openai_client, f"fault={fault}")

    assert raised.value.status_code == status


@both_ways
def test_chat_rate_limit_names_the_time_to_retry(openai_client, call):
    with pytest.raises(openai.RateLimitError) as raised:
        call(openai_client, "fault=rate-limit")

    assert raised.value.response.headers["retry-after"] == "7"


def test_chat_failure_has_a_code(openai_client):
    with pytest.raises(openai.RateLimitError) as raised:
        ask(openai_client, "fault=rate-limit")

    error = raised.value
    assert (error.code, error.type) == ("rate_limit_exceeded", "requests")


@pytest.mark.parametrize("body", ["{", "[]", '{"messages": [{"role": "user"}]}'])
def test_chat_reports_a_broken_request(mock_upstream, body):
    connection = http.client.HTTPConnection(urlsplit(mock_upstream.url).netloc, timeout=10)
    connection.request("POST", "/v1/chat/completions", body)
    response = connection.getresponse()
    error = json.load(response)["error"]
    connection.close()

    assert (response.status, error["type"]) == (400, "invalid_request_error")


@both_ways
@pytest.mark.parametrize(
    ("fault", "error"),
    [("late", openai.APITimeoutError), ("reset", openai.APIConnectionError)],
)
def test_chat_reports_a_lost_connection(openai_client, call, fault, error):
    with pytest.raises(error):
        call(openai_client.with_options(timeout=1), f"fault={fault}")


def test_chat_reports_a_body_that_is_cut(openai_client):
    with pytest.raises(openai.APIConnectionError):
        ask(openai_client, "fault=cut")


def test_chat_reports_a_stream_that_is_cut(openai_client):
    # It is the client's own error, or before that of its HTTP library (httpx.ReadError).
    with pytest.raises(Exception) as raised:
        ask_for_stream(openai_client, "fault=cut")

    assert type(raised.value).__name__ in ("APIConnectionError", "ReadError")


@pytest.mark.parametrize("fault", ["incomplete", "malformed"])
def test_chat_reports_a_broken_body(openai_client, fault):
    with pytest.raises(json.JSONDecodeError):
        ask(openai_client, f"fault={fault}")


def test_chat_reports_a_broken_stream(openai_client):
    with pytest.raises(json.JSONDecodeError):
        ask_for_stream(openai_client, "fault=malformed")


def test_chat_incomplete_stream_has_no_end(openai_client):
    assert ends(ask_for_stream(openai_client, "one two three fault=incomplete")) == []


def test_chat_error_in_a_stream_is_raised(openai_client):
    with pytest.raises(openai.APIError, match="the provider failed"):
        ask_for_stream(openai_client, "fault=error-in-stream")


def test_chat_error_without_a_stream_is_plain(openai_client):
    with pytest.raises(openai.InternalServerError):
        ask(openai_client, "fault=error-in-stream")


def test_chat_page_of_html_is_not_an_answer(openai_client):
    assert ask(openai_client, "fault=wrong-type") == "<html><body>Bad gateway</body></html>"
    assert ask_for_stream(openai_client, "fault=wrong-type") == []


def test_chat_slow_answer_arrives_whole(openai_client):
    assert ask(openai_client, "fault=drip").choices[0].message.content == "byte by byte"
    assert text_of(ask_for_stream(openai_client, "fault=drip")) == "byte by byte"


@both_ways
def test_chat_oversized_answer_arrives_whole(openai_client, call):
    answer = call(openai_client, "fault=oversized")

    text = text_of(answer) if call is ask_for_stream else answer.choices[0].message.content
    assert len(text) == 512 * 1024
