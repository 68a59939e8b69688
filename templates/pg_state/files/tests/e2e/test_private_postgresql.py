"""The private PostgreSQL server, and what docker-compose.postgresql.yaml says of its twin."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import private_postgresql
from gateway_stack.programs import NotReady

FOLDER = Path(__file__).parent
COMPOSE = FOLDER / "docker-compose.postgresql.yaml"
SCHEMA = FOLDER.parents[1] / "docs/source/resources/db_setup/conversation_states.sql"
OWNER = """
import sys
from private_postgresql import private_postgresql
with private_postgresql() as server:
    print(server.dsn, flush=True)
    sys.stdin.read()
"""


def folder_of(server):
    return Path(server.dsn.split()[0].partition("=")[2])


def test_postgresql_has_the_schema(database):
    columns = database.sql(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'conversation_states' ORDER BY 1"
    )

    assert columns == [
        "created_at",
        "input_items",
        "model",
        "provider",
        "response_id",
        "updated_at",
    ]


def test_postgresql_takes_values_as_they_are(database):
    value = "it's \\ \"quoted\"; \n:'value' é"

    assert "\n".join(database.sql("SELECT :'value'", value=value)) == value


def test_postgresql_reports_a_statement_that_fails(database):
    with pytest.raises(RuntimeError, match='relation "nothing" does not exist'):
        database.sql("SELECT 1; SELECT * FROM nothing; SELECT 2")


def test_postgresql_keeps_its_rows_over_a_restart(own_database):
    own_database.sql("CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('swordfish')")

    own_database.stop()
    with pytest.raises(RuntimeError, match="connection to server on socket"):
        own_database.sql("SELECT 1")
    own_database.start()

    assert own_database.sql("SELECT word FROM kept") == ["swordfish"]


def test_postgresql_listens_on_a_socket_of_its_folder_alone(database):
    assert database.sql("SHOW listen_addresses; SHOW unix_socket_directories") == [
        "",
        str(folder_of(database)),
    ]


def test_postgresql_leaves_nothing(database):
    with private_postgresql.private_postgresql() as server:
        assert server.dsn != database.dsn
        assert server.sql("SELECT 1") == ["1"]

    assert not folder_of(server).exists()


def test_postgresql_that_is_stopped_already_leaves_nothing(database):
    with private_postgresql.private_postgresql() as server:
        server.stop()

    assert not folder_of(server).exists()


def test_postgresql_that_does_not_start_shows_its_log(database, monkeypatch):
    monkeypatch.setattr(private_postgresql, "OPTIONS", ["-c", "shared_buffers=none"])

    with pytest.raises(NotReady, match="--- postgres.log\n(?s:.*)shared_buffers"):
        with private_postgresql.private_postgresql():
            pass


def test_postgresql_ends_with_its_owner(database):
    words = [sys.executable, "-c", OWNER]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER
    ) as owner:
        try:
            place = Path(owner.stdout.readline().split()[0].partition("=")[2])
        finally:
            owner.kill()

    deadline = time.monotonic() + 60
    while (place / "data/postmaster.pid").exists():
        assert time.monotonic() < deadline, "expected the server to end, it runs after 60 s"
        time.sleep(0.05)
    shutil.rmtree(place)


def test_find_programs_takes_those_on_the_path(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/initdb"
    program.touch(mode=0o755)
    (tmp_path / "initdb").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert private_postgresql.find_programs() == tmp_path / "bin"


def test_find_programs_takes_the_newest_of_debian(tmp_path, monkeypatch):
    for version in ("9.6", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        if version != "16":
            (tmp_path / version / "bin/initdb").touch()
    monkeypatch.setenv("PATH", "")

    assert private_postgresql.find_programs(tmp_path) == tmp_path / "15/bin"


def test_find_programs_reports_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(private_postgresql.Missing, match="apt-get install postgresql"):
        private_postgresql.find_programs(tmp_path)


def test_compose_file_mounts_the_schema():
    text = COMPOSE.read_text("utf-8")

    mounted = re.findall(r"- (\S+):/docker-entrypoint-initdb.d/", text)

    assert [os.path.normpath(FOLDER / path) for path in mounted] == [str(SCHEMA)]
    assert SCHEMA.exists()


def test_compose_file_checks_the_health_of_its_database():
    text = COMPOSE.read_text("utf-8")

    user, name = (re.search(rf"POSTGRES_{key}: (\w+)", text)[1] for key in ("USER", "DB"))

    assert f"pg_isready -U {user} -d {name}" in text
