"""Lines put next to their siblings in a Dockerfile, and taken out again."""

from __future__ import annotations

import pytest

from scaffold import edits
from scaffold.errors import CheckoutError, KitError
from support.edit_samples import EditKind

PATH = "Dockerfile"
FILE = """\
FROM rust AS deps
COPY crates/Cargo.toml crates/Cargo.lock ./
COPY crates/fold/Cargo.toml  fold/Cargo.toml
COPY crates/gate/Cargo.toml  gate/Cargo.toml

RUN mkdir -p fold/src && echo "" > fold/src/lib.rs && \\
    mkdir -p relay/src && echo "" > relay/src/lib.rs && \\
    mkdir -p gate/src && echo "" > gate/src/lib.rs

FROM deps AS builder
COPY crates/gate/src gate/src
"""
COPY = "COPY crates/testutils/Cargo.toml testutils/Cargo.toml"
MKDIR = 'mkdir -p testutils/src && echo "" > testutils/src/lib.rs && \\'
PAYLOAD = f"""\
# scaffold: after COPY crates/*/Cargo.toml */Cargo.toml
{COPY}
# scaffold: before mkdir -p */src && echo *
{MKDIR}
"""


KIND = EditKind("dockerfile", PATH, PAYLOAD)
put, take = KIND.put, KIND.take


def test_each_line_goes_next_to_its_siblings() -> None:
    result = put(FILE)
    assert f"gate/Cargo.toml\n{COPY}\n\nRUN" in result.text
    assert f"relay/src/lib.rs && \\\n    {MKDIR}\n    mkdir -p gate/src" in result.text


def test_a_line_at_the_end_of_a_file_without_a_line_end_goes_again() -> None:
    text = "FROM a\nCOPY b c"
    result = put(text, "# scaffold: after COPY *\nCOPY d e\n")
    assert result.text == "FROM a\nCOPY b c\nCOPY d e"
    assert take(result.text, result.units) == text


def test_a_line_that_is_there_already_is_never_ours() -> None:
    text = FILE.replace("\nRUN", f"{COPY.replace(' testutils', '   testutils')}\n\nRUN")
    assert [unit.name for unit in put(text).units] == [MKDIR]


def test_a_line_that_a_person_changed_is_theirs() -> None:
    result = put(FILE)
    edited = result.text.replace("testutils/Cargo.toml testutils", "testutils/Cargo.toml ./tests")
    assert "./tests" in take(edited, result.units)
    assert edits.standing("dockerfile", edited, result.units, path=PATH)[COPY] == "absent"


def test_a_place_that_is_not_there_is_reported() -> None:
    with pytest.raises(CheckoutError, match=r"no line fits `COPY crates/\*/Cargo\.toml"):
        put("FROM scratch\n")


@pytest.mark.parametrize(
    "payload", ["COPY a b\n", "# scaffold: after COPY *\n"], ids=["no-place", "no-line"]
)
def test_a_payload_that_is_half_is_the_kits_fault(payload: str) -> None:
    with pytest.raises(KitError, match="place"):
        put(FILE, payload)
