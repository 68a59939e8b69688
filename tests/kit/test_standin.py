"""The end-to-end rows, written into an empty checkout and run at a stand-in gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import standin
from support.command import scaffold
from support.tree import write_files

ROWS = ("bedrock_mock", "e2e_errors", "pytest_orchestration", "concurrency", "pg_state")
THROUGH = (
    "test_gateway_errors.py",
    "test_gateway_parallel.py",
    "test_gateway_leaks.py",
    "test_gateway_postgresql.py",
)
SCHEMA = """
CREATE TABLE conversation_states (
    response_id TEXT PRIMARY KEY,
    input_items JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
"""
CHECKOUT = {
    "crates/Cargo.toml": "[workspace]\n",
    "docs/source/resources/db_setup/conversation_states.sql": SCHEMA,
    "tests/e2e/pyproject.toml": '[project]\nname = "e2e_tests"\nversion = "0"\ndependencies = []\n',
    "cli/planoai/native_runner.py": "",
    "cli/planoai/__init__.py": "",
    "cli/planoai/config_generator.py": standin.GENERATOR,
    "named/envoy": f'#!/bin/sh\nexec {sys.executable} {standin.__file__} "$@"\n',
    "named/brightstaff": f"#!{sys.executable}\n{standin.BRIGHTSTAFF}",
    "named/llm_gateway.wasm": "",
    "named/prompt_gateway.wasm": "",
}
WITHOUT_FAULTS = re.compile(
    r"test_(gateway_passes_a_reply_on|module_serves_until_a_signal|answer_of_an_unknown_path_is_404"
    r"|\w+_broken_request(_is_400)?|\w+_replies_(with|to|word)_\w+"
    r"|\w+_stream_(carries_the_response|reports_its_(end|usage_last_when_asked)))"
)
ERRORS, PARALLEL, LEAKS, STATE = THROUGH
FAULTS = {
    "swallows-errors": {
        "gateway_keeps_the_status_of_a_failure",
        "gateway_keeps_the_status_of_an_overload",
        "gateway_keeps_the_time_to_retry",
        "gateway_reports_an_error_in_place_of_a_reply",
    },
    "hides-timeouts": {"gateway_reports_a_late_provider"},
    "hides-resets": {"gateway_reports_a_reset_before_the_status"},
    "holds-streams": {"gateway_passes_a_stream_on_as_it_comes"},
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
    "one-at-a-time": {"request_does_not_wait_for_another"},
    "leaks-connections": {
        "parallel_requests_leave_nothing_open",
        "clients_that_go_away_leave_nothing_open",
    },
    "leaks-cancelled": {"clients_that_go_away_leave_nothing_open"},
    "forgets-replies": {
        "state_keeps_the_history",
        "state_of_conversations_stays_apart",
        "state_goes_on_twice_from_one_response",
        "state_is_shared_by_gateways",
        "outage_ends_when_the_database_is_back",
    },
    "mixes-conversations": {
        "state_of_conversations_stays_apart",
        "state_goes_on_twice_from_one_response",
    },
    "keeps-turns-to-itself": {
        "state_outlives_the_gateway",
        "state_is_shared_by_gateways",
        "state_outlives_a_restart_of_the_database",
        "state_that_was_deleted_is_refused",
    },
    "goes-on-with-unknown": {
        "state_of_an_unknown_response_is_refused",
        "state_that_was_deleted_is_refused",
    },
    "goes-on-in-an-outage": {"outage_refuses_a_turn_whose_history_is_lost"},
    "stops-in-an-outage": {"outage_does_not_stop_new_conversations"},
    "never-reconnects": {"outage_ends_when_the_database_is_back"},
}
GOOD, WITH_POSTGRESQL, NO_FAULTS = "", "good with PostgreSQL", "an upstream without faults"
CLUSTERS = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), shutil.which("initdb")]
needs_postgresql = pytest.mark.skipif(not any(CLUSTERS), reason="needs PostgreSQL (initdb)")
APIS = ("faults", "openai_chat", "openai_responses", "anthropic_messages")
# Faults that do not touch each other share a run.
RUNS = {
    GOOD: (ERRORS, PARALLEL, LEAKS),
    WITH_POSTGRESQL: (STATE,),
    "swallows-errors hides-timeouts hides-resets holds-streams drops-events": (ERRORS,),
    "drops-retry-after ends-cleanly truncates": (ERRORS, "-k", "not late"),
    "crosses-answers": (PARALLEL,),
    "forgets-turns one-at-a-time": (PARALLEL,),
    "leaks-connections": (LEAKS,),
    "leaks-cancelled": (LEAKS, "-k", "go_away"),
    # What starts a gateway for each test is left to the run that it concerns.
    "forgets-replies goes-on-in-an-outage never-reconnects": (STATE, "-k", "not outlives"),
    "mixes-conversations stops-in-an-outage": (
        STATE,
        "-k",
        "stays or twice or deleted or not_stop",
    ),
    "keeps-turns-to-itself goes-on-with-unknown": (STATE, "-k", "not outage_"),
    NO_FAULTS: (*(f"test_mock_{api}.py" for api in APIS), ERRORS),
}
FAULTY = [run for run in RUNS if "-" in run]
# All runs share a process, since importing the clients takes seconds. Where tests have to fail,
# what guards them against hanging waits less long.
RUNNER = """
import json, os, sys, pytest
sys.path.insert(0, os.getcwd())

class Outcomes:
    def __init__(self):
        self.names = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.partition("::")[2].partition("[")[0]
            how = report.outcome if report.when == "call" else f"{report.outcome} in {report.when}"
            self.names.setdefault(how, set()).add(name)

found = {}
for name, words in json.loads(sys.argv[1]).items():
    if "-" in name or "without" in name:
        from mock_upstream import faults, server
        import conversations, test_gateway_leaks
        server.PAUSE_S, test_gateway_leaks.SETTLE_S = 5, 1
        conversations.KEPT_S = 2
    if name == "an upstream without faults":
        faults.fault_of = lambda prompt: ""
    os.environ["STANDIN_WRONG"] = name if "-" in name else ""
    outcomes = Outcomes()
    pytest.main(["-p", "no:cacheprovider", "-o", "addopts=", "--tb=line", *words], [outcomes])
    found[name] = {how: sorted(names) for how, names in outcomes.names.items()}
with open("outcomes.json", "w") as file:
    json.dump(found, file)
"""
Outcomes = dict[str, dict[str, list[str]]]
"""Run -> outcome -> names of the tests that have it."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tests in a checkout that has these rows; nobody writes into it."""
    tree = tmp_path_factory.mktemp("standin")
    write_files(tree, CHECKOUT)
    for name in ("envoy", "brightstaff"):
        (tree / "named" / name).chmod(0o755)
    chosen = [word for row in ROWS for word in ("--gap", row)]
    today = ("--set", "e2e_errors_failing_today=true", "--set", "pg_state_failing_today=true")
    done = scaffold("new", *chosen, *today, "-C", tree)
    assert done.code == 0, done.err
    return tree / "tests" / "e2e"


@pytest.fixture(scope="module")
def outcomes(suite: Path) -> Outcomes:
    """What became of each test in each run."""
    environ = {key: text for key, text in os.environ.items() if "XDIST" not in key}
    environ["PLANO_BINARIES"] = str(suite.parents[1] / "named")
    runs = {name: words for name, words in RUNS.items() if any(CLUSTERS) or STATE not in words}
    words = [sys.executable, "-c", RUNNER, json.dumps(runs)]
    done = subprocess.run(words, cwd=suite, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: Outcomes = json.loads((suite / "outcomes.json").read_text())
    print(done.stdout)  # shown beside a test that fails
    return found


def test_every_fault_of_the_stand_in_is_in_one_run() -> None:
    names = [name for run in FAULTY for name in run.split()]
    assert sorted(names) == sorted(standin.WRONG)
    assert FAULTS.keys() == standin.WRONG.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    "run", [GOOD, pytest.param(WITH_POSTGRESQL, marks=needs_postgresql)], ids=["plain", "state"]
)
def test_the_end_to_end_tests_hold_at_a_gateway_that_passes_on_what_it_gets(
    outcomes: Outcomes, run: str
) -> None:
    found = outcomes[run]
    assert set(found) == {"passed"}, found
    shared = [name for name in FAULTY if set(RUNS[name]) & set(RUNS[run])]
    concerned = {one for names in shared for name in names.split() for one in FAULTS[name]}
    assert {f"test_{name}" for name in concerned} <= set(found["passed"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [pytest.param(run, marks=[needs_postgresql] if STATE in RUNS[run] else []) for run in FAULTY],
)
def test_a_gateway_that_misbehaves_fails_exactly_the_tests_that_it_concerns(
    outcomes: Outcomes, wrong: str
) -> None:
    found = outcomes[wrong]
    concerned = set().union(*(FAULTS[name] for name in wrong.split()))
    assert set(found) <= {"passed", "failed"}
    assert set(found["failed"]) == {f"test_{name}" for name in concerned}


@pytest.mark.slow
def test_an_upstream_without_its_faults_fails_every_test_of_a_fault(outcomes: Outcomes) -> None:
    found = outcomes[NO_FAULTS]
    assert {name for name in found["passed"] if not WITHOUT_FAULTS.fullmatch(name)} == set()
    assert not any(WITHOUT_FAULTS.fullmatch(name) for name in found["failed"])
