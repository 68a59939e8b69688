"""Fixtures of all tests: the demo kit, and a fresh copy of its miniature code base."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.checkout.find import Checkout, open_checkout
from scaffold.kit.catalog import Kit, load_kit
from scaffold.system import invocation
from support.repositories import committed, with_author
from support.tinykit import DEMO, DEMO_KIT

ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests start first; tests that share a fixture of their module run in one process."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if isinstance(item, pytest.Function):
            found = item._fixtureinfo.name2fixturedefs.values()
            if any(definitions[-1].scope == "module" for definitions in found):
                item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_grouped_ids(items: list[pytest.Item]) -> None:
    """The groups of xdist in the ids, where it looks for them.

    xdist 3.8 writes `_nodeid`, which pytest has not read since 9.2: no group was kept together.
    """
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped is not None and hasattr(item, "_id"):
            item._id = type(item._id).parse(grouped)


@pytest.fixture(autouse=True)
def no_command_line() -> None:
    """No command line is left of another test: hints depend on what was typed."""
    invocation.begin(())


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches of the tests' own, shared by their workers, and nothing of a person's settings."""
    with pytest.MonkeyPatch.context() as patch:
        base = tmp_path_factory.getbasetemp()
        # With xdist the base is one worker's; all share the folder above it.
        shared = base.parent if base.name.startswith("popen-") else base
        patch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
        patch.setenv("XDG_STATE_HOME", str(shared / "state"))
        _keep_formatted(shared / "cache" / "scaffold")
        patch.setenv("COLUMNS", "100")
        # The machine's python3 need not have pytest; that of the tests has it.
        own = str(Path(sys.executable).parent)
        patch.setenv("PATH", os.pathsep.join([own, os.environ["PATH"]]))
        # LINES comes from readline in the process that starts the workers.
        for name in ("SCAFFOLD_KIT", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "LINES"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def nothing_rendered(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty cache: what other tests rendered is not recalled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def _keep_formatted(cache: Path) -> None:
    # Formatting costs most of a first run and is kept by content, so it may outlive the session.
    kept = ROOT / ".cache" / "format"
    kept.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    # Another worker may be first.
    with contextlib.suppress(FileExistsError):
        (cache / "format").symlink_to(kept)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the miniature code base."""
    # Not copytree alone: an installed package may hold compiled modules.
    return Path(
        shutil.copytree(
            DEMO / "checkout", tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__")
        )
    )


@pytest.fixture
def kit() -> Kit:
    """The demo kit."""
    return load_kit(DEMO_KIT)


@pytest.fixture
def checkout(tree: Path, kit: Kit) -> Checkout:
    """The copy, opened."""
    return open_checkout(tree, kit)


@pytest.fixture
def repository(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy under git, committed; it has a name for commits, and the machine has none."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [*os.environ]:
        if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")) or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    committed(tree)
    with_author(tree)
    return tree
