"""The binary event stream of the mock upstream, as botocore reads it."""

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from mock_upstream import event_stream

EVENT = event_stream.encode_event("messageStart", {"role": "assistant"})


def decode(*chunks):
    """The messages that botocore has found after each chunk."""
    buffer = EventStreamBuffer()
    found = []
    for chunk in chunks:
        buffer.add_data(chunk)
        found.extend(buffer)
    return found


def test_event_stream_empty_message_has_known_bytes():
    expected = bytes.fromhex("00000010 00000000 05c248eb 7d98c8ff")

    assert event_stream.encode_message({}, b"") == expected


def test_event_stream_message_is_read_back():
    headers = {"name": "value", "city": "Zürich", "empty": ""}

    (message,) = decode(event_stream.encode_message(headers, b"\x00payload\xff"))

    assert message.headers == headers
    assert message.payload == b"\x00payload\xff"


def test_event_stream_event_names_its_kind():
    (message,) = decode(EVENT)

    assert message.headers == {
        ":event-type": "messageStart",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert message.payload == b'{"role": "assistant"}'


def test_event_stream_exception_names_its_kind():
    frame = event_stream.encode_exception("throttlingException", "too many")

    (message,) = decode(frame)

    assert message.headers[":exception-type"] == "throttlingException"
    assert message.headers[":message-type"] == "exception"
    assert message.payload == b'{"message": "too many"}'


def test_event_stream_message_is_read_in_two_chunks():
    places = range(1, len(EVENT))

    before = [len(decode(EVENT[:place])) for place in places]
    after = [len(decode(EVENT[:place], EVENT[place:])) for place in places]

    assert before == [0 for _ in places]
    assert after == [1 for _ in places]


def test_event_stream_messages_are_read_from_one_chunk():
    assert len(decode(EVENT * 3)) == 3


def test_event_stream_wrong_prelude_is_seen_at_once():
    spoiled = event_stream.spoil_prelude_checksum(EVENT)

    with pytest.raises(ChecksumMismatch):
        decode(spoiled[:12])


def test_event_stream_wrong_message_is_seen_at_its_end():
    spoiled = event_stream.spoil_message_checksum(EVENT)

    assert decode(spoiled[:-1]) == []
    with pytest.raises(ChecksumMismatch):
        decode(spoiled)


@pytest.mark.parametrize(
    "spoil", [event_stream.spoil_prelude_checksum, event_stream.spoil_message_checksum]
)
def test_event_stream_wrong_message_keeps_its_length(spoil):
    assert len(spoil(EVENT)) == len(EVENT)
