"""`new --prove` of Rust parts: what does not compile or does not end is left out alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checkout.find import open_checkout
from scaffold.kit.catalog import load_kit
from scaffold.plan.model import Request
from scaffold.proof.runner import VerifyOptions
from scaffold.workflow.proved import plan_proved
from support.proving import Progress
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

pytestmark = pytest.mark.slow

TESTS = {
    "endless": "#[test]\nfn it_ends() {\n    loop {\n        std::thread::park();\n    }\n}\n",
    "broken": "#[test]\nfn it_compiles() {\n    let _: u8 = fold::fold;\n}\n",
    "good": '#[test]\nfn it_folds() {\n    assert_eq!(fold::fold("ab", 0), ["ab"]);\n}\n',
}


def test_parts_that_do_not_compile_or_do_not_end_are_left_out_and_the_rest_is_planned(
    workspace: Path, options: VerifyOptions, progress: Progress, tmp_path: Path
) -> None:
    files = {name: f"crates/fold/tests/{name}.rs" for name in TESTS}
    toml = gap_toml(
        language="rust",
        run={"runner": "cargo", "root": "crates"},
        targets=[{"name": "fold", "paths": ["crates/fold/src/lib.rs"]}],
        parts=[{"name": n, "title": n, "files": [path]} for n, path in files.items()],
    )
    sources = {f"row/files/{files[name]}": text for name, text in TESTS.items()}
    root = write_kit(tmp_path / "kit", {"row/gap.toml": toml, **sources})
    markers = 'name = "tiny"\ntitle = "a crate"\n\n[checkout]\nmarkers = ["crates/Cargo.toml"]\n'
    write_files(root / "templates", {"kit.toml": markers})
    kit = load_kit(root)
    request = Request((kit.gaps["row"],), {}, frozenset({"row"}))
    before = snapshot(workspace)
    found = plan_proved(
        kit,
        open_checkout(workspace, kit),
        request,
        {},
        replace(options, timeout_s=60),
        progress,
    )
    left = {one.name: one.reason for one in found.left_out}
    assert left.keys() == {"row:broken", "row:endless"}
    assert "crates/fold/tests/broken.rs:3" in left["row:broken"]
    assert "mismatched types" in left["row:broken"]
    assert "did not end within 60 s" in left["row:endless"]
    assert [item.picked for item in found.plan.gaps] == [("good",)]
    assert snapshot(workspace) == before
