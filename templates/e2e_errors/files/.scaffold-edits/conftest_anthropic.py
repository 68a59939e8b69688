import anthropic
import pytest


@pytest.fixture(scope="session")
def anthropic_client(mock_upstream):
    """The official client of Anthropic, connected to the mock upstream; it tries once."""
    options = {"api_key": "key", "max_retries": 0, "timeout": 60}
    with anthropic.Anthropic(base_url=mock_upstream.url, **options) as client:
        yield client
