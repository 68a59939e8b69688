"""The bases of later merges in one compressed file: `bases.gz`.

Unpacked it is one line of JSON (digest -> length, sorted) and then the contents in that order. The
digests are those of the contents, so that a stranger's file cannot pass one off as another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate

from scaffold.checkout.state.model import fingerprint
from scaffold.checkout.state.reading import damaged, load
from scaffold.checkout.state.records import DIGEST

MOST_INDEX = 2 << 20
MOST_BASES = 64 << 20


def pack(bases: Mapping[str, bytes]) -> bytes:
    """The bases as one file: the same bases, the same bytes."""
    import gzip

    index = {digest: len(bases[digest]) for digest in sorted(bases)}
    contents = b"".join(bases[digest] for digest in index)
    return gzip.compress(json.dumps(index).encode() + b"\n" + contents, 9, mtime=0)


def unpack(path: str, packed: bytes) -> dict[str, bytes]:
    """The bases of a file.

    Raises:
        CheckoutError: It is damaged, or unpacks to more than any rendering.
    """
    line, _, rest = inflated(path, packed, MOST_BASES).partition(b"\n")
    if len(line) > MOST_INDEX:
        raise damaged(path, "its index is too long")
    index = load(path, line)
    if not all(type(length) is int and length >= 0 for length in index.values()):
        raise damaged(path, "its index is not of lengths")
    ends = list(accumulate(index.values()))
    if (ends[-1] if ends else 0) != len(rest):
        raise damaged(path, "its index does not fit its contents")
    bases = {
        digest: rest[end - index[digest] : end] for digest, end in zip(index, ends, strict=True)
    }
    for digest, content in bases.items():
        if not DIGEST.fullmatch(digest) or fingerprint(content) != digest:
            raise damaged(path, f"the content of {digest!r:.20} does not match its digest")
    return bases


def inflated(path: str, packed: bytes, most: int) -> bytes:
    """What a gzip file unpacks to.

    Raises:
        CheckoutError: It is damaged, or unpacks to more than `most` bytes.
    """
    import zlib

    unpacking = zlib.decompressobj(wbits=31)  # the format of gzip
    try:
        content = unpacking.decompress(packed, most + 1)
    except zlib.error as error:
        raise damaged(path, str(error)) from error
    if len(content) > most:
        raise damaged(path, f"it unpacks to more than {most >> 20} MiB")
    if not unpacking.eof or unpacking.unused_data:
        raise damaged(path, "it is not one whole gzip file")
    return content
