"""One gap rendered by Copier, and formatted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from scaffold.errors import KitError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.render import render
from scaffold.languages.formatting import format_source
from scaffold.system.caching import remember
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot

ANSWERS = {"prices_known_defects": True, "prices_currency": "cents", "prices_heaviest": 9999}


def tiny(root: Path, files: dict[str, str | bytes]) -> Kit:
    """A kit of one row with these files."""
    return load_kit(
        write_kit(
            root,
            {"row/gap.toml": gap_toml(), **{f"row/files/{k}": v for k, v in files.items()}},
        )
    )


def test_files_and_payloads_are_kept_apart(kit: Kit) -> None:
    rendered = render(kit, kit.gap("prices"), ANSWERS, {}, "1.2")
    assert set(rendered.files) == {"tests/test_prices.py"}
    assert set(rendered.payloads) == {"conftest.py"}
    assert "def address():" in rendered.payloads["conftest.py"]
    assert rendered.files["tests/test_prices.py"].startswith(b"import pytest\n")


def test_answers_and_facts_reach_the_template(kit: Kit) -> None:
    answers = {**ANSWERS, "prices_known_defects": False}
    facts: dict[str, Any] = {"targets": {"prices": {"symbols": {}}}}
    rendered = render(kit, kit.gap("prices"), answers, facts, "1")
    text = rendered.files["tests/test_prices.py"].decode()
    assert "xfail" not in text and "import base_price, premium\n" in text


def test_bytes_and_modes_pass_as_they_are(tmp_path: Path) -> None:
    kit = tiny(tmp_path, {"frame.bin": b"\0\xff\r\n", "run.sh": "#!/bin/sh\n", "a{{b}}.txt": "x"})
    (kit.gap("row").files_dir / "run.sh").chmod(0o755)
    rendered = render(kit, kit.gap("row"), {}, {}, "1")
    assert rendered.files == {
        "frame.bin": b"\0\xff\r\n",
        "run.sh": b"#!/bin/sh\n",
        "a{{b}}.txt": b"x",
    }
    assert rendered.executable == {"run.sh"}


def test_what_is_empty_for_this_checkout_is_not_written(tmp_path: Path) -> None:
    kit = tiny(tmp_path, {"a.py.jinja": "[% if facts %]\nx = 1\n[% endif %]\n", "__init__.py": ""})
    rendered = render(kit, kit.gap("row"), {}, {}, "1")
    assert rendered.files == {"__init__.py": b""}
    assert rendered.empty == ("a.py",)


def test_what_an_answer_leaves_empty_is_no_news_of_the_checkout(tmp_path: Path) -> None:
    kit = tiny(tmp_path, {"a.py.jinja": "[% if kit_version == '2' %]\nx = 1\n[% endif %]\n"})
    rendered = render(kit, kit.gap("row"), {}, {}, "1")
    assert (rendered.files, rendered.empty) == ({}, ())
    assert render(kit, kit.gap("row"), {}, {}, "2").files == {"a.py": b"x = 1\n"}


def test_a_kit_below_git_is_rendered_as_it_is_and_not_as_committed(tmp_path: Path) -> None:
    import subprocess

    kit = tiny(tmp_path, {"a.txt": "committed"})
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e@x.org",
                  "commit", "-qm", "x"], ["tag", "v1"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (kit.gap("row").files_dir / "a.txt").write_text("edited")
    assert render(kit, kit.gap("row"), {}, {}, "1").files == {"a.txt": b"edited"}


def test_nothing_of_a_persons_copier_settings_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults:\n  kit_version: mine\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    kit = tiny(tmp_path / "kit", {"a.txt.jinja": "[[ kit_version ]]"})
    assert render(kit, kit.gap("row"), {}, {}, "1").files == {"a.txt": b"1"}


def test_the_path_is_as_before_after_a_render(kit: Kit, tmp_path: Path) -> None:
    path, here = os.environ["PATH"], Path.cwd()
    render(kit, kit.gap("prices"), ANSWERS, {}, "1")
    broken = tiny(tmp_path, {"a.txt.jinja": "[[ nothing ]]"})
    with pytest.raises(KitError, match=r"templates/row/files/a\.txt\.jinja:1"):
        render(broken, broken.gap("row"), {}, {}, "1")
    assert (os.environ["PATH"], Path.cwd()) == (path, here)


def test_a_ready_row_without_files_is_a_broken_kit(tmp_path: Path) -> None:
    kit = tiny(tmp_path, {})
    with pytest.raises(KitError, match="is marked ready but has no folder"):
        render(kit, kit.gap("row"), {}, {}, "1")


def test_python_is_formatted_and_remembered(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    source = b"x = {  'a':1 }"
    assert format_source("a.py", source, cache=cache) == b'x = {"a": 1}\n'
    (entry,) = cache.iterdir()
    remember(entry, b"remembered")
    assert format_source("a.py", source, cache=cache) == b"remembered"
    # What does not name itself as the result for this key is not believed.
    entry.write_bytes(b"forged")
    assert format_source("a.py", source, cache=cache) == b'x = {"a": 1}\n'
    assert format_source("a.py", source) == b'x = {"a": 1}\n'


def test_other_languages_pass_and_nothing_is_kept(tmp_path: Path) -> None:
    assert format_source("a.txt", b"x  =1", cache=tmp_path) == b"x  =1"
    assert snapshot(tmp_path) == {}


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert format_source("a.py", b"x=1", cache=tmp_path / "file" / "cache") == b"x = 1\n"


def test_what_is_no_python_is_a_broken_kit() -> None:
    with pytest.raises(KitError, match=r"the rendered a\.py does not parse"):
        format_source("a.py", b"def (:")
