"""What the mock upstream sends for each fault."""

import pytest

from mock_upstream import bedrock, faults
from mock_upstream.answers import Request


def request_of(fault, path="/model/mock/converse-stream"):
    messages = [{"role": "user", "content": [{"text": f"ping fault={fault}"}]}]
    return Request(path, {}, {"messages": messages})


@pytest.mark.parametrize("body", [None, [], {"messages": [{"role": "user"}]}])
def test_answer_of_a_broken_request_is_400(body):
    answer = faults.answer(Request("/model/mock/converse", {}, body))

    assert (answer.status, answer.chunks) == (400, (b'{"message": "the request is not valid"}',))


def test_answer_of_an_unknown_path_is_404():
    answer = faults.answer(request_of("late", "/v1/nothing"))

    assert (answer.status, answer.chunks) == (
        404,
        (b'{"message": "no API has the path /v1/nothing"}',),
    )


@pytest.mark.parametrize("fault", ["bad-prelude", "bad-checksum"])
def test_answer_spoils_the_middle_frame(fault):
    good = bedrock.reply(request_of(fault)).chunks

    spoiled = faults.answer(request_of(fault)).chunks

    differing = [place for place, (a, b) in enumerate(zip(good, spoiled)) if a != b]
    assert differing == [len(good) // 2]


plain_and_streamed = pytest.mark.parametrize(
    "path", ["/model/mock/converse", "/model/mock/converse-stream"]
)


@plain_and_streamed
def test_answer_that_is_cut_announces_the_whole_body(path):
    good = b"".join(bedrock.reply(request_of("cut", path)).chunks)

    answer = faults.answer(request_of("cut", path))

    sent = b"".join(answer.chunks)
    assert good.startswith(sent), f"expected the begin of {good}, got {sent}"
    assert (len(sent) > 0, len(sent) + answer.missing) == (True, len(good))


def test_answer_that_is_incomplete_is_half_of_the_bytes():
    path = "/model/mock/converse"
    good = b"".join(bedrock.reply(request_of("incomplete", path)).chunks)

    answer = faults.answer(request_of("incomplete", path))

    assert answer.chunks == (good[: len(good) // 2],)


def test_answer_that_is_paused_holds_half_of_the_chunks_back():
    answer = faults.answer(request_of("paused"))

    assert answer.pause_at == len(answer.chunks) // 2


def test_answer_bytewise_has_one_byte_a_chunk():
    good = b"".join(bedrock.reply(request_of("bytewise")).chunks)

    chunks = faults.answer(request_of("bytewise")).chunks

    assert {len(chunk) for chunk in chunks} == {1}
    assert b"".join(chunks) == good


def test_answer_that_drips_holds_each_byte_back():
    answer = faults.answer(request_of("drip"))

    assert {len(chunk) for chunk in answer.chunks} == {1}
    assert 0 < answer.gap_s < 0.01


def test_answer_joined_has_one_chunk():
    good = b"".join(bedrock.reply(request_of("joined")).chunks)

    assert faults.answer(request_of("joined")).chunks == (good,)
