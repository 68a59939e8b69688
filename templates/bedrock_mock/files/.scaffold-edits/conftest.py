import os

import pytest

from mock_upstream.bedrock import reply
from mock_upstream.server import MockUpstream


def bedrock_client(url, timeout=60):
    """The official client of Bedrock, connected to a mock upstream."""
    # The other tests of this folder run where botocore is not installed.
    import botocore.session
    from botocore.config import Config

    with pytest.MonkeyPatch.context() as patch:
        # Nothing of the developer's own account is used.
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"):
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        session = botocore.session.get_session()
        session.set_credentials("access-key", "secret-key")
        return session.create_client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=url,
            config=Config(retries={"max_attempts": 0}, read_timeout=timeout, proxies={}),
        )


@pytest.fixture(scope="session")
def bedrock():
    """The official client, connected to a Bedrock that always answers."""
    with MockUpstream(reply) as upstream:
        yield bedrock_client(upstream.url)
