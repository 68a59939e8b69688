"""A TypeScript row from stubs to its undo, by the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from proof.vitest.conftest import BOX, BOX_TESTS, GREEN
from scaffold.cli import run
from scaffold.errors import MissingToolError
from scaffold.proof.vitest.kill import tool
from support.command import Ran
from support.proving import Progress
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot

pytestmark = pytest.mark.slow
Ask = Callable[..., Ran]


@pytest.fixture
def ask(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Run a command of ours with a kit of one TypeScript row."""
    templates: dict[str, str | bytes] = {
        "kit.toml": 'name = "shop"\n\n[checkout]\nmarkers = ["turbo.json"]\n',
        "boxes/gap.toml": gap_toml(
            language="typescript",
            run={"runner": "vitest", "root": ".", "baseline": ["apps/site"]},
            targets=[{"name": "box", "paths": [BOX], "symbols": ["box"], "line_pct": 70}],
            edits=[{"kind": "json", "path": "apps/site/package.json", "payload": "scripts.json"}],
        ),
        "boxes/README.md": "# boxes\n",
        "boxes/files/.scaffold-edits/scripts.json": '{"scripts": {"test:watch": "vitest"}}\n',
        f"boxes/files/{BOX_TESTS}": GREEN.replace('  it.todo("what a tab is worth");\n', ""),
    }
    kit = write_kit(tmp_path / "kit", templates)

    def asked(*words: str | Path) -> Ran:
        capfd.readouterr()
        code = run([str(word) for word in (*words, "--kit", kit)])
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return asked


def test_a_row_goes_from_stubs_to_a_proof_and_is_taken_back(
    ask: Ask, workspace: Path, progress: Progress
) -> None:
    before = snapshot(workspace / "apps")
    assert ask("new", "--gap", "boxes", "--stubs", "-C", workspace).code == 0
    assert 'it.todo("fills a short label");' in (workspace / BOX_TESTS).read_text()
    assert ask("verify", "boxes", "--no-rules", "-C", workspace).code == 6
    assert ask("new", "--gap", "boxes", "-C", workspace).code == 0
    assert ask("new", "--gap", "boxes", "-C", workspace).out.count("nothing to do") <= 1
    proof = ask("verify", "boxes", "--no-rules", "-C", workspace, "--json")
    assert proof.code == 0, proof.err
    (record,) = json.loads(proof.out)["outcomes"]
    assert (record["verdict"], record["passed"], record["known_defects"]) == ("green", 4, 1)
    assert record["targets"][0]["line_cov_pct"] == 75
    quick = ask("verify", "boxes", "--no-rules", "--no-lines", "-C", workspace, "--json")
    (record,) = json.loads(quick.out)["outcomes"]
    assert (record["passed"], record["targets"][0]["line_cov_pct"]) == (4, None)
    text = (workspace / "apps/site/package.json").read_text()
    assert json.loads(text)["scripts"]["test:watch"] == "vitest"
    try:
        tool.installed(progress)
    except MissingToolError as error:
        pytest.skip(error.fact)
    sample = ask("verify", "boxes", "--no-rules", "--mutants", "2", "-C", workspace, "--json")
    (record,) = json.loads(sample.out)["outcomes"]
    assert record["viable"] == 2
    assert ask("undo", "-C", workspace).code == ask("undo", "-C", workspace).code == 0
    assert snapshot(workspace / "apps") == before


def test_what_prettier_or_biome_turns_is_no_edit(ask: Ask, workspace: Path) -> None:
    assert ask("new", "--gap", "boxes", "-C", workspace).code == 0
    place = workspace / BOX_TESTS
    text = place.read_text().replace('"vitest"', "'vitest'").replace("});", "})")
    place.write_text(text.replace("(label) =>", "label =>"))
    (row,) = json.loads(ask("status", "-C", workspace, "--json").out)["gaps"]
    assert row["state"] == "generated"
    place.write_text(text.replace("toHaveLength(7)", "toHaveLength(8)"))
    (row,) = json.loads(ask("status", "-C", workspace, "--json").out)["gaps"]
    assert row["state"] == "edited"


def test_a_target_that_is_gone_retires_the_row(ask: Ask, workspace: Path) -> None:
    (workspace / BOX).unlink()
    ran = ask("new", "--gap", "boxes", "-C", workspace)
    assert ran.code == 3 and BOX in f"{ran.out}{ran.err}"


def test_missing_packages_end_with_7_and_the_command(
    ask: Ask, workspace: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(workspace, bare, ignore=shutil.ignore_patterns("node_modules"))
    assert ask("new", "--gap", "boxes", "-C", bare).code == 0
    ran = ask("verify", "boxes", "-C", bare)
    assert ran.code == 7 and f"cd {bare} && npm ci" in ran.err
