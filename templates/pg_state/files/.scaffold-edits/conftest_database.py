from pathlib import Path

import pytest

from private_postgresql import Missing, private_postgresql


@pytest.fixture(scope="session")
def database():
    """A private PostgreSQL server with the schema of conversations; skips where there is none."""
    schema = Path(__file__).parents[2] / "docs/source/resources/db_setup/conversation_states.sql"
    with contextlib.ExitStack() as opened:
        try:
            server = opened.enter_context(private_postgresql())
        except Missing as reason:
            pytest.skip(str(reason))
        server.sql(schema.read_text("utf-8"))
        yield server
