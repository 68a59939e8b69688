import contextlib
import os
from pathlib import Path

import pytest

from gateway_stack.configuration import replaced

DATABASE = "postgresql://plano:plano@localhost:5432/plano"


@pytest.fixture(scope="session")
def start_gateway(database, mock_upstream, tmp_path_factory):
    """Starts a gateway that keeps conversations in the database, or in one that is given."""
    if "PLANO_GATEWAY_URL" in os.environ:
        pytest.skip("a running gateway has another database (leave PLANO_GATEWAY_URL out)")

    @contextlib.contextmanager
    def start(server=database):
        text = Path(__file__).with_name("config_postgresql_state.yaml").read_text("utf-8")
        text = replaced(text, "http://localhost:9000", mock_upstream.url)
        text = replaced(text, DATABASE, server.dsn)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOCK_API_KEY", "key-of-the-gateway")
            with stack_of(text, tmp_path_factory.mktemp("stack")) as gateway:
                yield gateway

    return start


@pytest.fixture(scope="session")
def state_gateway(start_gateway):
    """A gateway that keeps conversations in the database."""
    with start_gateway() as gateway:
        yield gateway
