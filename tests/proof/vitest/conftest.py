"""A TypeScript workspace with generated tests in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scaffold.kit.catalog import RunSpec
from scaffold.proof.runner import Subject, SubjectTarget, VerifyOptions
from support.proving import Progress
from support.ts_workspace import SOURCES, make_checkout

BOX = "apps/site/src/box.ts"
BOX_TESTS = "apps/site/src/box.test.ts"
BUTTON = "packages/ui/src/Button.tsx"
WORDS = "packages/ui/src/words.ts"
GREEN = """\
import { describe, expect, it } from "vitest";
import { box } from "./box";

describe("box", () => {
  it("fills a short label", () => {
    expect(box("a")).toBe("[a    ]");
  });

  it("leaves a long label whole", () => {
    expect(box("abcdef")).toBe("abcdef");
    expect(box("abcde")).toBe("[abcde]");
  });

  // Known defect: a wide character is counted as one column.
  it.fails("counts a wide character twice", () => {
    expect(box("\\u4e16")).toBe("[\\u4e16   ]");
  });

  it.each(["", "a"])("has the same width for '%s'", (label) => {
    expect(box(label)).toHaveLength(7);
  });

  it.todo("what a tab is worth");
});
"""
Generate = Callable[..., Subject]


def pytest_itemcollected(item: pytest.Item) -> None:
    """All in one process, so that the workspace is linked once."""
    item.add_marker(pytest.mark.xdist_group("vitest"))


@pytest.fixture(scope="session")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, for all tests of this process."""
    return make_checkout(tmp_path_factory.mktemp("typescript") / "checkout")


@pytest.fixture
def workspace(linked: Path) -> Iterator[Path]:
    """The workspace as it was."""
    for part in ("apps", "packages", ".scaffold"):
        shutil.rmtree(linked / part, ignore_errors=True)
    shutil.copytree(SOURCES, linked, dirs_exist_ok=True)
    yield linked


@pytest.fixture
def options(tmp_path: Path) -> VerifyOptions:
    """Verdicts are kept for this test alone."""
    return VerifyOptions(cache_dir=tmp_path / "cache", timeout_s=60)


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def generate(workspace: Path) -> Generate:
    """Writes generated test files, and returns the subject."""

    def make(files: dict[str, str] | None = None, *targets: str) -> Subject:
        written = {BOX_TESTS: GREEN} if files is None else files
        for path, source in written.items():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_text(source, "utf-8")
        return Subject(
            "boxes",
            workspace,
            RunSpec("vitest", ".", ("apps/site",)),
            tuple(written),
            tuple(SubjectTarget(path, path, path, 80, 80) for path in targets or (BOX,)),
        )

    return make
