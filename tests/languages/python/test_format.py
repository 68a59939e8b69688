"""Python as the checkout's own black lays it out: settings parsed, the version from our cache."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from scaffold.checkout.files import HOOKS
from scaffold.checkout.find import Checkout
from scaffold.checkout.rules.reading import layout_of
from scaffold.languages.formatting import format_files
from support.old_black import HOOK, OLD_BLACK, put_old_black
from support.tree import snapshot, write_files

SOURCE = "total = first_number + second_number + 'third'\n"
DEFAULT = SOURCE.replace("'", '"')
NARROW = 'total = (\n    first_number\n    + second_number\n    + "third"\n)\n'


@pytest.fixture
def formatted(tmp_path: Path) -> Callable[..., str]:
    """`lib/a.py` as it is laid out in a checkout with such files."""

    def laid_out(files: dict[str, str], source: str = SOURCE) -> str:
        root = write_files(tmp_path / "checkout", dict(files))
        before = snapshot(root)
        layout = layout_of(Checkout(root), ["lib/a.py"])
        found = format_files({"lib/a.py": source.encode()}, layout, cache=tmp_path / "cache")
        assert snapshot(root) == before
        return found["lib/a.py"].decode()

    return laid_out


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, DEFAULT),
        ({"pyproject.toml": "[tool.black]\nline-length = 30\n"}, NARROW),
        ({"lib/pyproject.toml": "[tool.black]\nline-length = 30\n"}, NARROW),
        ({"other/pyproject.toml": "[tool.black]\nline-length = 30\n"}, DEFAULT),
        (
            {
                "pyproject.toml": "[tool.black]\nline-length = 30\n",
                "lib/pyproject.toml": "[tool.ruff]\nline-length = 60\n",
            },
            NARROW,
        ),
        (
            {
                "pyproject.toml": "[tool.black]\nline-length = 30\n",
                "lib/pyproject.toml": "[tool.black]\nskip-string-normalization = true\n",
            },
            SOURCE,
        ),
        ({HOOKS: HOOK.format("0.1") + "        args: [--line-length=30]\n"}, NARROW),
        ({HOOKS: HOOK.format("0.1") + "        args: [-q, -l, '30', --safe]\n"}, NARROW),
        (
            {
                HOOKS: HOOK.format("0.1") + "        args: [--config, ./lib/pyproject.toml]\n",
                "lib/pyproject.toml": "[tool.black]\nline-length = 30\n",
            },
            NARROW,
        ),
    ],
)
def test_settings_of_the_checkout_hold(
    formatted: Callable[..., str], files: dict[str, str], expected: str
) -> None:
    assert formatted(files) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.black]\nline-length = 'wide'\ntarget-version = 3\n"},
        {"pyproject.toml": "[tool.black]\nline-length = 0\ntarget-version = ['py99']\n"},
        {"pyproject.toml": "[tool]\nblack = 30\n"},
        {"pyproject.toml": "tool = 30\n"},
        {"pyproject.toml": "[tool.black\nline-length = 30\n"},
        {HOOKS: HOOK.format("0.1") + "        args: [-l, wide]\n"},
        {HOOKS: HOOK.format("0.1") + "        args: [--code, import os, -l, '30']\n"},
        {HOOKS: HOOK.format("0.1") + "        args: [--config, ../../etc/passwd]\n"},
        {HOOKS: HOOK.format("0.1") + "        args: 7\n"},
        {HOOKS: "repos: ["},
    ],
)
def test_settings_that_black_would_not_take_change_nothing(
    formatted: Callable[..., str], files: dict[str, str]
) -> None:
    assert formatted(files) == DEFAULT


@pytest.fixture
def old_black(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A black 0.1 in the cache; the folder of its modules."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return put_old_black(tmp_path)


def test_the_pinned_version_in_the_cache_lays_out(
    formatted: Callable[..., str], old_black: Path
) -> None:
    table = "[tool.black]\nline-length = 30\ntarget-version = ['PY27', 'py311']\npreview = true\n"
    files = {HOOKS: HOOK.format("0.1"), "pyproject.toml": table}
    assert formatted(files) == f"# 30 ['PY27']\n{SOURCE}"


def test_another_version_is_never_taken_for_the_pinned_one(
    formatted: Callable[..., str], old_black: Path
) -> None:
    assert formatted({HOOKS: HOOK.format("0.2")}) == DEFAULT
    assert formatted({HOOKS: HOOK.format("0.1")}) == f"# 88 []\n{SOURCE}"
    assert formatted({HOOKS: HOOK.format(version("black"))}) == DEFAULT


@pytest.mark.parametrize(
    "broken",
    ["raise SystemExit(3)\n", "print('noise')\n", OLD_BLACK + "del format_str\n"],
    ids=["does-not-start", "prints-other-things", "lacks-a-function"],
)
def test_a_pinned_version_that_does_not_work_is_left_out(
    formatted: Callable[..., str], old_black: Path, broken: str
) -> None:
    write_files(old_black, {"__init__.py": broken})
    assert formatted({HOOKS: HOOK.format("0.1")}) == DEFAULT


def test_what_the_pinned_version_cannot_parse_is_laid_out_by_ours(
    formatted: Callable[..., str], old_black: Path
) -> None:
    refusing = "from black.parsing import InvalidInput\n" + OLD_BLACK.replace(
        "    return", "    if 'match' in text: raise InvalidInput('line 1')\n    return"
    )
    write_files(old_black, {"__init__.py": refusing})
    source = "match  x:\n  case 1: pass\n"
    expected = "match x:\n    case 1:\n        pass\n"
    assert formatted({HOOKS: HOOK.format("0.1")}, source) == expected


def test_the_pinned_version_runs_apart_from_the_checkout(
    formatted: Callable[..., str], old_black: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spying = OLD_BLACK.replace(
        "    return",
        "    import os\n    text = f'{os.getcwd()} {os.environ.get(\"SECRET\")}'\n    return",
    )
    write_files(old_black, {"__init__.py": spying})
    monkeypatch.setenv("SECRET", "mine")
    monkeypatch.chdir(write_files(tmp_path / "checkout", {"json.py": "raise SystemExit\n"}))
    _, line = formatted({HOOKS: HOOK.format("0.1")}).splitlines()
    assert str(tmp_path) not in line and line.endswith(" None")
