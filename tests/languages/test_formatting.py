"""Generated code in its language's own format, by the tools that are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scaffold.checkout.find import Checkout
from scaffold.checkout.rules.reading import layout_of
from scaffold.errors import KitError
from scaffold.languages.formatting import format_files, format_source
from support.tree import write_files

needs_rustfmt = pytest.mark.skipif(
    shutil.which("rustfmt") is None, reason="rustfmt is not installed"
)


@needs_rustfmt
def test_rust_is_formatted_without_the_files_of_its_modules(tmp_path: Path) -> None:
    source = "mod  x;\nfn a( ){let \u00fc=1;}\n".encode()
    expected = "mod x;\nfn a() {\n    let \u00fc = 1;\n}\n".encode()
    assert format_source("src/lib.rs", source, cache=tmp_path) == expected
    assert format_source("src/lib.rs", source, cache=tmp_path) == expected


@needs_rustfmt
def test_a_checkouts_own_settings_do_not_leak_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rustfmt.toml").write_text("tab_spaces = 2\n")
    monkeypatch.chdir(tmp_path)
    assert format_source("a.rs", b"fn a(){b();}\n") == b"fn a() {\n    b();\n}\n"


@needs_rustfmt
@pytest.mark.parametrize(
    ("files", "indent"),
    [
        ({"rustfmt.toml": "tab_spaces = 2\nmax_width = 90\n"}, 2),
        ({".rustfmt.toml": "tab_spaces = 2\nedition = '2018'\nrequired_version = '0.1'\n"}, 2),
        ({"lib/rustfmt.toml": "tab_spaces = 2\nignore = ['a']\n"}, 2),
        ({"other/rustfmt.toml": "tab_spaces = 2\n"}, 4),
        ({"rustfmt.toml": "tab_spaces = 2\nno_such_setting = 1\n"}, 4),
        ({"rustfmt.toml": "tab_spaces = '2,max_width=3'\nemit_mode = 'Files'\n"}, 4),
        ({"rustfmt.toml": "tab_spaces = [\n"}, 4),
    ],
)
def test_settings_of_rustfmt_in_the_checkout_hold(
    tmp_path: Path, files: dict[str, str], indent: int
) -> None:
    root = write_files(tmp_path / "checkout", dict(files))
    layout = layout_of(Checkout(root), ["lib/a.rs"])
    found = format_files({"lib/a.rs": b"fn a(){b();}\n"}, layout, cache=tmp_path / "cache")
    assert found["lib/a.rs"].decode() == f"fn a() {{\n{' ' * indent}b();\n}}\n"


@needs_rustfmt
def test_rust_that_does_not_parse_is_the_kits_fault_with_its_line() -> None:
    with pytest.raises(KitError, match=r"the rendered src/a\.rs does not parse.*src/a\.rs:2:"):
        format_source("src/a.rs", b"fn a() {}\nfn b( {}\n")


def test_without_rustfmt_rust_stays_as_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert format_source("a.rs", b"fn a(){}\n") == b"fn a(){}\n"


def test_other_languages_pass_through() -> None:
    assert format_source("a.toml", b"a=1\n") == b"a=1\n"
