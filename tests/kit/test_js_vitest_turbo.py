"""The set-up of `js_vitest` in a workspace of our own: what Turbo runs, and what it keeps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kit.test_js_vitest import GAP, rendered
from scaffold.kit.catalog import Gap
from support.command import scaffold
from support.repositories import git
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot
from support.ts_workspace import make_checkout

pytestmark = pytest.mark.slow
BUTTON = "packages/ui/src/Button.tsx"
CONFIGURATION = "packages/vitest-config"
EDITS = ("root_package.json", "turbo.json", "gitignore", "ui_package.json")
TESTS = """\
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Button } from "./Button";

afterEach(cleanup);

it("has the role of a button", () => {
  render(<Button>Go on</Button>);
  expect(screen.getByRole("button", { name: "Go on" })).toBeDefined();
});
"""
OWN = {
    "button/README.md": "# button\n",
    "button/files/packages/ui/src/test/setup.ts": 'import "@katanemo/vitest-config/one-react";\n',
    "button/files/packages/ui/src/Button.test.tsx": TESTS,
    "button/files/.scaffold-edits/ui_package.json": """\
{
  "scripts": {"test:coverage": "vitest run --coverage"},
  "devDependencies": {"@katanemo/vitest-config": "*"}
}
""",
    "kit.toml": 'name = "shop"\n\n[checkout]\nmarkers = ["turbo.json"]\n',
}
RUN_S = 240


def edits_of(gap: Gap) -> list[dict[str, str]]:
    """The edits of the set-up, as gap.toml has them."""
    return [
        {"kind": edit.kind, "path": edit.path, "payload": edit.payload}
        for edit in gap.edits
        if edit.payload in EDITS
    ]


@pytest.fixture
def kit_folder(tmp_path: Path) -> Path:
    """The set-up of the row, with a test of this workspace."""
    whole = rendered()
    config = "packages/ui/vitest.config.ts"
    files = {path: text.decode() for path, text in whole.files.items()
             if path.startswith(CONFIGURATION) or path == config}  # fmt: skip
    files |= {f".scaffold-edits/{name}": whole.payloads[name] for name in EDITS[:3]}
    # The application of this workspace has another name.
    templates = {f"button/files/{path}": text.replace("apps/www", "apps/site")
                 for path, text in files.items()}  # fmt: skip
    templates["button/gap.toml"] = gap_toml(
        language="typescript",
        run={"runner": "vitest", "root": "."},
        targets=[{"name": "button", "paths": [BUTTON]}],
        edits=edits_of(GAP),
    )
    return write_kit(tmp_path / "kit", templates | OWN)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The workspace in git, without a set-up of its own for the package."""
    root = make_checkout(tmp_path / "checkout")
    (root / "packages/ui/vitest.config.ts").unlink()
    (root / ".gitignore").write_text("node_modules/\n.turbo/\nhtmlcov/\n")
    git(root, "init", "-q")
    return root


@pytest.fixture
def workspace(bare: Path, kit_folder: Path) -> Path:
    """The workspace with the set-up, and what an install would link."""
    root = bare
    assert scaffold("new", "--gap", "button", "--kit", kit_folder, "-C", root).code == 0
    (root / "node_modules/@katanemo").mkdir()
    (root / "node_modules/@katanemo/vitest-config").symlink_to(f"../../{CONFIGURATION}")
    return root


def turbo(root: Path, task: str = "test") -> tuple[int, int]:
    """How many packages a green run of a task took from the cache, and of how many."""
    argv = [str(root / "node_modules/.bin/turbo"), "run", task]
    env = {**os.environ, "CI": "1", "TURBO_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(
        argv, cwd=root, env=env, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    assert done.returncode == 0, f"expected a green run, got {done.stdout[-2000:]}{done.stderr}"
    found = re.search(r"Cached:\s+(\d+) cached, (\d+) total", done.stdout)
    assert found is not None, f"expected a number of tasks, got {done.stdout[-2000:]}"
    return int(found[1]), int(found[2])


def test_a_second_run_is_a_full_cache_hit_until_something_changes(workspace: Path) -> None:
    assert turbo(workspace) == (0, 2)
    assert turbo(workspace) == (2, 2), "expected a full cache hit"
    (workspace / "packages/ui/README.md").write_text("Nothing that a test reads.\n")
    assert turbo(workspace) == (2, 2), "expected a page to change nothing"
    for path in (f"{CONFIGURATION}/base.js", BUTTON, "apps/site/package.json"):
        place = workspace / path
        place.write_text(place.read_text() + "\n")
        assert turbo(workspace) == (0, 2), f"expected {path} to count in both packages"
        assert turbo(workspace) == (2, 2), "expected a full cache hit"


def test_the_report_of_the_coverage_comes_from_the_cache(workspace: Path) -> None:
    report = workspace / "packages/ui/coverage/lcov.info"
    assert turbo(workspace, "test:coverage") == (0, 1)
    measured = report.read_bytes()
    shutil.rmtree(report.parent)
    assert turbo(workspace, "test:coverage") == (1, 1)
    assert report.read_bytes() == measured


def test_the_set_up_is_taken_back_byte_for_byte(bare: Path, kit_folder: Path) -> None:
    def seen() -> object:
        return [
            (bare / name).read_bytes() for name in ("turbo.json", "package.json", ".gitignore")
        ], [snapshot(bare / name) for name in ("apps", "packages")]

    before, command = seen(), ("new", "--gap", "button", "--kit", kit_folder, "-C", bare)
    assert scaffold(*command).code == 0
    assert "nothing to do" in scaffold(*command).out
    assert seen() != before
    assert scaffold("undo", "--kit", kit_folder, "-C", bare).code == 0
    assert seen() == before
