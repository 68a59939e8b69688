"""The binary event stream in which Amazon Bedrock answers `converse-stream`.

A message is: total length, length of the headers, CRC-32 of these eight bytes, headers,
payload, CRC-32 of all before it. All numbers are big-endian.
"""

import json
import struct
import zlib

STRING = 7
PRELUDE_BYTES = 12
CRC_BYTES = 4


def encode_message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message with string headers."""
    encoded = b"".join(_encode_header(name, value) for name, value in headers.items())
    total = PRELUDE_BYTES + len(encoded) + len(payload) + CRC_BYTES
    prelude = struct.pack("!II", total, len(encoded))
    message = prelude + _checksum(prelude) + encoded + payload
    return message + _checksum(message)


def encode_event(name: str, body: dict) -> bytes:
    """An event, such as `contentBlockDelta`."""
    return _encode_json({":event-type": name}, "event", body)


def encode_exception(name: str, message: str) -> bytes:
    """An exception in the middle of a stream, such as `throttlingException`."""
    return _encode_json({":exception-type": name}, "exception", {"message": message})


def spoil_prelude_checksum(message: bytes) -> bytes:
    """The message with a wrong checksum of its lengths."""
    return _flip_byte(message, PRELUDE_BYTES - 1)


def spoil_message_checksum(message: bytes) -> bytes:
    """The message with a wrong checksum of the whole."""
    return _flip_byte(message, len(message) - 1)


def _encode_json(headers: dict[str, str], kind: str, body: dict) -> bytes:
    headers = {**headers, ":content-type": "application/json", ":message-type": kind}
    return encode_message(headers, json.dumps(body).encode())


def _encode_header(name: str, value: str) -> bytes:
    text = value.encode()
    name_and_type = struct.pack("!B", len(name)) + name.encode() + struct.pack("!B", STRING)
    return name_and_type + struct.pack("!H", len(text)) + text


def _checksum(data: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(data))


def _flip_byte(message: bytes, place: int) -> bytes:
    return message[:place] + bytes([message[place] ^ 0xFF]) + message[place + 1 :]
