"""Which variables and which options of the project's `addopts` a run of pytest keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.proof.pytest.isolation import is_dropped, kept_options

NEEDED = (
    "DATABASE_URL HOME PATH VIRTUAL_ENV LESSONS_DB GIT_AUTHOR_NAME AGENT_URL PYTHONUSERBASE MODE"
)


@pytest.mark.parametrize("name", NEEDED.split())
def test_what_tests_may_need_stays(name: str) -> None:
    assert not is_dropped(name)


@pytest.mark.parametrize(
    ("addopts", "kept"),
    [
        ("-vvsx -k 'a b' -m slow -n4 -rA", []),
        ("-p my.plugin -pother -p no:cacheprovider -p no:asyncio -p xdist", [
            "-p", "my.plugin", "-p", "other", "-p", "no:asyncio"]),
        ("--ds=app.settings --reuse-db", ["--ds=app.settings", "--reuse-db"]),
        ("--backend sqlite tests", ["--backend", "sqlite"]),
        ("--flag tests", ["--flag"]),
        ("-o asyncio_mode=auto -o addopts=-x -oxfail_strict=0", ["-o", "asyncio_mode=auto"]),
        ("--import-mode importlib --cov --cov-report=xml --junitxml x.xml", [
            "--import-mode", "importlib"]),
    ],
)  # fmt: skip
def test_of_addopts_stays_what_tests_may_need(
    addopts: str, kept: list[str], tmp_path: Path
) -> None:
    import shlex

    (tmp_path / "tests").mkdir()
    assert kept_options(shlex.split(addopts), tmp_path) == kept
