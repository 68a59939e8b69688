"""Line coverage of the targets by a gap's own tests: cargo-llvm-cov, else cargo-tarpaulin.

Both build everything once more, instrumented, so the result is kept by content. Where neither is
installed the coverage is unknown: no entry, and a line of progress names the command that gets one.

Lines of `#[cfg(test)]` items in a target are no part of it. tarpaulin leaves them out itself; it
also takes arguments of a macro for lines that never ran, so its figures are a little lower.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffold.proof.cargo.circumstances import circumstances
from scaffold.proof.cargo.declared import lines_for_tests
from scaffold.proof.cargo.suites import Suites
from scaffold.proof.cargo.workspace import Suite, suite_args
from scaffold.proof.runner import Evidence, Progress, Subject, VerifyOptions, percent
from scaffold.proof.verdicts import VerdictCache
from scaffold.system import process
from scaffold.system.reading import read_plain
from scaffold.system.scratch import folder as scratch_folder

INSTALL = "cargo install cargo-llvm-cov && rustup component add llvm-tools"


@dataclass(frozen=True)
class Tool:
    """A cargo command that measures coverage, and the variables that it needs."""

    name: str
    env: dict[str, str]


def coverage_of(
    suites: Suites, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> Evidence:
    """The evidence with the coverage of the targets; without, where it cannot be measured."""
    paths = [target.path for target in subject.targets if target.path.endswith(".rs")]
    names = suites.owners.own_names(subject, evidence)
    if not paths or not names or evidence.generated.red:
        return evidence
    tool = find_tool(suites.cargo.env)
    if tool is None:
        progress(f"{subject.slug}: coverage is unknown without a tool for it: {INSTALL}")
        return evidence
    sources = "\0".join(suites.text(path) for path in paths)
    around = circumstances(suites, subject, names).without(paths)
    cache = VerdictCache(options.cache_dir, ["lines covered and missed", tool.name, *around])
    known = cache.get(sources)
    if known is None:
        progress(f"{subject.slug}: measuring coverage with {tool.name} (another build)")
        if tool.name == "llvm-cov":
            forget_other_programs(suites, tool)
        counts = count_lines(suites, tool, names, paths, options)
        if counts is None:
            progress(
                f"{subject.slug}: coverage is unknown: {tool.name} failed, see {suites.cargo.log}"
            )
            return evidence
        measured = {path: _share(lines) for path, lines in counts.items()}
        known = json.dumps(measured, sort_keys=True)
        cache.put({sources: known})
    found = json.loads(known)
    return replace(
        evidence,
        coverage={path: share for path, (share, _) in found.items()},
        missing={path: tuple(lines) for path, (_, lines) in found.items()},
    )


def find_tool(env: dict[str, str]) -> Tool | None:
    """What measures coverage on this machine; None where nothing does."""
    if shutil.which("cargo-llvm-cov") and (llvm := _llvm_tools(env)) is not None:
        return Tool("llvm-cov", llvm)
    return Tool("tarpaulin", {}) if shutil.which("cargo-tarpaulin") else None


def _llvm_tools(env: dict[str, str]) -> dict[str, str] | None:
    """Where LLVM's tools are that read what this rustc writes; empty where cargo finds them."""
    if env.get("LLVM_COV") and env.get("LLVM_PROFDATA"):
        return {}
    if shutil.which("rustc", path=env.get("PATH", "")) is None:
        return None
    here = Path.cwd()
    libraries = process.run(["rustc", "--print", "target-libdir"], cwd=here, env=env).stdout
    if (Path(libraries.strip()).parent / "bin" / "llvm-profdata").exists():
        return {}
    version = process.run(["rustc", "-vV"], cwd=here, env=env).stdout
    major = re.search(r"^LLVM version: (\d+)", version, re.MULTILINE)
    named = [shutil.which(f"{tool}-{major[1]}") for tool in ("llvm-cov", "llvm-profdata") if major]
    if len(named) < 2 or None in named:
        return None
    return {"LLVM_COV": str(named[0]), "LLVM_PROFDATA": str(named[1])}


def count_lines(
    suites: Suites,
    tool: Tool,
    names: dict[Suite, list[str]],
    paths: Sequence[str],
    options: VerifyOptions,
) -> dict[str, dict[int, int]] | None:
    """Target path -> line -> how often these tests ran it; None where it cannot be measured.

    What was built since `forget_other_programs` is used again.
    """
    picks = suite_args(list(names))
    tests = sorted({name for own in names.values() for name in own})
    with scratch_folder("cov") as scratch:
        argv, report = _command(tool.name, picks, scratch, suites.copy.target)
        if tool.name == "llvm-cov":
            _clean(suites, tool, "--profraw-only")  # counts of earlier calls would be added up
        done = process.run(
            [*argv, "--", "--include-ignored", "--exact", *tests],
            cwd=suites.cargo.folder,
            env=suites.cargo.env | tool.env,
            timeout_s=options.timeout_s,
            log=suites.cargo.log,
        )
        if done.returncode != 0 or not report.is_file():
            return None
        said = report.read_text(encoding="utf-8")
    root = suites.copy.path.resolve()
    if tool.name == "tarpaulin":
        traces = tarpaulin_counts(json.loads(said))
        found = {Path(place).resolve(): counts for place, counts in traces.items()}
        return {path: found.get(root / path, {}) for path in paths}
    lines = {Path(place).resolve(): counts for place, counts in lcov_counts(said).items()}
    # Of other crates than the tests' own the report has nothing: unknown, and not nothing.
    seen = [path for path in paths if root / path in lines]
    return {path: _of_code(lines[root / path], path, root) for path in seen}


def forget_other_programs(suites: Suites, tool: Tool) -> None:
    """Remove test programs of earlier runs: their lines, of sources as they were, would count."""
    _clean(suites, tool, "--workspace")


def _clean(suites: Suites, tool: Tool, what: str) -> None:
    argv = ["cargo", "llvm-cov", "clean", what]
    env = suites.cargo.env | tool.env
    process.run(argv, cwd=suites.cargo.folder, env=env, log=suites.cargo.log)


def _of_code(counts: dict[int, int], path: str, root: Path) -> dict[int, int]:
    """The counts without the lines of tests in the file, which do not count."""
    tests = lines_for_tests(path, read_plain(root / path))
    return {line: count for line, count in counts.items() if line not in tests}


def _share(counts: dict[int, int]) -> tuple[float, list[int]]:
    """The share of the lines that ran, in percent, and those that did not."""
    missing = sorted(line for line, count in counts.items() if not count)
    return percent(len(counts) - len(missing), len(counts)), missing


def lcov_counts(report: str) -> dict[str, dict[int, int]]:
    """How often each line of each file ran, from a report of lcov."""
    found: dict[str, dict[int, int]] = {}
    counts: dict[int, int] = {}
    for line in report.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            counts = found.setdefault(value, {})
        elif key == "DA":
            at, count = value.split(",")[:2]
            counts[int(at)] = int(count)
    return found


def _command(
    tool: str, suites: Sequence[str], scratch: Path, target: Path
) -> tuple[list[str], Path]:
    if tool == "llvm-cov":
        report = scratch / "report.lcov"
        argv = ["cargo", "llvm-cov", "--no-clean", "--locked", "--lcov"]
        return [*argv, "--output-path", str(report), *suites], report
    report = scratch / "tarpaulin-report.json"
    argv = ["cargo", "tarpaulin", "--engine", "llvm", "--locked", "--skip-clean", "--out", "Json"]
    argv += ["--output-dir", str(scratch), "--target-dir", str(target.with_name("target-coverage"))]
    return [*argv, *suites], report


def tarpaulin_counts(data: dict[str, Any]) -> dict[str, dict[int, int]]:
    """How often each line of each file ran, from a report of tarpaulin."""
    return {
        str(Path(*item["path"])): {
            int(line["line"]): int(any(line["stats"].values())) for line in item["traces"]
        }
        for item in data["files"]
    }
