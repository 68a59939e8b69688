"""Generated TypeScript tests on a real workspace: every outcome, coverage, and what is missing."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from proof.vitest.conftest import BOX, BOX_TESTS, BUTTON, GREEN, Generate
from scaffold.errors import BaselineError, MissingToolError, ProofError
from scaffold.proof.runner import VerifyOptions, load_runner
from scaffold.proof.vitest.installed import get_command, satisfies
from support.proving import Progress, hide, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow


def test_every_outcome_is_kept_apart_and_lines_are_counted(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    before = snapshot(workspace / "apps")
    subject = generate()
    written = snapshot(workspace / "apps")
    outcome = prove(subject, options, progress)
    kinds = {test.id.partition("::")[2]: test.outcome for test in outcome.tests}
    assert kinds == {
        "box::fills a short label": "passed",
        "box::leaves a long label whole": "passed",
        "box::counts a wide character twice": "xfailed",
        "box::has the same width for '%s'[box::has the same width for '']": "passed",
        "box::has the same width for '%s'[box::has the same width for 'a']": "passed",
        "box::what a tab is worth": "skipped",
    }
    assert outcome.problems == ("1 of 6 tests are still todos",)
    assert outcome.counts["known_defects"] == 1 and outcome.baseline == 1
    (target,) = outcome.targets
    assert (target.line_cov_pct, target.missing) == (75.0, ((11, 11),))
    assert outcome.command == "cd apps/site && npx vitest run src/box.test.ts"
    assert snapshot(workspace / "apps") == written != before


NOT_RUN = """\
  if (box("") === "never") {
    it("is not run", () => {});
  }
  it.skip"""
ONE = 'import { it } from "vitest";\nit("a", () => {});\n'


def test_what_is_not_as_declared_is_red_with_its_place(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    source = GREEN.replace('toBe("[a    ]")', 'toBe("x")').replace("[\\u4e16   ]", "[\\u4e16    ]")
    source = source.replace("  it.todo", NOT_RUN)
    source = source.replace('it.skip("what a tab is worth")', 'it.skip("a tab", () => {})')
    files = {
        BOX_TESTS: source,
        "apps/site/src/gone.test.ts": f'import "./gone";\n{ONE}',
        "packages/ui/src/only.test.ts": ONE.replace("it(", "it.only("),
        "packages/ui/src/snap.test.ts": 'import { expect, it } from "vitest";\n'
        'it("b", () => expect("b").toMatchInlineSnapshot());\n',
    }  # fmt: skip
    subject = generate(files, BOX, BUTTON)
    outcome = prove(subject, options, progress)
    told = {test.id.partition("::")[2] or test.id: test for test in outcome.tests}
    assert told["box::fills a short label"].message.endswith("(box.test.ts:6)")
    assert told["box::counts a wide character twice"].outcome == "xpassed"
    assert told["box::is not run"].message.endswith("declared here, but it did not run")
    assert told["box::a tab"].outcome == "skipped"
    assert "./gone" in told["apps/site/src/gone.test.ts"].message
    assert ".only" in told["a"].message
    assert told["b"].outcome == "failed"
    assert outcome.verdict == "red" and outcome.counts["passed"] == 3
    assert (workspace / "packages/ui/src/snap.test.ts").read_text() == files[
        "packages/ui/src/snap.test.ts"
    ]


COMPONENT = """\
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Button } from "./Button";

afterEach(cleanup);

it("has the role of a button", () => {
  render(<Button>Go on</Button>);
  expect(screen.getByRole("button", { name: "Go on" })).toBeDefined();
});
"""


def test_each_package_is_run_with_its_own_configuration(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    files = {BOX_TESTS: GREEN, "packages/ui/src/Button.test.tsx": COMPONENT}
    outcome = prove(generate(files, BOX, BUTTON), options, progress)
    assert outcome.counts["passed"] == 5 and not outcome.counts["failed"]
    assert [target.line_cov_pct for target in outcome.targets] == [75.0, 100.0]
    assert outcome.command == (
        "(cd apps/site && npx vitest run src/box.test.ts)"
        " && (cd packages/ui && npx vitest run src/Button.test.tsx)"
    )


def test_the_users_environment_changes_nothing(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CI": "", "NODE_OPTIONS": "--require /no/such/file.js", "FORCE_COLOR": "3",
        "VITEST_SKIP_INSTALL_CHECKS": "1", "UPDATE_SNAPSHOT": "all", "npm_config_prefix": "/no",
        "VITEST_MAX_WORKERS": "nine", "NODE_PATH": "/no",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert prove(generate(), options, progress).counts["passed"] == 4


def test_a_suite_that_was_red_before_stops_the_proof(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    old = workspace / "apps/site/src/old.test.ts"
    old.write_text(old.read_text().replace("toBe(2)", "toBe(3)"))
    with pytest.raises(BaselineError, match=r"old\.test\.ts::there is a test already"):
        prove(generate(), options, progress)


ENDLESS = """\
import { expect, it } from "vitest";

it("ends", () => expect(1).toBe(1));
it("never ends", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
"""


def test_a_test_that_never_ends_is_killed_and_named(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate({BOX_TESTS: ENDLESS})
    outcome = prove(subject, replace(options, timeout_s=15), progress)
    told = {test.id.partition("::")[2]: test for test in outcome.tests}
    assert told["ends"].outcome == "passed"
    assert told["never ends"].message == "it did not end within 15 s, and was killed"
    assert outcome.verdict == "red"


def test_an_error_outside_of_every_test_is_red(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = ONE.replace("{}", '{ Promise.reject(new Error("lost")); }')
    outcome = prove(generate({BOX_TESTS: source}), options, progress)
    assert outcome.verdict == "red"
    assert any("lost" in test.message for test in outcome.tests if test.outcome == "error")


def test_a_configuration_that_does_not_load_ends_the_proof(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    (workspace / "apps/site/vitest.config.ts").write_text('throw new Error("no configuration");\n')
    with pytest.raises(ProofError, match="no configuration"):
        prove(generate(), options, progress)


@pytest.fixture
def bare(tmp_path: Path, generate: Generate, workspace: Path) -> Path:
    """A copy of the workspace without its packages."""
    place = tmp_path / "bare"
    generate()
    shutil.copytree(workspace, place, ignore=shutil.ignore_patterns("node_modules"))
    return place


LOCKS = {
    "npm": ("package-lock.json", "npm ci"),
    "pnpm": ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    "yarn": ("yarn.lock", "yarn install --immutable"),
    "bun": ("bun.lock", "bun install --frozen-lockfile"),
}
LOCKED = {
    "package-lock.json": '{"packages": {"node_modules/vitest": {"version": "4.1.12"}}}',
    "pnpm-lock.yaml": "packages:\n\n  vitest@4.1.12:\n    engines: {node: '>=20'}\n",
    "yarn.lock": '"vitest@npm:^4.1.0":\n  version: 4.1.12\n',
    "bun.lock": '{"packages": {"vitest": ["vitest@4.1.12", ""]}}',
}


@pytest.mark.parametrize("program", LOCKS)
def test_missing_packages_end_with_the_command_of_the_checkouts_program(
    bare: Path, generate: Generate, options: VerifyOptions, progress: Progress, program: str
) -> None:
    lock, command = LOCKS[program]
    (bare / "package.json").write_text('{"private": true}')
    (bare / "package-lock.json").unlink()
    (bare / lock).write_text(LOCKED[lock])
    subject = replace(generate(), checkout=bare)
    with pytest.raises(MissingToolError) as caught:
        prove(subject, options, progress)
    assert "packages are not installed" in caught.value.fact
    assert caught.value.hint == f"cd {bare} && {command}"


def test_packages_of_another_lock_file_are_refused(
    bare: Path, workspace: Path, generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    (bare / "node_modules").symlink_to(workspace / "node_modules")
    subject = replace(generate(), checkout=bare)
    lock = json.loads((bare / "package-lock.json").read_text())
    lock["packages"]["node_modules/vitest"]["version"] = "4.0.1"
    (bare / "package-lock.json").write_text(json.dumps(lock))
    with pytest.raises(MissingToolError, match=r"vitest is 4\.1\.12, and package-lock\.json has"):
        prove(subject, options, progress)
    (bare / "package-lock.json").unlink()
    (bare / "pnpm-lock.yaml").touch()
    (bare / "package.json").write_text('{"private": true}')
    with pytest.raises(MissingToolError, match=r"installed by npm, and pnpm-lock\.yaml is of pnpm"):
        prove(subject, options, progress)


@pytest.mark.parametrize(("program", "lock", "command"), [(p, *LOCKS[p]) for p in LOCKS])
def test_a_package_that_the_lock_file_lacks_needs_an_install_that_adds_it(
    program: str, lock: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / lock).write_text(LOCKED[lock])
    assert get_command(tmp_path) == f"cd {tmp_path} && {command}"
    (tmp_path / lock).write_text(LOCKED[lock].replace("vitest", "@my/vitest-config"))
    assert get_command(tmp_path) == f"cd {tmp_path} && {program} install"


def test_without_node_nothing_is_tried(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "node")
    with pytest.raises(MissingToolError, match="there is no 'node' on the PATH"):
        prove(generate(), options, progress)


def test_a_node_that_is_too_old_is_named_with_what_vitest_needs(
    generate: Generate, options: VerifyOptions, progress: Progress,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    old = tmp_path / "bin" / "node"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho v18.20.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    with pytest.raises(MissingToolError, match=r"4\.1\.12 needs Node\.js \^20.*is 18\.20\.1"):
        prove(generate(), options, progress)


@pytest.mark.parametrize(
    ("version", "asked", "fits"),
    [
        ("20.20.2", "^20.0.0 || ^22.0.0 || >=24.0.0", True),
        ("21.1.0", "^20.0.0 || ^22.0.0 || >=24.0.0", False),
        ("25.0.0", "^20.0.0 || ^22.0.0 || >=24.0.0", True),
        ("20.18.9", "^20.19.0 || >=22.12.0", False),
        ("18.2.0", "~18.2 || >= 20", True),
        ("18.3.0", "~18.2", False),
        ("1.0.0", "", True),
    ],
)
def test_a_range_of_versions_is_read(version: str, asked: str, fits: bool) -> None:
    assert satisfies(version, asked) is fits


def test_what_would_run_is_named_without_starting_it(
    generate: Generate, options: VerifyOptions
) -> None:
    runner = load_runner("vitest")
    at_hand = runner.at_hand(generate(), options)
    assert at_hand.startswith("Vitest 4.1.12 of apps/site (") and "node" in at_hand
    assert runner.environment(generate(), options).startswith("Node.js ")
