"""Sources that no person writes: deep, long, large, of another encoding. Each gets a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold import edits
from scaffold.checkout.adoption import find_adoption
from scaffold.checkout.find import Checkout
from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.kit.catalog import Kit
from scaffold.languages.rust import symbols as symbols_rust
from scaffold.languages.rust import tests as rust_tests
from scaffold.languages.symbols import decoded, symbols_of
from scaffold.system.reading import MOST_SOURCE
from support.tree import write_files

MANY = 100_000
PYTHON = {
    "parentheses": "x = " + "(" * MANY + "1" + ")" * MANY,
    "a sum": "x = " + "1+" * MANY + "1",
    "a short sum": "x = " + "1+" * 2500 + "1",
    "attributes": "x = a" + ".a" * MANY,
    "calls": "x = f" + "()" * MANY,
    "subscripts": "x = f" + "[0]" * MANY,
    "powers": "x = " + "1**" * MANY + "1",
    "signs": "x = " + "-" * MANY + "1",
    "nots": "x = " + "not " * MANY + "1",
    "lambdas": "x = " + "lambda:" * MANY + "1",
    "conditions": "x = " + "1 if 1 else " * MANY + "1",
    "nested ifs": "".join(f"{' ' * n}if a:\n" for n in range(5000)) + " " * 5000 + "pass",
    "a chain of elif": "if a: pass\n" + "elif a: pass\n" * 50_000,
    "a shorter chain of elif": "if a: x = 1\n" + "elif a: x = 1\n" * 1500,
    "decorators": "@a\n" * 20_000 + "def f(): pass",
    "a deep decorator": "@a" + ".a" * 2500 + "\ndef f(): pass",
    "a deep default": "def f(x=" + "1+" * 2500 + "1): pass",
    "f-strings": "x = " + "f'{" * MANY + "1" + "}'" * MANY,
    "a huge number": "x = " + "9" * MANY,
    "one long line": "x = '" + "a" * 10_000_000 + "'",
    "null bytes": "x = 1\0\n" * 10,
}
RUST = {
    "blocks": "fn f() {" + "{" * MANY + "}" * MANY + "}",
    "modules": "mod a{" * MANY + "#[test] fn f(){}" + "}" * MANY,
    "generics": "type T = " + "V<" * MANY + "u8" + ">" * MANY + ";",
    "a macro": "m!{" + "(" * MANY + ")" * MANY + "}",
    "uses": "use " + "a::{" * MANY + "b" + "}" * MANY + ";",
    "closures": "fn f(){" + "||" * MANY + "1}",
    "conditions": "fn f(){" + "if a{}else " * 50_000 + "{}}",
    "comments": "/*" * MANY + "*/" * MANY + "fn f(){}",
    "an open bracket": "fn f(){" + "(" * MANY,
    "one long line": 'const A: &str = "' + "a" * 10_000_000 + '";',
}
CASES = {f"{name} in {path}": (path, source)
         for path, table in (("a.py", PYTHON), ("a.rs", RUST))
         for name, source in table.items()}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_symbols_of_any_source_are_found_or_refused_in_a_sentence(case: str) -> None:
    path, source = CASES[case]
    try:
        assert isinstance(symbols_of(path, source.encode()), dict)
    except CheckoutError as error:
        assert error.fact.startswith(path) and "\n" not in error.fact and len(error.fact) < 300
        assert error.hint


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_shared_file_of_any_source_is_judged_or_refused(case: str) -> None:
    path, source = CASES[case]
    kind = "python" if path.endswith(".py") else "rust"
    try:
        edits.standing(kind, source, [edits.Unit("import os", "x")], path=path)
    except ScaffoldError as error:
        assert error.exit_code == 3 and path in error.fact


@pytest.mark.slow
@pytest.mark.parametrize("name", RUST)
def test_the_tests_of_any_rust_file_are_found(name: str) -> None:
    source = RUST[name].encode()
    if len(source) < MOST_SOURCE:
        assert list(rust_tests.tests_of(symbols_rust._parser().parse(source).root_node)) == []


def test_a_function_in_deep_modules_is_found() -> None:
    found = symbols_of("a.rs", ("mod a{" * 90 + "fn f(){}" + "}" * 90).encode())
    assert found["a." * 90 + "f"]["kind"] == "function"


@pytest.mark.parametrize(
    ("path", "content", "text"),
    [
        ("a.py", "x = 'é'".encode(), "x = 'é'"),
        ("a.py", b"# coding: latin-1\nx = '\xe9'", "# coding: latin-1\nx = 'é'"),
        ("a.py", b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\n'\x80'",
         "#!/bin/sh\n# vim: set fileencoding=cp1252 :\n'€'"),
        ("a.py", b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n"),
        ("a.rs", b"\xef\xbb\xbffn f() {}", "fn f() {}"),
        ("a.rs", "// coding: latin-1 é".encode(), "// coding: latin-1 é"),
    ],
)  # fmt: skip
def test_a_source_is_decoded_as_its_language_says(path: str, content: bytes, text: str) -> None:
    assert decoded(path, content) == text


@pytest.mark.parametrize(
    ("path", "content", "fact"),
    [
        ("a.py", b"x = 1\ny = '\xe9'", "a.py:2 is not UTF-8 (byte 11)"),
        ("a.py", b"# coding: ascii\n'\xe9'", "a.py:2 is not ASCII (byte 17)"),
        ("a.rs", b"// coding: latin-1\n//\xe9", "a.rs:2 is not UTF-8 (byte 21)"),
    ],
)
def test_bytes_of_another_encoding_name_their_line(path: str, content: bytes, fact: str) -> None:
    with pytest.raises(CheckoutError) as caught:
        decoded(path, content)
    assert caught.value.fact == fact


def steps(work: Callable[[], object]) -> int:
    """How many calls, of Python and of C, the work takes."""
    count = 0

    def one(*event: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(one)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def suite_of(lines: int, length: int) -> str:
    chain = "prices" + ".a" * length
    return "import parcels.prices as prices\n" + f"x = {chain}\n" * lines


@pytest.mark.parametrize("grow", ["lines", "length"])
def test_the_cost_of_a_suite_grows_as_its_length(checkout: Checkout, kit: Kit, grow: str) -> None:
    def cost(times: int) -> int:
        lines, length = (20 * times, 50) if grow == "lines" else (20, 50 * times)
        write_files(checkout.root, {"tests/test_long.py": suite_of(lines, length)})
        return steps(lambda: find_adoption(checkout, kit.gap("prices"), ()))

    few, many = cost(2), cost(8)
    assert many < 5 * few


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", "def f{n}(a, b=x.y.z): return a.b.c\n"),
        ("a.py", "x.a{n} = 1\n"),
        ("a.rs", "/// It.\n#[inline]\nfn f{n}() {{ let a = 1; }}\n"),
        ("a.rs", "struct S{n} {{ a: u8 }} impl S{n} {{ fn f(&self) {{}} }}\n"),
        ("a.rs", "use a::{{b{n}, c::d{n}}};\n"),
    ],
)
def test_the_cost_of_symbols_grows_as_the_file(path: str, line: str) -> None:
    def cost(lines: int) -> int:
        source = "".join(line.format(n=n) for n in range(lines)).encode()
        return steps(lambda: symbols_of(path, source))

    few, many = cost(50), cost(200)
    assert many < 5 * few


def test_dotted_names_are_found_along_a_chain(tree: Path, kit: Kit) -> None:
    source = (
        "import parcels.prices\nimport parcels.labels as l\nfrom parcels import prices as p\n"
        "from parcels.prices import base_price\n"
        "parcels.prices.price(1).value.more\np.premium.__name__\nbase_price(1)\n"
        "other.prices.zone\n"
    )
    write_files(tree, {"tests/test_mine.py": source})
    found = find_adoption(Checkout(tree), kit.gap("prices"), ())
    assert found.reached == {f"parcels.prices.{n}" for n in ("price", "premium", "base_price")}
    assert found.files == ("tests/test_mine.py",)
