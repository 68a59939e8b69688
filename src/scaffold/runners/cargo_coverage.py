"""Line coverage of the targets by a gap's own tests: cargo-llvm-cov, else cargo-tarpaulin.

Both build everything once more, instrumented, so the result is kept by content. Where neither is
installed the coverage is unknown: no entry, and a line on the way says how to get one.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold import process
from scaffold.runners import Evidence, Progress, Subject, VerifyOptions
from scaffold.runners.cargo_workspace import Suite, suite_args
from scaffold.runners.verdicts import VerdictCache

if TYPE_CHECKING:
    from scaffold.runners.cargo import Bench

INSTALL = "cargo install cargo-llvm-cov && rustup component add llvm-tools"


def coverage_of(
    bench: Bench, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> Evidence:
    """The evidence with the coverage of the targets; without, where it cannot be measured."""
    paths = [target.path for target in subject.targets if target.path.endswith(".rs")]
    names = {s: n for s, n in bench.own_names(subject, evidence).items() if n}
    if not paths or not names or evidence.generated.red:
        return evidence
    tool = find_tool(bench.cargo.env)
    if tool is None:
        progress(f"{subject.slug}: coverage is unknown without a tool for it: {INSTALL}")
        return evidence
    from scaffold.runners.cargo_kill import circumstances

    sources = "\0".join((bench.tree.path / path).read_text("utf-8") for path in paths)
    all_names = [suite.label(name) for suite, own in names.items() for name in own]
    cache = VerdictCache(
        options.cache_dir, ["coverage", tool, *circumstances(bench, subject, paths, all_names)]
    )
    known = cache.get(sources)
    if known is None:
        progress(f"{subject.slug}: measuring coverage with {tool} (another build)")
        measured = _measure(bench, tool, names, paths, options)
        if measured is None:
            progress(f"{subject.slug}: coverage is unknown: {tool} failed, see {bench.cargo.log}")
            return evidence
        known = json.dumps(measured, sort_keys=True)
        cache.put({sources: known})
    return replace(evidence, coverage=json.loads(known))


def find_tool(env: dict[str, str]) -> str | None:
    """The cargo command that measures coverage on this machine; None where none does."""
    if shutil.which("cargo-llvm-cov") and _has_llvm_tools(env):
        return "llvm-cov"
    return "tarpaulin" if shutil.which("cargo-tarpaulin") else None


def _has_llvm_tools(env: dict[str, str]) -> bool:
    if env.get("LLVM_COV") and env.get("LLVM_PROFDATA"):
        return True
    done = process.run(["rustc", "--print", "target-libdir"], cwd=Path.cwd(), env=env)
    return (Path(done.stdout.strip()).parent / "bin" / "llvm-profdata").exists()


def _measure(
    bench: Bench,
    tool: str,
    names: dict[Suite, list[str]],
    paths: Sequence[str],
    options: VerifyOptions,
) -> dict[str, float] | None:
    suites = suite_args(list(names))
    tests = sorted({name for own in names.values() for name in own})
    with tempfile.TemporaryDirectory(prefix="scaffold-") as scratch:
        argv, report = _command(tool, suites, Path(scratch), bench.tree.target)
        done = process.run(
            [*argv, "--", "--exact", *tests],
            cwd=bench.cargo.folder,
            env=bench.cargo.env,
            timeout_s=options.timeout_s,
            log=bench.cargo.log,
        )
        if done.returncode != 0 or not report.is_file():
            return None
        data = json.loads(report.read_text(encoding="utf-8"))
    read = _llvm_cov_lines if tool == "llvm-cov" else _tarpaulin_lines
    root = bench.tree.path.resolve()
    found = {str(Path(place).resolve()): share for place, share in read(data).items()}
    return {path: round(found.get(str(root / path), 0.0), 1) for path in paths}


def _command(
    tool: str, suites: Sequence[str], scratch: Path, target: Path
) -> tuple[list[str], Path]:
    if tool == "llvm-cov":
        report = scratch / "report.json"
        argv = ["cargo", "llvm-cov", "--locked", "--json", "--output-path", str(report)]
        return [*argv, *suites], report
    report = scratch / "tarpaulin-report.json"
    argv = ["cargo", "tarpaulin", "--engine", "llvm", "--locked", "--skip-clean", "--out", "Json"]
    argv += ["--output-dir", str(scratch), "--target-dir", str(target.with_name("target-coverage"))]
    return [*argv, *suites], report


def _llvm_cov_lines(data: dict[str, Any]) -> dict[str, float]:
    return {
        item["filename"]: float(item["summary"]["lines"]["percent"])
        for part in data["data"]
        for item in part["files"]
    }


def _tarpaulin_lines(data: dict[str, Any]) -> dict[str, float]:
    found = {}
    for item in data["files"]:
        lines = item["traces"]
        hit = sum(1 for line in lines if any(line["stats"].values()))
        place = str(Path(*item["path"]))
        found[place] = 100 * hit / len(lines) if lines else 100.0
    return found
