import contextlib
from pathlib import Path

import pytest

from private_postgresql import Missing, private_postgresql

SCHEMA = Path(__file__).parents[2] / "docs/source/resources/db_setup/conversation_states.sql"


@contextlib.contextmanager
def open_database():
    """A private PostgreSQL server with the schema of conversations; skips where there is none."""
    with contextlib.ExitStack() as opened:
        try:
            server = opened.enter_context(private_postgresql())
        except Missing as reason:
            pytest.skip(str(reason))
        server.sql(SCHEMA.read_text("utf-8"))
        yield server


@pytest.fixture(scope="session")
def database():
    """A database with the schema of conversations, for tests that do not stop it."""
    with open_database() as server:
        yield server


@pytest.fixture
def own_database():
    """A database with the schema of conversations that one test has alone, and may stop."""
    with open_database() as server:
        yield server
