"""Messages of the mock upstream, good and faulty, through the official client."""

import json

import anthropic
import pytest


def ask(client, prompt):
    messages = [{"role": "user", "content": prompt}]
    return client.messages.create(model="mock", max_tokens=9, messages=messages)


def ask_for_stream(client, prompt):
    messages = [{"role": "user", "content": prompt}]
    options = {"model": "mock", "max_tokens": 9, "messages": messages}
    return list(client.messages.create(stream=True, **options))


def text_of(events):
    deltas = [event for event in events if event.type == "content_block_delta"]
    return "".join(event.delta.text for event in deltas)


def ends(events):
    return [event.type for event in events if event.type == "message_stop"]


both_ways = pytest.mark.parametrize("call", [ask, ask_for_stream])


def test_messages_replies_with_the_prompt(anthropic_client):
    answer = ask(anthropic_client, "ping 17")

    assert (answer.model, answer.role) == ("mock", "assistant")
    assert answer.content[0].text == "You wrote: ping 17"
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 7)


def test_messages_stream_replies_word_by_word(anthropic_client):
    events = ask_for_stream(anthropic_client, "ping 17")

    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 4,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert text_of(events) == "You wrote: ping 17"
    assert {event.index for event in events[1:7]} == {0}


def test_messages_stream_reports_its_end(anthropic_client):
    events = ask_for_stream(anthropic_client, "ping 17")

    start = events[0].message
    assert (start.content, start.stop_reason, start.usage.output_tokens) == ([], None, 0)
    assert events[-2].delta.stop_reason == "end_turn"
    assert events[-2].usage.output_tokens == 7


def test_messages_replies_to_the_last_text_of_the_user(anthropic_client):
    blocks = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    messages = [
        {"role": "user", "content": blocks},
        {"role": "assistant", "content": "three"},
    ]

    answer = anthropic_client.messages.create(model="mock", max_tokens=9, messages=messages)

    assert answer.content[0].text == "You wrote: two"


def test_messages_replies_to_a_request_without_user(anthropic_client):
    messages = [{"role": "assistant", "content": "three"}]

    answer = anthropic_client.messages.create(model="mock", max_tokens=9, messages=messages)

    assert answer.content[0].text == "You wrote: "



@both_ways
@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("bad-request", anthropic.BadRequestError, 400),
        ("invalid-key", anthropic.AuthenticationError, 401),
        ("forbidden", anthropic.PermissionDeniedError, 403),
        ("rate-limit", anthropic.RateLimitError, 429),
        ("server-error", anthropic.InternalServerError, 500),
        ("overloaded", anthropic.APIStatusError, 529),
    ],
)
def test_messages_reports_a_failure(anthropic_client, call, fault, error, status):
    with pytest.raises(error) as raised:
        call(anthropic_client, f"fault={fault}")

    assert raised.value.status_code == status


@both_ways
def test_messages_rate_limit_names_the_time_to_retry(anthropic_client, call):
    with pytest.raises(anthropic.RateLimitError) as raised:
        call(anthropic_client, "fault=rate-limit")

    assert raised.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("rate-limit", "rate_limit_error"), ("overloaded", "overloaded_error")],
)
def test_messages_failure_has_a_kind(anthropic_client, fault, kind):
    with pytest.raises(anthropic.APIStatusError) as raised:
        ask(anthropic_client, f"fault={fault}")

    assert raised.value.body["error"]["type"] == kind


@both_ways
@pytest.mark.parametrize(
    ("fault", "error"),
    [("late", anthropic.APITimeoutError), ("reset", anthropic.APIConnectionError)],
)
def test_messages_reports_a_lost_connection(anthropic_client, call, fault, error):
    with pytest.raises(error):
        call(anthropic_client.with_options(timeout=1), f"fault={fault}")


def test_messages_reports_a_body_that_is_cut(anthropic_client):
    with pytest.raises(anthropic.APIConnectionError):
        ask(anthropic_client, "fault=cut")


def test_messages_reports_a_stream_that_is_cut(anthropic_client):
    # It is the client's own error, or before that of its HTTP library (httpx.ReadError).
    with pytest.raises(Exception) as raised:
        ask_for_stream(anthropic_client, "fault=cut")

    assert type(raised.value).__name__ in ("APIConnectionError", "ReadError")


@pytest.mark.parametrize("fault", ["incomplete", "malformed"])
def test_messages_reports_a_broken_body(anthropic_client, fault):
    with pytest.raises(json.JSONDecodeError):
        ask(anthropic_client, f"fault={fault}")


def test_messages_reports_a_broken_stream(anthropic_client):
    with pytest.raises(json.JSONDecodeError):
        ask_for_stream(anthropic_client, "fault=malformed")


def test_messages_incomplete_stream_has_no_end(anthropic_client):
    assert ends(ask_for_stream(anthropic_client, "one two three fault=incomplete")) == []


def test_messages_error_in_a_stream_is_raised(anthropic_client):
    with pytest.raises(anthropic.APIStatusError, match="the provider failed"):
        ask_for_stream(anthropic_client, "fault=error-in-stream")


def test_messages_error_without_a_stream_is_plain(anthropic_client):
    with pytest.raises(anthropic.InternalServerError):
        ask(anthropic_client, "fault=error-in-stream")


def test_messages_page_of_html_is_not_an_answer(anthropic_client):
    assert ask(anthropic_client, "fault=wrong-type") == "<html><body>Bad gateway</body></html>"
    assert ask_for_stream(anthropic_client, "fault=wrong-type") == []


def test_messages_slow_answer_arrives_whole(anthropic_client):
    assert ask(anthropic_client, "fault=drip").content[0].text == "byte by byte"
    assert text_of(ask_for_stream(anthropic_client, "fault=drip")) == "byte by byte"


@both_ways
def test_messages_oversized_answer_arrives_whole(anthropic_client, call):
    answer = call(anthropic_client, "fault=oversized")

    text = text_of(answer) if call is ask_for_stream else answer.content[0].text
    assert len(text) == 512 * 1024
