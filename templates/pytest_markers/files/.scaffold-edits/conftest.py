MARKERS = (
    "streaming: tests that exercise streaming responses",
    "bedrock: tests that require/mock AWS Bedrock",
    "state: tests that exercise state persistence",
    "error_handling: tests for error/failure paths",
    "slow: tests that take >10s",
)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
