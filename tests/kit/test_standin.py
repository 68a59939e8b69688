"""The end-to-end rows, written into an empty checkout and run at a stand-in gateway."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import standin
from support.command import scaffold
from support.tree import write_files

ROWS = ("bedrock_mock", "e2e_errors", "pytest_orchestration", "concurrency")
THROUGH = ("test_gateway_errors.py", "test_gateway_parallel.py", "test_gateway_leaks.py")
CHECKOUT = {
    "crates/Cargo.toml": "[workspace]\n",
    "tests/e2e/pyproject.toml": '[project]\nname = "e2e_tests"\nversion = "0"\ndependencies = []\n',
    "cli/planoai/native_runner.py": "",
    "cli/planoai/__init__.py": "",
    "cli/planoai/config_generator.py": standin.GENERATOR,
    "named/envoy": f'#!/bin/sh\nexec {sys.executable} {standin.__file__} "$@"\n',
    "named/brightstaff": "#!/bin/sh\nexec sleep 600\n",
    "named/llm_gateway.wasm": "",
    "named/prompt_gateway.wasm": "",
}
NO_FAULTS = """
from mock_upstream import faults
faults.fault_of = lambda prompt: ""
"""
WITHOUT_FAULTS = re.compile(
    r"test_(gateway_passes_a_reply_on|module_serves_until_a_signal|answer_of_an_unknown_path_is_404"
    r"|\w+_replies_(with|to|word)_\w+|\w+_stream_(carries_the_response|reports_its_end))"
)
ERRORS, PARALLEL, LEAKS = THROUGH
FAULTS = {
    "swallows-errors": {
        "gateway_keeps_the_status_of_a_failure",
        "gateway_keeps_the_time_to_retry",
        "gateway_reports_an_error_in_place_of_a_reply",
    },
    "hides-timeouts": {"gateway_reports_a_late_provider"},
    "hides-resets": {"gateway_reports_a_reset_before_the_status"},
    "holds-streams": {"gateway_passes_a_slow_stream_on_as_it_comes"},
    "drops-events": {"gateway_passes_an_error_in_a_stream_on"},
    "drops-retry-after": {"gateway_keeps_the_time_to_retry"},
    "ends-cleanly": {"gateway_reports_a_reply_that_is_cut", "gateway_reports_a_stream_that_is_cut"},
    "truncates": {
        "gateway_passes_a_reply_of_many_chunks_on",
        "gateway_passes_a_long_stream_on",
    },
    "crosses-answers": {
        "parallel_answers_carry_their_own_token",
        "parallel_answers_of_several_apis_stay_apart",
        "parallel_failures_stay_with_their_requests",
        "parallel_turns_of_a_conversation_keep_its_history",
    },
    "forgets-turns": {"parallel_turns_of_a_conversation_keep_its_history"},
    "one-at-a-time": {"parallel_requests_do_not_wait_for_a_late_one"},
    "leaks-connections": {
        "parallel_requests_leave_nothing_open",
        "clients_that_go_away_leave_nothing_open",
    },
    "leaks-cancelled": {"clients_that_go_away_leave_nothing_open"},
}
# Faults that do not touch each other share a run: each run starts the clients and a gateway.
RUNS = [
    (ERRORS, "swallows-errors hides-timeouts hides-resets holds-streams drops-events"),
    (ERRORS, "drops-retry-after ends-cleanly truncates"),
    (PARALLEL, "crosses-answers"),
    (PARALLEL, "forgets-turns one-at-a-time"),
    (LEAKS, "leaks-connections"),
    (LEAKS, "leaks-cancelled"),
]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tests in a checkout that has these rows; nobody writes into it."""
    tree = tmp_path_factory.mktemp("standin")
    write_files(tree, CHECKOUT)
    for name in ("envoy", "brightstaff"):
        (tree / "named" / name).chmod(0o755)
    chosen = [word for row in ROWS for word in ("--gap", row)]
    done = scaffold("new", *chosen, "--set", "e2e_errors_failing_today=true", "-C", tree)
    assert done.code == 0, done.err
    folder = tree / "tests" / "e2e"
    (folder / "no_faults.py").write_text(NO_FAULTS)
    return folder


def results(folder: Path, *options: str, wrong: str = "") -> dict[str, set[str]]:
    """Outcome -> names of the tests that have it."""
    inherited = {key: text for key, text in os.environ.items() if "XDIST" not in key}
    words = ["-p", "no:cacheprovider", "-q", "-rA", "--tb=no", "-o", "addopts="]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *options],
        cwd=folder,
        env={
            **inherited,
            "PLANO_BINARIES": str(folder.parents[1] / "named"),
            "STANDIN_WRONG": wrong,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for outcome, name in re.findall(
        r"^(PASSED|FAILED|ERROR|SKIPPED) \S+::(\w+)", done.stdout, re.M
    ):
        found.setdefault(outcome, set()).add(name)
    assert found, done.stdout + done.stderr
    return found


def test_every_fault_of_the_stand_in_is_in_one_run() -> None:
    assert sorted(name for _, names in RUNS for name in names.split()) == sorted(standin.WRONG)
    assert FAULTS.keys() == standin.WRONG.keys()


@pytest.mark.slow
def test_the_end_to_end_tests_hold_at_a_gateway_that_passes_on_what_it_gets(suite: Path) -> None:
    found = results(suite, *THROUGH)
    assert set(found) == {"PASSED"}, found
    assert {f"test_{name}" for names in FAULTS.values() for name in names} <= found["PASSED"]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "wrong"), RUNS, ids=[wrong for _, wrong in RUNS])
def test_a_gateway_that_misbehaves_fails_exactly_the_tests_that_it_concerns(
    suite: Path, file: str, wrong: str
) -> None:
    found = results(suite, file, wrong=wrong)
    concerned = set().union(*(FAULTS[name] for name in wrong.split()))
    assert set(found) <= {"PASSED", "FAILED"}
    assert found["FAILED"] == {f"test_{name}" for name in concerned}


@pytest.mark.slow
def test_an_upstream_without_its_faults_fails_every_test_of_a_fault(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", ".")
    apis = ("faults", "openai_chat", "openai_responses", "anthropic_messages")
    files = [f"test_mock_{api}.py" for api in apis]
    found = results(suite, "-p", "no_faults", *files, "test_gateway_errors.py")
    assert {name for name in found["PASSED"] if not WITHOUT_FAULTS.fullmatch(name)} == set()
    assert not any(WITHOUT_FAULTS.fullmatch(name) for name in found["FAILED"])
