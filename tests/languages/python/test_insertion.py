"""Where imports and units go in a person's file, and what is taken away with them."""

from __future__ import annotations

import pytest

from scaffold import edits
from scaffold.errors import ConflictError
from support.edit_samples import EditKind

PATH = "conftest.py"
USES_SYS = "import sys\n\nA = sys\n"


KIND = EditKind("python", PATH, USES_SYS)
put, take = KIND.put, KIND.take


@pytest.mark.parametrize(
    "person, expected",
    [
        ("x = 1\n", "import sys\n\n\nx = 1\n"),
        ("import os\nx = 1\n", "import os\nimport sys\nx = 1\n"),
        ("#!/bin/x\nx = 1\n", "#!/bin/x\n\nimport sys\nx = 1\n"),
        ("#!/bin/x\n# of x\nx = 1\n", "#!/bin/x\n\nimport sys\n# of x\nx = 1\n"),
        ("# -*- coding: utf-8 -*-\nx = 1\n", "# -*- coding: utf-8 -*-\n\nimport sys\nx = 1\n"),
        ("#!/bin/x\n# vim: fileencoding=utf-8\nx = 1\n",
         "#!/bin/x\n# vim: fileencoding=utf-8\n\nimport sys\nx = 1\n"),
        ("# of x\n#!no/x\nx = 1\n", "import sys\n\n\n# of x\n#!no/x\nx = 1\n"),
        ("# licence\n# text\n\n# of x\nx = 1\n",
         "# licence\n# text\n\nimport sys\n\n# of x\nx = 1\n"),
        ("# licence\n", "# licence\n\nimport sys\n"),
        ('"""Doc."""\nx = 1\n', '"""Doc."""\n\nimport sys\nx = 1\n'),
        ('"""Doc."""; x = [\n  1]\ny = 2\n', '"""Doc."""; x = [\n  1]\n\nimport sys\ny = 2\n'),
        ("import os; x = [\n  1]\ny = 2\n", "import os; x = [\n  1]\nimport sys\ny = 2\n"),
        ("import os; x = 1; y = [\n 1]\nz = 2\n",
         "import os; x = 1; y = [\n 1]\nimport sys\nz = 2\n"),
        ("import os\nx = 1\nimport re\n\n\ndef f():\n    pass\n\n\nimport abc\n",
         "import os\nx = 1\nimport re\nimport sys\n\n\ndef f():\n    pass\n\n\nimport abc\n"),
        ("from os import (\n    sep,  # why\n)\nx = 1\n",
         "from os import (\n    sep,  # why\n)\nimport sys\nx = 1\n"),
        ("from __future__ import division\n\nx = 1\n",
         "from __future__ import division\n\nimport sys\n\nx = 1\n"),
        ("\n\ndef f():\n    pass\n", "import sys\n\n\n\n\ndef f():\n    pass\n"),
    ],
)  # fmt: skip
def test_an_import_goes_to_the_place_where_imports_are(person: str, expected: str) -> None:
    result = put(person)

    assert result.text == expected.rstrip("\n") + "\n\n\nA = sys\n"
    assert take(result.text, result.units) == person


def test_a_future_import_at_the_very_top_keeps_one_line_from_the_imports() -> None:
    person = "import os\n"

    result = put(person, "from __future__ import annotations\n\nA = 1\n")

    assert result.text.startswith("from __future__ import annotations\n\nimport os\n\n\nA")
    assert take(result.text, result.units) == person


def test_imports_that_stay_close_the_gap_after_the_docstring() -> None:
    person = '"""Doc."""\n\nx = 1\n'
    first = put(person)
    second = put(first.text, "import abc\n\nB = abc\n", owned=first.units)
    assert second.text.startswith('"""Doc."""\n\nimport sys\nimport abc\n\nx = 1\n')

    left = edits.revert(
        "python", second.text, first.units, path=PATH, owned=[*first.units, *second.units]
    )

    assert left == '"""Doc."""\n\nimport abc\n\nx = 1\n\n\nB = abc\n'


def test_blank_lines_that_a_person_put_above_or_below_our_unit_stay() -> None:
    result = put("x = 1\n", "A = 1\n")
    text = result.text.replace("\n\n\nA = 1\n", "\n\n\n\n\n\nA = 1\n\n\n\ny = 2\n")

    assert take(text, result.units) == "x = 1\n\n\n\n\n\n\ny = 2\n"


def test_blank_lines_below_our_unit_at_the_top_stay_beyond_our_own() -> None:
    result = put("", "A = 1\n")

    assert take(result.text + "\n\n\n\ny = 2\n", result.units) == "\n\ny = 2\n"
    assert take(result.text + "\ny = 2\n", result.units) == "y = 2\n"


def test_an_import_that_another_binding_serves_goes() -> None:
    person = "import os.path\n\nx = os.path\n"
    result = put(person, "import os\n\nA = os\n")
    assert "import os\n" not in result.text

    text = "import os\nimport os.path\n\nx = os.path\n\n\nA = os\n"
    units = edits.units("python", "import os\n\nA = os\n")
    assert take(text, units) == person


def test_the_line_that_uses_a_unit_is_quoted() -> None:
    result = put("x = 1\n", "A = 1\nB = 2\n")
    text = f"{result.text}\n\nprint(1, B)\n"

    with pytest.raises(ConflictError, match=r"'B' is used by code that stays \('print\(1, B\)'\)"):
        take(text, result.units)


def test_the_line_of_a_test_that_asks_for_a_fixture_is_quoted() -> None:
    result = put("x = 1\n", "import pytest\n\n\n@pytest.fixture\ndef box():\n    return 1\n")
    text = f"{result.text}\n\nasync def test_it(\n    box,\n):\n    pass\n"

    with pytest.raises(ConflictError, match=r"'box' is used by code that stays \('box,'\)"):
        take(text, result.units)


def test_a_comment_in_a_persons_statement_is_no_unit_of_ours() -> None:
    result = put(None, "A = 1\n")
    text = result.text + "\n\nif A:  # mine\n    pass\n"

    again = put(text, "A = 1\nB = 2\n", owned=result.units, created=True)

    assert again.text == text + "\n\nB = 2\n"
    assert not again.wholly_ours


def test_without_imports_ours_come_sorted_after_the_docstring() -> None:
    text = put('"""Doc."""\n\nVALUE = 1\n', "import sys\nimport pytest\n\nA = [sys, pytest]\n").text

    assert text == (
        '"""Doc."""\n\nimport sys\n\nimport pytest\n\nVALUE = 1\n\n\nA = [sys, pytest]\n'
    )


def test_imports_go_after_future_and_a_future_import_goes_first() -> None:
    payload = "from __future__ import annotations\n\nimport sys\n\nA = sys\n"

    assert put('"""Doc."""\nimport os\n', payload).text.startswith(
        '"""Doc."""\n\nfrom __future__ import annotations\nimport os\nimport sys\n'
    )
    assert put("from __future__ import division\nx = 1\n", payload).text.startswith(
        "from __future__ import division\nfrom __future__ import annotations\n\nimport sys\nx = 1\n"
    )
