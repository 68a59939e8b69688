"""The markers of tests/conftest.py: registered, and on the tests whose names tell of them."""

import ast
from pathlib import Path

import pytest

MARKERS = ["streaming", "bedrock", "state", "error_handling", "slow"]
SUITES = [
    "test_model_alias_routing.py",
    "test_openai_responses_api_client.py",
    "test_openai_responses_api_client_with_state.py",
]


@pytest.mark.parametrize("marker", MARKERS)
def test_marker_is_registered(pytestconfig, marker):
    registered = [line.partition(":")[0] for line in pytestconfig.getini("markers")]
    assert marker in registered


@pytest.mark.parametrize("suite", SUITES)
def test_marks_agree_with_names(suite):
    module = ast.parse((Path(__file__).parent / suite).read_text(encoding="utf-8"))
    tests = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    for test in tests:
        marks = {ast.unparse(mark) for mark in test.decorator_list}
        name = test.name.replace("non_streaming", "")
        words = [word for word in ("streaming", "bedrock", "state") if word in name]
        missing = [word for word in words if f"pytest.mark.{word}" not in marks]
        assert not missing, f"{test.name} has no mark {missing}"
