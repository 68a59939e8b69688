"""A shared file that names its encoding: edited where Python reads it, and as it reads it."""

from __future__ import annotations

import ast

import pytest

from scaffold import edits
from scaffold.edits import EditResult
from scaffold.errors import CheckoutError

PATH = "tests/conftest.py"
PAYLOAD = "import pytest\n\n\n@pytest.fixture\ndef clock():\n    return 1\n"


def put(text: str) -> EditResult:
    return edits.apply("python", text, PAYLOAD, path=PATH)


@pytest.mark.parametrize("coding", ["nosuch", "rot13", "zlib_codec", "utf-16", "undefined"])
@pytest.mark.parametrize("head", ["{}\n", "#!/usr/bin/python\n{}\n", "\n{}\r\n"])
def test_a_target_in_an_encoding_that_python_refuses_is_not_edited(coding: str, head: str) -> None:
    text = head.format(f"# -*- coding: {coding} -*-") + "x = 1\n"

    with pytest.raises(CheckoutError, match=r"conftest.py:\d+: does not parse as Python"):
        put(text)


@pytest.mark.parametrize("line", ["# coding: latin-1", "# vim: set fileencoding=utf-8 :"])
def test_a_target_that_names_an_encoding_of_python_is_edited(line: str) -> None:
    assert put(f"{line}\nx = 1\n").text.startswith(f"{line}\n")


@pytest.mark.parametrize(
    "text",
    ["\ufeff# coding: latin-1\nx = 1\n", '# coding: ascii\nx = "\u00e4"\n'],
)  # fmt: skip
def test_a_target_that_is_not_in_the_encoding_that_it_names_is_not_edited(text: str) -> None:
    with pytest.raises(CheckoutError, match=r"conftest.py:\d+: does not parse as Python"):
        put(text)


@pytest.mark.parametrize(
    "head",
    ["\n# coding: latin-1\n", "\x0c# coding: latin-1\n", " # coding: latin-1\n",
     "# a\n\t# coding: latin-1\n", "# coding: latin-1\n", "#!/usr/bin/python\n# coding: latin-1\n",
     "\n# coding: latin-1\n\n", "\n# coding: latin-1\n# more\n"],
)  # fmt: skip
def test_a_named_encoding_stays_where_python_looks_for_it(head: str) -> None:
    def value(text: str) -> object:
        """What Python takes X for."""
        for node in ast.parse(text.encode()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "X":
                return ast.literal_eval(node.value)
        return None

    text = f'{head}X = "\u00e4"\n'
    result = put(text)
    assert value(result.text) == value(text) == "\u00c3\u00a4"
    assert edits.revert("python", result.text, result.units, path=PATH, owned=result.units) == text


def test_only_the_first_two_lines_name_an_encoding() -> None:
    assert put("x = 1\n# coding: rot13\n").text
    assert put("#\n#\n# coding: rot13\n").text
