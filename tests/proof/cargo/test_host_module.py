"""The in-memory host of `llm_gateway`, built and run with every proxy-wasm 0.2.x there is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scaffold.proof.cargo.build import cargo_env
from scaffold.system import process
from scaffold.system.caching import cache_dir
from support.rendering import sources

pytestmark = pytest.mark.slow

FILTER = Path(__file__).resolve().parents[2] / "testdata" / "wasm_filter"
HOST = "crates/llm_gateway/src/test_host.rs"
OLDEST, NEWEST = 0, 5
VERSIONS = [f"0.2.{patch}" for patch in range(OLDEST, NEWEST + 1)]


def cargo(folder: Path, *args: str) -> process.Completed:
    env = cargo_env(cache_dir() / "cargo" / "target")
    return process.run(["cargo", *args], cwd=folder, env=env, timeout_s=600)


def newest(folder: Path) -> str:
    """The newest 0.2.x of the registry, also one that came after the list above."""
    done = cargo(folder, "info", "--registry", "crates-io", "proxy-wasm@0.2")
    found = re.search(r"^version: (0\.2\.\d+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout + done.stderr
    return found[1]


@pytest.mark.parametrize("version", [*VERSIONS, "newest"])
def test_the_host_runs_a_filter_with(version: str, tmp_path: Path) -> None:
    if version == "newest":
        version = newest(tmp_path)
    crate = tmp_path / "wasm_filter"
    shutil.copytree(FILTER, crate)
    manifest = crate / "Cargo.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("VERSION", version), "utf-8")
    [host] = [item for item in sources("llm_gateway", "default") if item.path == HOST]
    (crate / "src" / "test_host.rs").write_text(host.text, "utf-8")
    done = cargo(crate, "test", "--lib")
    assert "test result: ok. 7 passed; 0 failed" in done.stdout, done.stdout + done.stderr
