"""The cargo runner's parts that need no cargo: output, declarations, places and diffs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaffold.proof.cargo.coverage import find_tool, lcov_counts
from scaffold.proof.cargo.declared import declared_tests, lines_for_tests
from scaffold.proof.cargo.held_copy import held_copy
from scaffold.proof.cargo.kill.mutants import patched
from scaffold.proof.cargo.output import LibtestReader
from scaffold.proof.cargo.workspace import (
    Package,
    Suite,
    Workspace,
    machine_fault,
    module_of,
)
from scaffold.proof.runner import VerifyOptions
from support.tree import write_files

OUTPUT = """\

running 5 tests
test a::holds ... ok
test a::panics - should panic ... FAILED
test a::waits ... ignored, TODO: decide
test a::is_red ... FAILED
test b::has_been_slow has been running for over 60 seconds
test b::has_been_slow ... ok

failures:

---- a::panics stdout ----
note: test did not panic as expected at src/lib.rs:4:8
---- a::is_red stdout ----

thread 'a::is_red' (4711) panicked at src/lib.rs:9:5:
assertion `left == right` failed: why
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    a::is_red
    a::panics

test result: FAILED. 2 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""


def read(text: str) -> LibtestReader:
    reader = LibtestReader()
    for line in text.splitlines():
        reader.feed(line)
    return reader


def test_every_result_of_libtest_is_read() -> None:
    reader = read(OUTPUT)
    assert reader.words == {
        "a::holds": "ok",
        "a::panics": "FAILED",
        "a::waits": "ignored",
        "a::is_red": "FAILED",
        "b::has_been_slow": "ok",
    }
    assert reader.reasons == {"a::waits": "TODO: decide"}
    assert reader.ended == "FAILED"
    assert reader.message("a::is_red") == (
        "src/lib.rs:9:5 | assertion `left == right` failed: why | left: 1 | right: 2"
    )
    assert (reader.panicked_not("a::panics"), reader.panicked_not("a::is_red")) == (True, False)


def test_what_a_test_writes_past_libtest_does_not_hide_its_result() -> None:
    reader = read("running 2 tests\ntest a ... from a child\nok\ntest b ... ok\ntest result: ok. 2")
    assert reader.words == {"a": "ok", "b": "ok"}


def test_the_events_of_nextest_say_the_same() -> None:
    failed = {"type": "test", "event": "failed", "name": "fold::fold$tests::bad", "exec_time": 0.1}
    events = [
        {"type": "suite", "event": "started", "test_count": 3},
        {"type": "test", "event": "started", "name": "fold::fold$tests::bad"},
        {"type": "test", "event": "ignored", "name": "fold::fold$tests::later"},
        {"type": "test", "event": "ok", "name": "fold::fold$tests::good", "exec_time": 0.1},
        failed | {"stdout": "\nthread 'tests::bad' (7) panicked at src/lib.rs:4:1:\nno\n"},
        {"type": "suite", "event": "failed", "passed": 1, "failed": 1},
        {"type": "suite", "event": "ok", "passed": 0, "failed": 0},
    ]
    reader = read("\n".join(json.dumps(event, separators=(",", ":")) for event in events))
    assert reader.words == {"tests::later": "ignored", "tests::good": "ok", "tests::bad": "FAILED"}
    assert reader.message("tests::bad") == "src/lib.rs:4:1 | no"
    assert (reader.started, reader.ended) == (True, "FAILED")


def test_a_program_that_dies_has_no_end() -> None:
    reader = read("running 2 tests\ntest a ... ok\n")
    assert (reader.ended, reader.started) == (None, True)


def test_what_a_test_declares_is_read_from_its_attributes_and_comment() -> None:
    source = b"""
// Known defect: lib.rs, f: it is
// right when even.
#[tokio::test]
#[should_panic(expected = "odd")]
async fn it_is_even() {}

#[test]
#[should_panic]
fn no_reason() {}

mod deep {
    #[test]
    #[ignore = "TODO: x"]
    fn later() {}
    fn no_test() {}
}
"""
    found = {test.name: test for test in declared_tests("x.rs", source)}
    assert found.keys() == {"it_is_even", "no_reason", "deep::later"}
    even = found["it_is_even"]
    assert (even.known_defect, even.strict) == (True, True)
    assert even.reason == "lib.rs, f: it is right when even."
    assert (found["no_reason"].strict, found["no_reason"].reason) == (False, "")
    assert (found["deep::later"].ignored, even.ignored) == ("TODO: x", None)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("src/lib.rs", ""),
        ("src/generated_tests.rs", "generated_tests"),
        ("src/generated_tests/mod.rs", "generated_tests"),
        ("src/generated_tests/host/abi.rs", "generated_tests::host::abi"),
        ("src/handlers/llm_generated_tests.rs", "handlers::llm::generated_tests"),
    ],
)
def test_the_module_of_a_file_is_found(tmp_path: Path, path: str, module: str) -> None:
    write_files(
        tmp_path,
        {
            "src/lib.rs": "mod handlers;\n#[cfg(test)]\nmod generated_tests;\n",
            "src/handlers/mod.rs": "mod llm;\n",
            "src/handlers/llm.rs": '#[cfg(test)]\n#[path = "llm_generated_tests.rs"]\n'
            "#[rustfmt::skip]\nmod generated_tests;\n",
            path: "",
        }
        if path != "src/lib.rs"
        else {path: ""},
    )
    assert module_of(tmp_path / path, tmp_path / "src") == module


def test_an_integration_test_is_a_suite_by_itself(tmp_path: Path) -> None:
    files = ["crates/a/tests/flow.rs", "crates/a/tests/big/main.rs", "crates/a/tests/big/x.rs"]
    files += ["crates/a/tests/common/mod.rs", "crates/a/README.md", "docs/x.rs"]
    write_files(tmp_path, dict.fromkeys(files, ""))
    folder = tmp_path / "crates" / "a"
    tests = {folder / "tests/flow.rs": "flow", folder / "tests/big/main.rs": "big"}
    package = Package("a", "a", folder, "0.1.0", lib=True, tests=tests, uses=())
    places = Workspace(tmp_path / "crates", {"a": package}).places(tmp_path, files)
    assert [(place.path[-7:], place.suite, place.module) for place in places] == [
        ("flow.rs", Suite("a", "flow"), ""),
        ("main.rs", Suite("a", "big"), ""),
        ("ig/x.rs", Suite("a", "big"), "x"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_diff_is_applied_where_it_says(newline: str) -> None:
    text = "a\nb\nc\nb\nd".replace("\n", newline)
    diff = "--- x\n+++ y\n@@ -3,3 +3,4 @@\n c\n-b\n+B\n+BB\n d\n\\ No newline at end of file"
    assert patched(text, diff) == "a\nb\nc\nB\nBB\nd".replace("\n", newline)


def test_a_copy_follows_its_checkout(tmp_path: Path) -> None:
    checkout = write_files(tmp_path / "checkout", {"a/x.rs": "1", "a/y.rs": "2"})
    write_files(checkout / "target", {".rustc_info.json": "{}", "z": "3"})
    (checkout / "link").symlink_to("a/x.rs")
    with held_copy(checkout, VerifyOptions(cache_dir=tmp_path / "cache"), print) as tree:
        copied = {p.relative_to(tree.path).as_posix() for p in tree.path.rglob("*") if p.is_file()}
        assert copied == {"a/x.rs", "a/y.rs", "link"}
        before = (tree.path / "a/y.rs").stat().st_mtime_ns
        (checkout / "a/x.rs").unlink()
        (checkout / "a/x.rs").mkdir()
        (checkout / "a/x.rs/w.rs").write_text("4")
        tree.sync({"a/y.rs": b"other"})
        assert (tree.path / "a/x.rs/w.rs").read_text() == "4"
        assert (tree.path / "a/y.rs").read_text() == "other"
        tree.sync()
        assert (tree.path / "a/y.rs").read_text() == "2"
        assert (tree.path / "a/y.rs").stat().st_mtime_ns > before


def test_a_copy_serves_its_checkout_again_and_never_two_runs_at_once(tmp_path: Path) -> None:
    options = VerifyOptions(cache_dir=tmp_path / "cache")
    first = write_files(tmp_path / "first", {"x.rs": "1"})
    second = write_files(tmp_path / "second", {"x.rs": "2"})
    with held_copy(first, options, print) as one, held_copy(second, options, print) as two:
        assert one.path != two.path
        # What cargo builds of one copy it takes for what it built of another in the same folder.
        assert one.target != two.target
    for checkout, place in ((second, two.path), (first, one.path)):
        with held_copy(checkout, options, print) as tree:
            assert tree.path == place
            assert (tree.path / "x.rs").read_bytes() == (checkout / "x.rs").read_bytes()


def test_a_checkout_that_is_new_gets_a_copy_that_is_built(tmp_path: Path) -> None:
    options = VerifyOptions(cache_dir=tmp_path / "cache")
    places = set()
    for name in ("first", "second"):
        checkout = write_files(tmp_path / name, {"x.rs": name})
        with held_copy(checkout, options, print) as tree:
            places.add(tree.path)
            assert (tree.path / "x.rs").read_text() == name
    assert len(places) == 1


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("error: toolchain '1.80.0' is not installed", "cd crates && rustup toolchain install"),
        ("error: lock file version 4 requires `-Znext-lockfile-bump`", "rustup update"),
        ("package `a v1` cannot be built because it requires rustc 1.99 or newer", "rustup update"),
        ("error: failed to download `bytes v1.12.2`", "cd crates && cargo fetch --locked"),
    ],
    ids=["toolchain", "lock-version", "rust-version", "network"],
)
def test_what_the_machine_lacks_is_reported_with_what_gets_it(said: str, hint: str) -> None:
    fault = machine_fault(said, "crates")
    assert fault is not None
    assert (fault.exit_code, fault.hint) == (7, hint)


def test_what_the_checkout_lacks_is_not_the_machines_fault() -> None:
    assert machine_fault("error: failed to parse manifest at `x/Cargo.toml`", "crates") is None


def test_lines_for_tests_only_are_those_of_the_item_and_its_attributes() -> None:
    source = (
        "fn used() {}\n\n"
        "#[cfg(test)]\nuse std::fmt;\n\n"
        "#[cfg(not(test))]\nfn real() {}\n\n"
        "// What holds.\n#[cfg(all(test, unix))]\n#[allow(dead_code)]\n"
        "mod tests {\n    fn a() {}\n}\n"
    )
    assert lines_for_tests("lib.rs", source.encode()) == {3, 4, *range(9, 15)}


def test_a_report_of_lcov_is_read_file_by_file() -> None:
    report = "TN:\nSF:/a.rs\nFN:1,f\nDA:1,3\nDA:2,0\nLF:2\nend_of_record\nSF:/b.rs\nDA:7,1,x\n"
    assert lcov_counts(report) == {"/a.rs": {1: 3, 2: 0}, "/b.rs": {7: 1}}


@pytest.mark.parametrize(
    ("there", "name", "told"),
    [
        ((), None, None),
        (("cargo-tarpaulin", "cargo-llvm-cov"), "tarpaulin", {}),
        (("cargo-tarpaulin", "cargo-llvm-cov", "lib/rustlib/x/bin/llvm-profdata"), "llvm-cov", {}),
        (
            ("cargo-llvm-cov", "llvm-cov-21", "llvm-profdata-21"),
            "llvm-cov",
            {"LLVM_COV": "llvm-cov-21", "LLVM_PROFDATA": "llvm-profdata-21"},
        ),
        (("cargo-llvm-cov", "llvm-cov-21", "llvm-profdata-20"), None, None),
    ],
)
def test_the_tool_for_coverage_is_the_best_that_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: str,
    name: str,
    told: dict[str, str] | None,
) -> None:
    rustc = (
        f'#!/bin/sh\ncase "$1" in -vV) echo "LLVM version: 21.1.0";; '
        f"*) echo {tmp_path}/lib/rustlib/x/lib;; esac\n"
    )
    for tool, text in {"rustc": rustc, **dict.fromkeys(there, "")}.items():
        place = tmp_path / tool
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_tool({"PATH": f"{tmp_path}:/bin:/usr/bin"})
    assert (found.name if found else None) == name
    if found:
        assert {key: Path(value).name for key, value in found.env.items()} == told
