"""Symbols of a Python file, found by parsing."""

from __future__ import annotations

import pytest

from scaffold.errors import CheckoutError
from scaffold.languages.symbols import symbols_of

SOURCE = b"""\
import os.path
import json as js
from typing import Any, cast as as_type

LIMIT = 3
LOW, (HIGH, *REST) = 1, (2, 3)
NAME: str = "n"

if LIMIT:
    EXTRA = 1
    def guarded(): ...
try:
    import fast
except ImportError:
    fast = None

@app.command("up")
@app.option("--x", default=1)
def up(path, /, file="a", *rest, port=80, host, **more) -> None: ...

async def later(): ...

@frozen
class Box:
    SIZE = 1
    def lid(self, open=True): ...
    async def close(self): ...
    class Inner:
        def hidden(self): ...
"""


def test_every_top_level_name_has_its_kind() -> None:
    kinds = {name: symbol["kind"] for name, symbol in symbols_of("m.py", SOURCE).items()}
    assert kinds == {
        "os": "import",
        "js": "import",
        "Any": "import",
        "as_type": "import",
        "LIMIT": "constant",
        "LOW": "constant",
        "HIGH": "constant",
        "REST": "constant",
        "NAME": "constant",
        "EXTRA": "constant",
        "guarded": "function",
        "fast": kinds["fast"],
        "up": "function",
        "later": "function",
        "Box": "class",
        "Box.lid": "function",
        "Box.close": "function",
    }


def test_a_function_has_its_parameters_defaults_and_decorators() -> None:
    up = symbols_of("m.py", SOURCE)["up"]
    assert up["params"] == ["path", "file", "*rest", "port", "host", "**more"]
    assert up["defaults"] == {"file": "'a'", "port": "80"}
    assert up["decorators"] == ["app.command('up')", "app.option('--x', default=1)"]
    assert up["async"] is False


def test_async_and_methods_and_classes_are_reported() -> None:
    symbols = symbols_of("m.py", SOURCE)
    assert symbols["later"]["async"] is True
    assert symbols["Box.lid"]["params"] == ["self", "open"]
    assert symbols["Box"]["decorators"] == ["frozen"]


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        (b"x = 1\ndef (\n", r"^a\.py:2 does not parse: "),
        (b"x = '\0'\n", r"^a\.py:1 does not parse: .*null bytes"),
        (b"x = '\xe9'\n", r"^a\.py:1 does not parse: "),
    ],
    ids=["syntax", "null byte", "encoding"],
)
def test_what_does_not_parse_names_its_line(source: bytes, fact: str) -> None:
    with pytest.raises(CheckoutError, match=fact) as caught:
        symbols_of("a.py", source)
    assert caught.value.hint == "python3 -m py_compile a.py"


def test_an_unknown_language_has_no_symbols() -> None:
    assert symbols_of("notes.txt", b"def x(") == {}
    assert symbols_of("Makefile", b"all:") == {}


def test_a_declared_encoding_is_followed() -> None:
    assert "x" in symbols_of("a.py", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")


def test_what_a_body_assigns_or_imports_is_reported() -> None:
    source = b"def f(a):\n    import os.path\n    from x import y as z\n    b = a\n    g(c := b)\n"
    assert symbols_of("m.py", source)["f"]["locals"] == ["b", "c", "os", "z"]
