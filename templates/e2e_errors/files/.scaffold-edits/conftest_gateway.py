import os
from pathlib import Path

import pytest

from gateway_clients import chat, official_clients, seen
from gateway_stack.configuration import replaced


@pytest.fixture(scope="session")
def mock_gateway(mock_upstream, tmp_path_factory):
    """A gateway whose providers are the mock upstream; a running one has to be set up so."""
    config = Path(__file__).with_name("config_mock_upstream.yaml").read_text("utf-8")
    text = replaced(config, "http://localhost:9000", mock_upstream.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCK_API_KEY", "key-of-the-gateway")
        with stack_of(text, tmp_path_factory.mktemp("stack")) as gateway:
            reply = seen(chat, official_clients(gateway.url), "ping")
            if reply != "You wrote: ping":
                pytest.fail(
                    f"{gateway.url} does not use the mock upstream (config_mock_upstream.yaml): "
                    f"expected `You wrote: ping`, got `{reply}`\n{gateway.log()}"
                )
            yield gateway


@pytest.fixture(scope="session")
def clients(mock_gateway):
    """The official clients, connected to a gateway of the mock upstream."""
    return official_clients(mock_gateway.url)


@pytest.fixture
def own_upstream(mock_gateway, mock_upstream):
    """The mock upstream of this session, where the gateway uses it."""
    if "PLANO_GATEWAY_URL" in os.environ:
        pytest.skip(f"the gateway at {mock_gateway.url} has its own mock upstream")
    return mock_upstream
