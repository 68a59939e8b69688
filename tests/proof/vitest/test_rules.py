"""The scripts of a TypeScript workspace on what a gap wrote: only what is new counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proof.vitest.conftest import BOX_TESTS, GREEN, Generate
from scaffold import edits
from scaffold.checkout.state import EditRecord
from scaffold.proof.outcome import Outcome
from scaffold.proof.rules.result import RuleResult, Ruling, broken_rules
from scaffold.proof.runner import VerifyOptions
from support.proving import Progress, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow
SITE = "apps/site/package.json"
TIDY = """\
import { expect, it } from "vitest";
import { box } from "./box";

it("fills a short label", () => {
  expect(box("a")).toBe("[a    ]");
});
"""


def ruling(outcome: Outcome, place: str, rule: str) -> RuleResult:
    """The result of one script."""
    [found] = [r for r in outcome.rules if r.place.startswith(place) and r.rule.startswith(rule)]
    return found


def test_what_was_red_before_is_not_counted(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    (workspace / "apps/site/src/old.ts").write_text("export const  old: number = 'no';\n")
    subject = generate({BOX_TESTS: TIDY})
    written = snapshot(workspace / "apps")
    outcome = prove(subject, options, progress)
    assert ruling(outcome, SITE, "biome").ruling is Ruling.PASSED
    assert ruling(outcome, SITE, "tsc").ruling is Ruling.PASSED
    assert not [result for result in outcome.rules if result.place.startswith("packages")]
    assert not broken_rules(outcome.rules) and outcome.verdict != "red"
    assert snapshot(workspace / "apps") == written


def test_a_file_that_biome_or_tsc_refuses_is_red_with_its_line(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = TIDY.replace('toBe("[a    ]");', 'toBe("[a    ]"); const n: number = "a";')
    outcome = prove(generate({BOX_TESTS: source}), options, progress)
    [layout] = ruling(outcome, SITE, "biome").broken
    [typed] = ruling(outcome, SITE, "tsc").broken
    assert (layout.file, layout.message.partition(":")[0]) == (BOX_TESTS, "format")
    assert (typed.file, typed.line) == (BOX_TESTS, 5) and "TS2322" in typed.message
    assert ruling(outcome, SITE, "biome").command == "cd apps/site && npm run lint"
    assert outcome.verdict == "red"


def test_an_error_elsewhere_that_a_written_file_causes_counts(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    (workspace / "apps/site/src/use.ts").write_text("export const kind: string = globalKind;\n")
    types = "declare global {\n  var globalKind: number;\n}\n\nexport {};\n"
    subject = generate({BOX_TESTS: TIDY, "apps/site/src/global.d.ts": types})
    (broken,) = ruling(prove(subject, options, progress), SITE, "tsc").broken
    assert broken.file == "apps/site/src/use.ts" and "number" in broken.message


def test_an_edited_file_is_compared_with_itself_before(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    place = workspace / SITE
    place.write_text(place.read_text().replace('"private"', '   "private"'))
    subject = generate({BOX_TESTS: TIDY})
    payload = '{"scripts": {"watch": "vitest"}}'
    applied = edits.apply("json", place.read_text(), payload, path=SITE)
    place.write_text(applied.text)
    record = EditRecord.of("json", SITE, False, edits.units("json", payload))
    outcome = prove(replace(subject, edits=(record,)), options, progress)
    assert ruling(outcome, SITE, "biome").ruling is Ruling.PASSED


def test_a_script_that_is_not_known_is_named_with_its_command(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    place = workspace / SITE
    data = json.loads(place.read_text())
    data["scripts"] = {"build": "next build", "lint": "echo none", "typecheck": "npx tsc --noEmit"}
    place.write_text(json.dumps(data))
    outcome = prove(generate({BOX_TESTS: GREEN}), options, progress)
    left_out = ruling(outcome, SITE, "next build")
    assert left_out.ruling is Ruling.NOT_RUN
    assert left_out.command == "cd apps/site && npm run build"
    assert len([result for result in outcome.rules if result.place.startswith(SITE)]) == 2
