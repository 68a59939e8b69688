"""Each fault of the mock upstream, as the official client of Bedrock meets it."""

import botocore.exceptions
import pytest
from botocore.eventstream import ChecksumMismatch
from urllib3.exceptions import ProtocolError

FAILURES = [
    ("bad-request", 400, "ValidationException"),
    ("invalid-key", 403, "UnrecognizedClientException"),
    ("forbidden", 403, "AccessDeniedException"),
    ("rate-limit", 429, "ThrottlingException"),
    ("server-error", 500, "InternalServerException"),
    ("overloaded", 503, "ServiceUnavailableException"),
]


def fault_in(response):
    return response["ResponseMetadata"]["HTTPHeaders"].get("x-mock-fault")


def converse(client, prompt):
    messages = [{"role": "user", "content": [{"text": prompt}]}]
    return client.converse(modelId="mock", messages=messages)


def converse_stream(client, prompt):
    messages = [{"role": "user", "content": [{"text": prompt}]}]
    return list(client.converse_stream(modelId="mock", messages=messages)["stream"])


def text_of(events):
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    return "".join(delta["delta"]["text"] for delta in deltas)


both_ways = pytest.mark.parametrize("call", [converse, converse_stream])


@both_ways
@pytest.mark.parametrize(("fault", "status", "code"), FAILURES)
def test_bedrock_reports_a_failure(faulty_bedrock, call, fault, status, code):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(faulty_bedrock, f"fault={fault}")

    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["Error"]["Code"] == code


def test_bedrock_rate_limit_says_when_to_retry(faulty_bedrock):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        converse(faulty_bedrock, "fault=rate-limit")

    headers = raised.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["retry-after"] == "7"


@pytest.mark.parametrize("way", ["joined", "bytewise"])
def test_bedrock_stream_is_the_same_in_other_chunks(faulty_bedrock, way):
    prompt = f"ping fault={way}"
    messages = [{"role": "user", "content": [{"text": prompt}]}]
    response = faulty_bedrock.converse_stream(modelId="mock", messages=messages)

    assert fault_in(response) == way
    assert text_of(response["stream"]) == f"You wrote: {prompt}"


def test_bedrock_slow_stream_arrives_whole(faulty_bedrock):
    assert text_of(converse_stream(faulty_bedrock, "fault=drip")) == "byte by byte"


def test_bedrock_paused_stream_goes_on(faulty_bedrock, mock_upstream):
    messages = [{"role": "user", "content": [{"text": "one two fault=paused"}]}]
    events = iter(faulty_bedrock.converse_stream(modelId="mock", messages=messages)["stream"])

    with mock_upstream.paused():
        first = [next(events), next(events)]

    assert text_of([*first, *events]) == "You wrote: one two fault=paused"


@both_ways
def test_bedrock_late_answer_exceeds_the_timeout(hasty_bedrock, call):
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        call(hasty_bedrock, "fault=late")


@both_ways
def test_bedrock_reset_closes_the_connection(faulty_bedrock, call):
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        call(faulty_bedrock, "fault=reset")


def test_bedrock_cut_closes_the_connection(faulty_bedrock):
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        converse(faulty_bedrock, "fault=cut")


def test_bedrock_cut_closes_the_stream(faulty_bedrock):
    with pytest.raises(ProtocolError):
        converse_stream(faulty_bedrock, "fault=cut")


@pytest.mark.parametrize("fault", ["incomplete", "malformed", "wrong-type"])
def test_bedrock_unreadable_answer_has_no_output(faulty_bedrock, fault):
    assert "output" not in converse(faulty_bedrock, f"fault={fault}")


def test_bedrock_incomplete_stream_has_no_end(faulty_bedrock):
    events = [
        next(iter(event))
        for event in converse_stream(faulty_bedrock, "fault=incomplete")
    ]

    assert events == ["messageStart", "contentBlockDelta", "contentBlockDelta"]


@pytest.mark.parametrize(
    "fault", ["malformed", "wrong-type", "bad-prelude", "bad-checksum"]
)
def test_bedrock_unreadable_stream_is_refused(faulty_bedrock, fault):
    with pytest.raises(ChecksumMismatch):
        converse_stream(faulty_bedrock, f"fault={fault}")


def test_bedrock_error_in_a_stream_is_raised(faulty_bedrock):
    with pytest.raises(
        botocore.exceptions.EventStreamError, match="the provider failed"
    ):
        converse_stream(faulty_bedrock, "fault=error-in-stream")


def test_bedrock_error_without_a_stream_is_plain(faulty_bedrock):
    with pytest.raises(botocore.exceptions.ClientError, match="the provider failed"):
        converse(faulty_bedrock, "fault=error-in-stream")


def test_bedrock_oversized_answer_arrives_whole(faulty_bedrock):
    response = converse(faulty_bedrock, "fault=oversized")

    assert fault_in(response) == "oversized"
    (block,) = response["output"]["message"]["content"]
    assert len(block["text"]) == 512 * 1024


def test_bedrock_unknown_fault_is_refused(faulty_bedrock):
    with pytest.raises(
        botocore.exceptions.ClientError, match="no fault has the name nap"
    ):
        converse(faulty_bedrock, "fault=nap")
