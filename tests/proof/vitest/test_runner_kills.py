"""The kill check and the mend check of TypeScript on a real workspace."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from proof.vitest.conftest import BOX, BOX_TESTS, GREEN, WORDS, Generate
from scaffold.commands.proof.joined import merge
from scaffold.errors import MissingToolError, ProofError
from scaffold.kit.defects import Change, Defect, Fit, Looked, Mend
from scaffold.proof.mends import MendVerdict
from scaffold.proof.runner import Subject, VerifyOptions, load_runner
from scaffold.proof.vitest.kill import tool
from support.proving import Progress, hide, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow
COUNTED = """\
import { expect, it } from "vitest";
import { box, counted } from "./box";

it("counts boxes", () => {
  expect(counted(1)).toBe("1 box");
  expect(counted(2)).toBe("2 boxes");
});

it("leaves a long label whole", () => expect(box("abcdef")).toBe("abcdef"));
"""
IDLE = "apps/site/src/idle.ts"
ENDLESS = """\
export function steps(most: number): number {
  let n = 0;
  while (n < most) {
    n += 1;
  }
  return n;
}
"""


@pytest.fixture
def options(options: VerifyOptions) -> VerifyOptions:
    """The layout of the tests written here is no part of what is tested."""
    return replace(options, rules=False)


@pytest.fixture
def mutants(progress: Progress) -> None:
    """What makes mutants is there, or the test is skipped with the reason."""
    try:
        tool.installed(progress)
    except MissingToolError as error:
        pytest.skip(error.fact)


def found(subject: Subject, options: VerifyOptions, progress: Progress, *targets: str) -> list[str]:
    with load_runner("vitest").breaker(subject, None, options, progress) as breaker:
        return [
            f"{mutant.line} {mutant.operator}: {mutant.change}"
            for mutant in breaker.find(targets).mutants
        ]


@pytest.mark.usefixtures("mutants")
def test_mutants_are_stryker_s_without_those_that_a_comment_switches_off(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    place = workspace / WORDS
    text = place.read_text().replace("  return", "  // Stryker disable next-line all\n  return")
    assert found(generate(), options, progress, WORDS)[1:3] == [
        "2 ConditionalExpression: count === 1 -> true",
        "2 ConditionalExpression: count === 1 -> false",
    ]
    place.write_text(f"\ufeff{text}".replace("\n", "\r\n"), "utf-8")
    assert [one.partition(":")[0] for one in found(generate(), options, progress, WORDS)] == [
        "1 BlockStatement"
    ]


@pytest.mark.usefixtures("mutants")
def test_verdicts_are_kept_and_the_cuts_are_the_whole(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    written = snapshot(workspace / "apps")
    cuts = [
        prove(subject, replace(options, mutants="all", shard=(number, 2)), progress)
        for number in (1, 2)
    ]
    whole = prove(subject, replace(options, mutants="all"), progress)
    assert whole.kills.cached == whole.kills.viable > 8
    assert merge(cuts).kills.by_target == whole.kills.by_target
    survivors = {(one.line, one.operator) for one in whole.kills.survivors}
    assert survivors == {(11, "StringLiteral"), (11, "BlockStatement"), (10, "BlockStatement")} & (
        survivors
    )
    assert {line for line, _ in survivors} <= {10, 11, 12}
    assert snapshot(workspace / "apps") == written


@pytest.mark.usefixtures("mutants")
def test_a_package_of_the_workspace_is_broken_for_those_that_import_it(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate({BOX_TESTS: COUNTED}, WORDS)
    outcome = prove(subject, replace(options, mutants="all"), progress)
    assert outcome.kills.by_target == {WORDS: (outcome.kills.viable, outcome.kills.viable)}


@pytest.mark.usefixtures("mutants")
def test_a_mutant_is_tried_by_the_tests_that_load_its_file_and_by_no_other(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    noted = f'import {{ appendFileSync }} from "node:fs";\nappendFileSync("{log}", "NAME\\n");\n'
    (workspace / IDLE).write_text("export const idle = (): number => 1;\n")
    idle = 'import { expect, it } from "vitest";\nimport { idle } from "./idle";\n'
    idle += 'it("is there", () => expect(idle).toBeDefined());\n'
    files = {BOX_TESTS: COUNTED, IDLE.replace(".ts", ".test.ts"): idle}
    subject = generate({p: noted.replace("NAME", p) + text for p, text in files.items()}, BOX, IDLE)
    kills = prove(subject, replace(options, mutants="all", jobs=1, coverage=False), progress).kills
    (boxes, box), (idles, one) = (kills.by_target[path] for path in (BOX, IDLE))
    assert (boxes > 0, idles, one > 0) == (True, 0, True)
    by_box, by_idle = (log.read_text().splitlines().count(path) for path in files)
    # Twice for the tests themselves: to see what they do, and on the unbroken copy.
    assert (by_box, by_idle) == (2 + box, 2 + one)


@pytest.mark.usefixtures("mutants")
def test_a_file_that_is_no_module_of_a_test_may_be_read_by_any(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    (workspace / IDLE).write_text("export const idle = (): number => 1;\n")
    read = 'import { readFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n'
    read += 'it("reads", () => expect(readFileSync("src/idle.ts", "utf8")).toContain("=> 1"));\n'
    subject = generate({IDLE.replace(".ts", ".test.ts"): read}, IDLE)
    kills = prove(subject, replace(options, mutants="all", coverage=False), progress).kills
    assert kills.by_target[IDLE][0] == kills.by_target[IDLE][1] > 0


@pytest.mark.usefixtures("mutants")
def test_a_mutant_that_never_ends_is_a_timeout_and_the_next_one_is_judged(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    (workspace / BOX).write_text(ENDLESS)
    # A Vitest that is killed does not remove its folder for temporary files: it lies in ours.
    source = 'import { tmpdir } from "node:os";\nimport { expect, it } from "vitest";\n'
    source += 'import { steps } from "./box";\n'
    source += f'it("is inside", () => expect(tmpdir()).toContain("/scaffold-{os.getuid()}/"));\n'
    source += 'it("counts", () => expect(steps(3)).toBe(3));\n'
    outcome = prove(generate({BOX_TESTS: source}), replace(options, mutants="all"), progress)
    assert outcome.kills.timeouts >= 1
    assert outcome.kills.killed == outcome.kills.viable > outcome.kills.timeouts


@pytest.mark.usefixtures("mutants")
def test_tests_that_are_red_on_a_copy_give_no_verdict(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    here = 'import { expect, it } from "vitest";\nimport { box } from "./box";\n'
    here += f'it("is here", () => expect(process.cwd() + box("")).toContain("{workspace}"));\n'
    with pytest.raises(ProofError, match="red on an unbroken copy: is here"):
        prove(generate({BOX_TESTS: here}), replace(options, mutants=2), progress)


def test_without_a_registry_the_command_that_gets_stryker_is_named(
    generate: Generate, options: VerifyOptions, progress: Progress,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error network: none' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    with pytest.raises(MissingToolError, match="npm error network: none") as caught:
        found(generate(), options, progress, BOX)
    place = caught.value.hint.removeprefix("npm ci --prefix ")
    assert (Path(place) / "package-lock.json").is_file()
    hide(monkeypatch, "npm")
    with pytest.raises(MissingToolError, match="needs npm"):
        found(generate(), options, progress, BOX)


def test_a_mend_turns_its_test_and_no_other(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    text = (workspace / BOX).read_text()
    mended = text.replace("label.padEnd(width)", "label.padEnd(label > '~' ? width - 1 : width)")
    other = mended.replace("return label;", 'return "";')
    defect = Defect(
        id="wide", severity="wrong result", file=BOX, function="box", today="t", expected="e",
        source="s", reached_from="box", tests=("counts a wide character twice",),
        mends=(Mend((Change(BOX, "a", "b"),)),),
    )  # fmt: skip
    subject = generate({BOX_TESTS: GREEN.replace('  it.todo("what a tab is worth");\n', "")})
    verdicts = []
    for change in (mended, other, text):
        looked = Looked(Fit.APPLIES, {BOX: change})
        proved = prove(
            replace(subject, defects=((defect, looked),)), replace(options, mends=True), progress
        )
        verdicts.append(proved.mends[0].verdict)
    assert verdicts == [MendVerdict.TURNED, MendVerdict.DISTURBS, MendVerdict.STUCK]
    assert (workspace / BOX).read_text() == text


def test_packages_of_a_copy_lead_into_the_copy(workspace: Path, tmp_path: Path) -> None:
    from scaffold.proof.vitest.linked_copy import linked_copy

    copy = linked_copy(workspace, tmp_path / "copy", workspace)
    assert (copy / "node_modules/@shop/ui").resolve() == (copy / "packages/ui").resolve()
    assert (copy / "node_modules/react").resolve() == (workspace / "node_modules/react").resolve()
    shutil.rmtree(copy)
    assert (workspace / "node_modules/react/package.json").is_file()
