import pytest

from mock_upstream.faults import answer
from mock_upstream.server import MockUpstream


@pytest.fixture(scope="session")
def mock_upstream():
    """An LLM provider on a free port; the fault is chosen by each request."""
    with pytest.MonkeyPatch.context() as patch, MockUpstream(answer) as upstream:
        # Clients and gateways reach it without the proxy of this machine.
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost", prepend=",")
        yield upstream


@pytest.fixture(scope="session")
def faulty_bedrock(mock_upstream):
    """The official client, connected to a Bedrock that fails as a prompt asks."""
    return bedrock_client(mock_upstream.url)


@pytest.fixture(scope="session")
def hasty_bedrock(mock_upstream):
    """The official client, which waits for an answer for a second."""
    return bedrock_client(mock_upstream.url, timeout=1)
