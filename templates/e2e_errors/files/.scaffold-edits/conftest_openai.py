import openai
import pytest


@pytest.fixture(scope="session")
def openai_client(mock_upstream):
    """The official client of OpenAI, connected to the mock upstream; it tries once."""
    url = f"{mock_upstream.url}/v1"
    with openai.OpenAI(api_key="key", base_url=url, max_retries=0, timeout=60) as client:
        yield client
