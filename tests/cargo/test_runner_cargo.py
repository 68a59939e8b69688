"""Generated Rust tests on a real workspace: every verdict, and everything that is in the way."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace

import pytest

from scaffold import verify
from scaffold.caching import cache_dir
from scaffold.errors import BaselineError, CheckoutError, MissingToolError, ProofError
from scaffold.runners import load_runner
from scaffold.runners.cargo_coverage import find_tool
from scaffold.runners.cargo_tree import Tree

pytestmark = pytest.mark.slow
needs_nextest = pytest.mark.skipif(
    shutil.which("cargo-nextest") is None, reason="cargo-nextest is not installed"
)
needs_coverage = pytest.mark.skipif(
    find_tool(dict(os.environ)) is None, reason="no tool for coverage is installed"
)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def hide(monkeypatch, tool):
    """As on a machine without the tool."""
    real = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **how: None if name == tool else real(name, **how)
    )


def prove(subject, options, progress):
    return verify.verify(subject, options, progress)


def test_green_tests_known_defects_and_todos_are_told_apart(generate, options, progress):
    outcome = prove(generate(), options, progress)
    assert outcome.problems == ()
    assert (outcome.passed, outcome.known_defects, outcome.todo) == (4, 1, 1)
    assert outcome.baseline == 1
    assert outcome.command == (
        "cd crates && cargo test --locked -p fold --lib -- generated_tests::"
    )


def test_nothing_is_left_in_the_checkout(generate, checkout, options, progress):
    subject = generate()
    before = contents(checkout)
    prove(subject, replace(options, mutants=1), progress)
    assert contents(checkout) == before


def test_a_red_test_is_named_with_its_message(generate, options, progress):
    source = '#[test]\nfn it_holds() {\n    assert_eq!(super::room(3, 1), 3, "all of it");\n}\n'
    outcome = prove(generate(source), options, progress)
    assert outcome.verdict == "red"
    (problem,) = outcome.problems
    assert problem.startswith("fold::generated_tests::it_holds: fold/src/generated_tests.rs:3:5 | ")
    assert "all of it" in problem


def test_a_known_defect_that_is_mended_is_red(generate, options, progress):
    source = (
        "// Known defect: lib.rs, room: it is right now.\n"
        '#[test]\n#[should_panic(expected = "x")]\nfn it_is_mended() {\n    super::room(1, 1);\n}\n'
    )
    outcome = prove(generate(source), options, progress)
    assert "drop the mark" in outcome.problems[0]


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ('#[should_panic(expected = "overflow")]', "without a reason"),
        ("// Known defect: room\n#[should_panic]", "not strict"),
        ("#[ignore]", "not as a todo"),
    ],
    ids=["no-reason", "not-strict", "ignored"],
)
def test_a_mark_that_says_too_little_is_red(generate, options, progress, mark, why):
    source = f"#[test]\n{mark}\nfn it_holds() {{\n    super::room(1, 2);\n}}\n"
    assert why in prove(generate(source), options, progress).problems[0]


def test_generated_tests_that_do_not_compile_are_red_with_file_and_line(
    generate, options, progress
):
    outcome = prove(generate("#[test]\nfn a() {\n    nothing();\n}\n"), options, progress)
    assert "crates/fold/src/generated_tests.rs:3: error[E0425]" in outcome.problems[0]


def test_a_module_that_nobody_declares_is_told(generate, checkout, options, progress):
    subject = generate()
    lib = checkout / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text().replace("#[cfg(test)]\nmod generated_tests;\n", ""))
    outcome = prove(subject, options, progress)
    assert "crates/fold/src/generated_tests.rs:26: declared here, but it did" in outcome.problems[0]


def test_a_workspace_that_does_not_build_is_not_blamed_on_the_gap(
    generate, checkout, options, progress
):
    subject = generate()
    lib = checkout / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text() + '\nfn broken() -> u8 {\n    ""\n}\n')
    with pytest.raises(BaselineError, match=r"without the generated tests: crates/fold/src/lib.rs"):
        prove(subject, options, progress)


def test_a_red_suite_of_the_checkout_is_not_blamed_on_the_gap(
    generate, checkout, options, progress
):
    subject = generate()
    lib = checkout / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text().replace('["ab"]', '["ba"]', 1))
    with pytest.raises(BaselineError, match=r"1 of 1 tests in 'crates' are red") as caught:
        prove(subject, options, progress)
    assert "fold::tests::a_short_line_is_one_piece" in caught.value.fact


def test_a_lock_file_that_does_not_fit_is_told(generate, checkout, options, progress):
    subject = generate()
    manifest = checkout / "crates/fold/Cargo.toml"
    manifest.write_text(manifest.read_text() + 'log = "0.4"\n')
    with pytest.raises(BaselineError, match="does not fit the crates") as caught:
        prove(subject, options, progress)
    assert caught.value.hint == "cd crates && cargo update --workspace"


def test_without_cargo_the_command_is_told(generate, options, progress, monkeypatch):
    subject = generate()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="'cargo' is not on the PATH"):
        prove(subject, options, progress)


def test_a_folder_without_a_workspace_is_told(generate, checkout, options, progress):
    subject = generate()
    (checkout / "crates/Cargo.toml").unlink()
    with pytest.raises(CheckoutError, match=r"crates/Cargo\.toml is not in this checkout"):
        prove(subject, options, progress)


FULL = r"""#!/bin/sh
# What rustc says on a full disk; asked for its version it answers as ever.
case "$*" in *--out-dir*) ;; *) exec "$@" ;; esac
printf '%s\n' '{"$message_type":"diagnostic","message":"failed to write to `full.rmeta`: No space
 left on device (os error 28)","code":null,"level":"error","spans":[],"children":[],"rendered":
"error: failed to write to `full.rmeta`: No space left on device (os error 28)\n\n"}' \
  | tr -d '\n' >&2
echo >&2
exit 1
"""


def test_a_disk_that_is_full_is_not_blamed_on_the_checkout(
    generate, checkout, options, progress, tmp_path, monkeypatch
):
    wrapper = tmp_path / "rustc"
    wrapper.write_text(FULL)
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WRAPPER", str(wrapper))
    subject = generate()
    before = contents(checkout)
    with pytest.raises(CheckoutError, match="the disk is full: cargo builds in") as raised:
        prove(subject, replace(options, cache_dir=tmp_path / "cache"), progress)
    assert "XDG_CACHE_HOME=DIR" in raised.value.hint
    assert contents(checkout) == before


def test_a_test_that_never_ends_is_ended(generate, options, progress):
    source = "#[test]\nfn it_ends() {\n    loop {\n        std::thread::park();\n    }\n}\n"
    outcome = prove(generate(source), replace(options, timeout_s=20), progress)
    assert outcome.problems == (
        "fold::*: did not end within 20 s",
        "fold::generated_tests::it_ends: crates/fold/src/generated_tests.rs:2: it did not end",
    )
    assert outcome.baseline == 1


def test_a_build_that_never_ends_is_ended(generate, checkout, options, progress):
    subject = generate()
    (checkout / "crates/fold/build.rs").write_text(
        "fn main() {\n    loop {\n        std::thread::park();\n    }\n}\n"
    )
    with pytest.raises(ProofError, match="the build did not end within 10 s"):
        prove(subject, replace(options, timeout_s=10), progress)


def test_the_kill_check_counts_and_names_survivors(generate, options, progress):
    source = "#[test]\nfn room_is_left() {\n    assert_eq!(super::room(4, 2), 2);\n}\n"
    outcome = prove(generate(source), replace(options, mutants="all"), progress)
    assert outcome.viable
    assert outcome.killed
    lines = {(s.file, s.change) for s in outcome.survivors}
    assert (
        "crates/fold/src/lib.rs",
        "replace || with && in fold: if width == 0 || line.is_empty() {",
    ) in lines
    # 4 / 2 is 2 as well.
    assert ("crates/fold/src/lib.rs", "replace - with / in room: size - used") in lines


def test_what_is_known_is_not_tried_again(generate, options, progress, tmp_path):
    subject = generate()
    kept = replace(options, mutants="all", cache_dir=tmp_path / "cache")
    first = prove(subject, kept, progress)
    second = prove(subject, kept, progress)
    assert second.cached == second.viable + second.invalid
    assert (second.killed, second.viable) == (first.killed, first.viable)


def test_the_cuts_are_together_the_whole(generate, options, progress):
    subject = generate()
    whole = prove(subject, replace(options, mutants="all"), progress)
    cuts = [
        prove(subject, replace(options, mutants="all", shard=(number, 2)), progress)
        for number in (1, 2)
    ]
    merged = verify.merge(cuts)
    assert (merged.killed, merged.viable) == (whole.killed, whole.viable)
    assert merged.survivors == whole.survivors


def test_two_workers_find_what_one_finds(generate, options, progress):
    subject = generate()
    one = prove(subject, replace(options, mutants="all"), progress)
    two = prove(subject, replace(options, mutants="all", jobs=2), progress)
    assert (two.killed, two.viable, two.survivors) == (one.killed, one.viable, one.survivors)


@pytest.mark.parametrize("jobs", [1, 2])
def test_tests_that_need_each_other_are_not_believed(generate, options, progress, jobs):
    source = (
        "use std::sync::atomic::{AtomicBool, Ordering};\n\n"
        "static DONE: AtomicBool = AtomicBool::new(false);\n\n"
        "#[test]\nfn a_first() {\n    DONE.store(true, Ordering::SeqCst);\n}\n\n"
        "#[test]\nfn b_second() {\n"
        "    // Only where it is picked alone nobody does it first.\n"
        "    let picked: Vec<String> = std::env::args().collect();\n"
        '    let alone = picked.iter().any(|arg| arg == "--exact")\n'
        '        && !picked.iter().any(|arg| arg.ends_with("a_first"));\n'
        "    while !alone && !DONE.load(Ordering::SeqCst) {\n"
        "        std::thread::yield_now();\n    }\n"
        "    assert!(DONE.load(Ordering::SeqCst));\n    assert_eq!(super::room(5, 2), 3);\n}\n"
    )
    with pytest.raises(ProofError, match="red on an unbroken copy without the others"):
        prove(generate(source), replace(options, mutants="all", jobs=jobs), progress)


def test_without_cargo_mutants_the_kill_check_says_how_to_get_it(
    generate, options, progress, monkeypatch
):
    hide(monkeypatch, "cargo-mutants")
    with pytest.raises(MissingToolError, match="needs cargo-mutants"):
        prove(generate(), replace(options, mutants=1), progress)


@needs_coverage
def test_coverage_is_that_of_the_gap_alone(generate, options, progress):
    outcome = prove(generate(), options, progress)
    assert outcome.coverage["crates/fold/src/lib.rs"] > 90


@needs_coverage
def test_lines_of_a_source_as_it_was_do_not_count(generate, checkout, options, progress):
    place = checkout / "crates/fold/src/lib.rs"
    other = "/// Never called.\npub fn other() -> u32 {\n" + "    let n = 1;\n" * 40 + "    n\n}\n"
    source = "#[test]\nfn room_is_left() {\n    assert_eq!(super::room(5, 2), 3);\n}\n"
    subject = generate(source)
    before = place.read_text(encoding="utf-8")
    place.write_text(before + other, encoding="utf-8")
    with_other = prove(subject, options, progress).coverage["crates/fold/src/lib.rs"]
    place.write_text(before, encoding="utf-8")
    without = prove(subject, options, progress).coverage["crates/fold/src/lib.rs"]
    assert with_other < without


def test_a_crate_for_webassembly_is_proved_natively(generate, options, progress):
    source = (
        "use super::is_open;\n\n#[test]\nfn an_empty_key_opens_nothing() {\n"
        '    assert!(!is_open(Some("")));\n}\n'
    )
    outcome = prove(generate(source, crate="gate"), options, progress)
    assert outcome.problems == ()
    assert outcome.passed == 1


DEADLY = """\
#[test]
fn it_lives() {
    eprintln!("about to die");
    std::process::abort();
}

#[test]
#[ignore = "TODO: decide"]
fn later() {}

#[test]
fn one_is_one() {
    assert_eq!(1, 1);
}
"""


RELAY = """\
use super::*;

async fn answered(width: &str, body: &'static str) -> (StatusCode, String) {
    let request = Request::builder().header("x-width", width);
    let request = request.body(Full::<Bytes>::from(body)).expect("the request is whole");
    let Ok(response) = answer(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.expect("the body is whole");
    (status, String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

#[tokio::test]
async fn a_body_is_folded() {
    assert_eq!(answered("2", "abc").await, (StatusCode::OK, "ab\\nc".to_string()));
}

#[tokio::test]
async fn a_width_that_is_no_number_is_a_bad_request() {
    let told = (StatusCode::BAD_REQUEST, "x-width is missing".to_string());
    assert_eq!(answered("two", "abc").await, told);
}
"""


def test_a_handler_that_is_async_is_proved_with_all_its_mutants(generate, options, progress):
    outcome = prove(generate(RELAY, crate="relay"), replace(options, mutants="all"), progress)
    assert (outcome.verdict, outcome.passed) == ("proved", 2), outcome.problems
    assert outcome.killed == outcome.viable >= 5
    assert outcome.invalid > 0  # some of what cargo-mutants lists for this type is no program


def test_each_of_two_checkouts_is_proved_with_its_own_sources(
    generate, checkout, options, progress, tmp_path
):
    subject = generate(RELAY, crate="relay")
    broken = tmp_path / "broken"
    shutil.copytree(checkout, broken)
    place = broken / "crates/fold/src/lib.rs"
    place.write_text(place.read_text().replace(".chunks(width)", ".chunks(width + 1)"))
    tree = Tree(checkout, options)
    for _ in range(2):
        assert prove(subject, options, progress).verdict == "proved"
        with tree.held(progress):  # as while another run uses it
            outcome = prove(replace(subject, checkout=broken), options, progress)
        assert outcome.failed == 1, outcome.problems


def test_a_program_that_dies_is_told(generate, options, progress, monkeypatch):
    hide(monkeypatch, "cargo-nextest")
    outcome = prove(generate(DEADLY), options, progress)
    assert outcome.baseline == 1
    # What the test said is in libtest's hands, which goes with the program.
    assert outcome.problems[0] == "fold::*: the test program ended in the middle: SIGABRT"


@needs_nextest
def test_where_nextest_is_the_test_that_kills_the_program_is_named(generate, options, progress):
    outcome = prove(generate(DEADLY), options, progress)
    (problem,) = outcome.problems
    assert (outcome.passed, outcome.todo) == (1, 1)
    assert problem == (
        "fold::generated_tests::it_lives: ended its program (SIGABRT) | about to die"
    )


@needs_nextest
def test_tests_that_kill_the_program_only_together_are_no_proof(generate, options, progress):
    source = """\
use std::sync::atomic::{AtomicBool, Ordering};
static DONE: AtomicBool = AtomicBool::new(false);
fn alone() {
    if DONE.swap(true, Ordering::SeqCst) {
        std::process::abort();
    }
}
#[test]
fn one() {
    alone();
}
#[test]
fn two() {
    alone();
}
"""
    outcome = prove(generate(source), options, progress)
    assert outcome.problems[0] == (
        "fold::*: the test program ended in the middle: SIGABRT (no test of it is red alone)"
    )


def test_a_run_that_waits_for_another_one_says_so(generate, options, progress):
    subject = generate()
    prove(subject, options, progress)
    locks = list((cache_dir() / "cargo" / "tree-1" / "target" / "debug").glob(".cargo*lock"))
    assert locks
    with ExitStack() as held:
        for lock in locks:
            handle = held.enter_context(lock.open("r"))
            fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ProofError, match="the build did not end within 8 s"):
            prove(subject, replace(options, timeout_s=8), progress)
    assert any(line.startswith("waiting for another run of cargo") for line in progress.lines)


@pytest.mark.parametrize(("crates", "count"), [(("fold", "no_such_crate"), 1), ((), 0)])
def test_the_crates_that_a_gap_names_are_run_before_it_writes_anything(
    generate, options, progress, crates, count
):
    subject = generate()
    bare = replace(subject, files=(), targets=(), run=replace(subject.run, baseline=crates))
    (evidence,) = load_runner("cargo").examine([bare], options, progress)
    names = [test.id for test in evidence.baseline.tests if "generated" not in test.id]
    assert len(names) == count
    assert evidence.generated.tests == ()
