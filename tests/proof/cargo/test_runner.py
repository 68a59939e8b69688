"""Generated Rust tests on a real workspace: every verdict."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.commands.proof.joined import merge
from scaffold.errors import ProofError
from scaffold.proof.cargo.coverage import find_tool
from scaffold.proof.cargo.held_copy import held_copy
from scaffold.proof.runner import VerifyOptions, load_runner
from support.proving import Generate, Progress, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow
needs_coverage = pytest.mark.skipif(
    find_tool(dict(os.environ)) is None, reason="no tool for coverage is installed"
)


def test_green_tests_known_defects_and_todos_are_kept_apart(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate(), options, progress)
    assert outcome.problems == ("1 of 6 tests are still todos",)
    assert (outcome.counts["passed"], outcome.counts["known_defects"], outcome.counts["todo"]) == (
        4,
        1,
        1,
    )
    assert outcome.baseline == 1
    assert outcome.command == (
        "cd crates && cargo test --locked -p fold --lib -- generated_tests::"
    )


NEEDS_A_SERVER = """\
use super::*;

#[test]
#[ignore = "needs a server"]
fn room_is_what_is_not_used() {
    assert_eq!(room(5, 2), 3);
}

// Known defect: lib.rs, room: a buffer that overflowed has no room. The subtraction overflows.
#[test]
#[ignore = "needs a server"]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_buffer_that_overflowed_has_no_room() {
    assert_eq!(room(2, 5), 0);
}

#[test]
#[ignore = "TODO: decide what a tab is worth"]
fn a_tab_counts() {
    todo!()
}
"""


def test_tests_that_the_checkout_ignores_for_a_reason_run_and_kill(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate(NEEDS_A_SERVER), replace(options, mutants=4), progress)
    counts = {name: outcome.counts[name] for name in ("passed", "known_defects", "todo")}
    assert counts == {"passed": 1, "known_defects": 1, "todo": 1}
    assert outcome.command.endswith("-- generated_tests:: --include-ignored")
    assert outcome.kills is not None and outcome.kills.killed


def test_a_red_test_that_the_checkout_ignores_for_a_reason_is_red(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = NEEDS_A_SERVER.replace("room(5, 2), 3", "room(5, 2), 4")
    outcome = prove(generate(source), options, progress)
    assert outcome.verdict == "red"
    assert outcome.problems[0].startswith("fold::generated_tests::room_is_what_is_not_used: ")


def test_nothing_is_left_in_the_checkout(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    before = snapshot(workspace)
    prove(subject, replace(options, mutants=1), progress)
    assert snapshot(workspace) == before


def test_a_red_test_is_named_with_its_message(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = '#[test]\nfn it_holds() {\n    assert_eq!(super::room(3, 1), 3, "all of it");\n}\n'
    outcome = prove(generate(source), options, progress)
    assert outcome.verdict == "red"
    (problem,) = outcome.problems
    assert problem.startswith("fold::generated_tests::it_holds: fold/src/generated_tests.rs:3:5 | ")
    assert "all of it" in problem


def test_a_known_defect_that_is_mended_is_red(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
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
def test_a_mark_that_says_too_little_is_red(
    generate: Generate, options: VerifyOptions, progress: Progress, mark: str, why: str
) -> None:
    source = f"#[test]\n{mark}\nfn it_holds() {{\n    super::room(1, 2);\n}}\n"
    assert why in prove(generate(source), options, progress).problems[0]


def test_generated_tests_that_do_not_compile_are_red_with_file_and_line(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate("#[test]\nfn a() {\n    nothing();\n}\n"), options, progress)
    assert "crates/fold/src/generated_tests.rs:3: error[E0425]" in outcome.problems[0]


def test_files_that_do_not_compile_are_red_and_the_others_run(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate("mod broken;\nmod needing;\n\n#[test]\nfn it_holds() {}\n")
    folder = workspace / "crates/fold/src/generated_tests"
    folder.mkdir()
    a_test = "#[test]\nfn a() {\n    two();\n}\n"
    (folder / "broken.rs").write_text(f"{a_test.replace('two', 'nothing')}pub fn two() {{}}\n")
    (folder / "needing.rs").write_text(f"use super::broken::two;\n{a_test}")
    paths = [f"crates/fold/src/generated_tests/{name}.rs" for name in ("broken", "needing")]
    parts = {subject.files[0]: "core", paths[0]: "broken", paths[1]: "needing"}
    files = (*subject.files, *paths)
    whole = replace(subject, files=files, owners=parts, parts=tuple(parts.values()))
    outcome = prove(whole, options, progress)
    assert [(part.part, part.verdict, part.tests) for part in outcome.by_part] == [
        ("core", "green", 1),
        ("broken", "red", 1),
        ("needing", "red", 1),
    ]
    told = [part.problem for part in outcome.by_part]
    assert f"{paths[0]}:3: error[E0425]" in told[1]
    assert f"{paths[1]}:" in told[2]


def test_a_module_that_nobody_declares_is_reported(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    lib = workspace / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text().replace("#[cfg(test)]\nmod generated_tests;\n", ""))
    outcome = prove(subject, options, progress)
    assert "crates/fold/src/generated_tests.rs:26: declared here, but it did" in outcome.problems[0]


def test_the_kill_check_counts_and_names_survivors(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = "#[test]\nfn room_is_left() {\n    assert_eq!(super::room(4, 2), 2);\n}\n"
    outcome = prove(generate(source), replace(options, mutants="all"), progress)
    assert outcome.kills.viable
    assert outcome.kills.killed
    lines = {(s.file, s.change) for s in outcome.kills.survivors}
    assert (
        "crates/fold/src/lib.rs",
        "replace || with && in fold: if width == 0 || line.is_empty() {",
    ) in lines
    # 4 / 2 is 2 as well.
    assert ("crates/fold/src/lib.rs", "replace - with / in room: size - used") in lines


def test_what_is_known_is_not_tried_again(
    generate: Generate, options: VerifyOptions, progress: Progress, tmp_path: Path
) -> None:
    subject = generate()
    kept = replace(options, mutants="all", cache_dir=tmp_path / "cache")
    first = prove(subject, kept, progress)
    second = prove(subject, kept, progress)
    assert second.kills.cached == second.kills.viable + second.kills.invalid
    assert (second.kills.killed, second.kills.viable) == (first.kills.killed, first.kills.viable)


def test_the_cuts_are_together_the_whole(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    whole = prove(subject, replace(options, mutants="all"), progress)
    cuts = [
        prove(subject, replace(options, mutants="all", shard=(number, 2)), progress)
        for number in (1, 2)
    ]
    merged = merge(cuts)
    assert (merged.kills.killed, merged.kills.viable) == (whole.kills.killed, whole.kills.viable)
    assert merged.kills.survivors == whole.kills.survivors


def test_two_workers_find_what_one_finds(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    one = prove(subject, replace(options, mutants="all"), progress)
    two = prove(subject, replace(options, mutants="all", jobs=2), progress)
    assert (two.kills.killed, two.kills.viable, two.kills.survivors) == (
        one.kills.killed,
        one.kills.viable,
        one.kills.survivors,
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_tests_that_need_each_other_are_not_believed(
    generate: Generate, options: VerifyOptions, progress: Progress, jobs: int
) -> None:
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


@needs_coverage
def test_coverage_is_that_of_the_gap_alone(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate(), options, progress)
    assert {t.path: t.line_cov_pct for t in outcome.targets}["crates/fold/src/lib.rs"] > 90


@needs_coverage
def test_lines_of_a_source_as_it_was_do_not_count(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    place = workspace / "crates/fold/src/lib.rs"
    other = "/// Never called.\npub fn other() -> u32 {\n" + "    let n = 1;\n" * 40 + "    n\n}\n"
    source = "#[test]\nfn room_is_left() {\n    assert_eq!(super::room(5, 2), 3);\n}\n"
    subject = generate(source)
    before = place.read_text(encoding="utf-8")
    place.write_text(before + other, encoding="utf-8")
    with_other = prove(subject, options, progress).to_json()["coverage"]["crates/fold/src/lib.rs"]
    place.write_text(before, encoding="utf-8")
    without = prove(subject, options, progress).to_json()["coverage"]["crates/fold/src/lib.rs"]
    assert with_other < without


def test_a_crate_for_webassembly_is_proved_natively(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = (
        "use super::is_open;\n\n#[test]\nfn an_empty_key_opens_nothing() {\n"
        '    assert!(!is_open(Some("")));\n}\n'
    )
    outcome = prove(generate(source, crate="gate"), options, progress)
    assert outcome.problems == ()
    assert outcome.counts["passed"] == 1


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


def test_a_handler_that_is_async_is_proved_with_all_its_mutants(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate(RELAY, crate="relay"), replace(options, mutants="all"), progress)
    assert (outcome.verdict, outcome.counts["passed"]) == ("proved", 2), outcome.problems
    assert outcome.kills.killed == outcome.kills.viable >= 5
    assert outcome.kills.invalid > 0  # some of what cargo-mutants lists for this type is no program


def test_each_of_two_checkouts_is_proved_with_its_own_sources(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress, tmp_path: Path
) -> None:
    subject = generate(RELAY, crate="relay")
    broken = tmp_path / "broken"
    shutil.copytree(workspace, broken)
    place = broken / "crates/fold/src/lib.rs"
    place.write_text(place.read_text().replace(".chunks(width)", ".chunks(width + 1)"))
    for _ in range(2):
        assert prove(subject, options, progress).verdict == "green"
        with held_copy(workspace, options, progress):  # as while another run uses it
            outcome = prove(replace(subject, checkout=broken), options, progress)
        assert outcome.counts["failed"] == 1, outcome.problems


@pytest.mark.parametrize(("crates", "count"), [(("fold", "no_such_crate"), 1), ((), 0)])
def test_the_crates_that_a_gap_names_are_run_before_it_writes_anything(
    generate: Generate,
    options: VerifyOptions,
    progress: Progress,
    crates: tuple[str, ...],
    count: int,
) -> None:
    subject = generate()
    bare = replace(subject, files=(), targets=(), run=replace(subject.run, baseline=crates))
    (evidence,) = load_runner("cargo").examine([bare], options, progress)
    names = [test.id for test in evidence.baseline.tests if "generated" not in test.id]
    assert len(names) == count
    assert evidence.generated.tests == ()
