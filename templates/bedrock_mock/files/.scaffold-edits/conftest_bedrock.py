import os
from pathlib import Path

import pytest

from gateway_stack.configuration import replaced


@pytest.fixture(scope="session")
def bedrock_gateway(mock_upstream, tmp_path_factory):
    """A gateway whose Bedrock is the mock upstream; never the one that other tests use."""
    if not {"PLANO_BINARIES", "PLANO_GATEWAY_URL"} & os.environ.keys():
        pytest.skip("neither PLANO_BINARIES nor PLANO_GATEWAY_URL names a gateway of a mock Bedrock")
    config = Path(__file__).with_name("config_mock_bedrock.yaml").read_text("utf-8")
    text = replaced(config, "http://localhost:9000", mock_upstream.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCK_API_KEY", "key-of-the-gateway")
        with stack_of(text, tmp_path_factory.mktemp("stack")) as gateway:
            yield gateway


@pytest.fixture
def mock_bedrock(request, monkeypatch, bedrock_gateway):
    """Points the test at that gateway."""
    endpoint = f"{bedrock_gateway.url}/v1/chat/completions"
    monkeypatch.setattr(request.module, "LLM_GATEWAY_ENDPOINT", endpoint)
