"""Responses of the mock upstream, good and faulty, through the official client."""

import json

import openai
import pytest


def ask(client, prompt):
    return client.responses.create(model="mock", input=prompt)


def ask_for_stream(client, prompt):
    return list(client.responses.create(model="mock", input=prompt, stream=True))


def text_of(events):
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    return "".join(event.delta for event in deltas)


def ends(events):
    return [event.type for event in events if event.type == "response.completed"]


both_ways = pytest.mark.parametrize("call", [ask, ask_for_stream])


def test_responses_replies_with_the_input(openai_client):
    answer = ask(openai_client, "ping 17")

    assert (answer.model, answer.status) == ("mock", "completed")
    assert answer.output_text == "You wrote: ping 17"
    assert answer.output[0].status == "completed"
    assert answer.usage.total_tokens == 18


def test_responses_stream_replies_word_by_word(openai_client):
    events = ask_for_stream(openai_client, "ping 17")

    assert [event.type.removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 4,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in events] == list(range(12))
    assert text_of(events) == events[8].text == "You wrote: ping 17"


def test_responses_stream_carries_the_response(openai_client):
    events = ask_for_stream(openai_client, "ping 17")

    first, last = events[0].response, events[-1].response
    assert (first.status, first.output, first.usage) == ("in_progress", [], None)
    assert events[1].response == first
    assert events[2].item.status == "in_progress"
    assert (last.status, last.output_text) == ("completed", "You wrote: ping 17")
    assert last.usage.total_tokens == 18


def test_responses_replies_to_the_last_text_of_the_user(openai_client):
    image = {"type": "input_image", "image_url": "http://localhost/a.png", "detail": "low"}
    items = [
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": [image]},
    ]

    assert ask(openai_client, items).output_text == "You wrote: two"


def test_responses_replies_to_the_last_text_of_a_list(openai_client):
    parts = [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]

    answer = ask(openai_client, [{"role": "user", "content": parts}])

    assert answer.output_text == "You wrote: two"


def test_responses_replies_to_an_empty_input(openai_client):
    assert ask(openai_client, []).output_text == "You wrote: "



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
def test_responses_reports_a_failure(openai_client, call, fault, error, status):
    with pytest.raises(error) as raised:
        call(openai_client, f"fault={fault}")

    assert raised.value.status_code == status


@both_ways
def test_responses_rate_limit_names_the_time_to_retry(openai_client, call):
    with pytest.raises(openai.RateLimitError) as raised:
        call(openai_client, "fault=rate-limit")

    assert raised.value.response.headers["retry-after"] == "7"


@both_ways
@pytest.mark.parametrize(
    ("fault", "error"),
    [("late", openai.APITimeoutError), ("reset", openai.APIConnectionError)],
)
def test_responses_reports_a_lost_connection(openai_client, call, fault, error):
    with pytest.raises(error):
        call(openai_client.with_options(timeout=1), f"fault={fault}")


def test_responses_reports_a_body_that_is_cut(openai_client):
    with pytest.raises(openai.APIConnectionError):
        ask(openai_client, "fault=cut")


def test_responses_reports_a_stream_that_is_cut(openai_client):
    # It is the client's own error, or before that of its HTTP library (httpx.ReadError).
    with pytest.raises(Exception) as raised:
        ask_for_stream(openai_client, "fault=cut")

    assert type(raised.value).__name__ in ("APIConnectionError", "ReadError")


@pytest.mark.parametrize("fault", ["incomplete", "malformed"])
def test_responses_reports_a_broken_body(openai_client, fault):
    with pytest.raises(json.JSONDecodeError):
        ask(openai_client, f"fault={fault}")


def test_responses_reports_a_broken_stream(openai_client):
    with pytest.raises(json.JSONDecodeError):
        ask_for_stream(openai_client, "fault=malformed")


def test_responses_incomplete_stream_has_no_end(openai_client):
    assert ends(ask_for_stream(openai_client, "one two three fault=incomplete")) == []


def test_responses_error_in_a_stream_is_an_event(openai_client):
    events = ask_for_stream(openai_client, "fault=error-in-stream")

    assert events[-1].type == "error"
    assert (events[-1].code, events[-1].message) == ("server_error", "the provider failed")
    assert events[-1].sequence_number == len(events) - 1
    assert ends(events) == []


def test_responses_error_without_a_stream_is_plain(openai_client):
    with pytest.raises(openai.InternalServerError):
        ask(openai_client, "fault=error-in-stream")


def test_responses_page_of_html_is_not_an_answer(openai_client):
    assert ask(openai_client, "fault=wrong-type") == "<html><body>Bad gateway</body></html>"
    assert ask_for_stream(openai_client, "fault=wrong-type") == []


def test_responses_slow_answer_arrives_whole(openai_client):
    assert ask(openai_client, "fault=drip").output_text == "byte by byte"
    assert text_of(ask_for_stream(openai_client, "fault=drip")) == "byte by byte"


@both_ways
def test_responses_oversized_answer_arrives_whole(openai_client, call):
    answer = call(openai_client, "fault=oversized")

    text = text_of(answer) if call is ask_for_stream else answer.output_text
    assert len(text) == 512 * 1024
