"""What a gap needs on the machine: found on the PATH or in its places, new enough, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.errors import MissingToolError
from scaffold.kit.catalog import Need
from scaffold.proof.needs import find, missing, require

PLAIN = Need(name="Quern", program="quern", hint="apt-get install quern")


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(
    folder: Path, says: str = "quern (The Quern) 15.2 (built 2024.1)", code: int = 0
) -> Path:
    """A program that says a line about itself."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "quern"
    program.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{says}'\nexit {code}\n")
    program.chmod(0o755)
    return program


def need(tmp_path: Path, least: str = "12") -> Need:
    """Quern of at least a version, on the PATH or in a folder for each version."""
    return Need("Quern", "quern", "apt-get install quern", (f"{tmp_path}/lib/*/bin",), least)


def test_a_program_on_the_path_is_found_without_being_run(on_path: Path) -> None:
    program = install(on_path, code=1)
    found = find(PLAIN)
    assert (found.path, found.version) == (program, "")


def test_its_version_is_the_first_number_that_it_tells(on_path: Path, tmp_path: Path) -> None:
    install(on_path)
    assert find(need(tmp_path)).version == "15.2"


def test_the_newest_of_its_places_is_taken_where_the_path_has_none(
    on_path: Path, tmp_path: Path
) -> None:
    for version in ("9", "14", "101", "15"):
        install(tmp_path / "lib" / version / "bin", f"quern {version}")
    (tmp_path / "lib/102/bin").mkdir(parents=True)
    found = find(need(tmp_path))
    assert (found.path, found.version) == (tmp_path / "lib/101/bin/quern", "101")


def test_the_path_comes_before_its_places(on_path: Path, tmp_path: Path) -> None:
    install(tmp_path / "lib/99/bin", "quern 99")
    program = install(on_path)
    assert find(need(tmp_path)).path == program


@pytest.mark.parametrize("version", ["12", "12.0", "12.1", "13", "101.1"])
def test_the_least_version_and_every_later_one_do(
    on_path: Path, tmp_path: Path, version: str
) -> None:
    install(on_path, f"quern {version}")
    assert find(need(tmp_path)).version == version


@pytest.mark.parametrize("version", ["11", "11.99", "9.6.24", "1"])
def test_a_version_that_is_too_old_is_refused_with_the_way_to_another(
    on_path: Path, tmp_path: Path, version: str
) -> None:
    program = install(on_path, f"quern {version}")
    with pytest.raises(MissingToolError) as caught:
        find(need(tmp_path))
    assert caught.value.fact == f"{program} is {version}, which is too old"
    assert caught.value.hint == "apt-get install quern"


@pytest.mark.parametrize(("says", "code"), [("quern 15", 1), ("quern", 0)])
def test_a_program_that_tells_no_version_is_refused(
    on_path: Path, tmp_path: Path, says: str, code: int
) -> None:
    program = install(on_path, says, code)
    with pytest.raises(MissingToolError, match=f"'{program} --version' does not tell a version"):
        find(need(tmp_path))


def test_a_file_that_cannot_be_run_is_not_the_program(on_path: Path, tmp_path: Path) -> None:
    install(tmp_path / "lib/15/bin").chmod(0o644)
    with pytest.raises(MissingToolError, match="there is no 'quern'"):
        find(need(tmp_path))


def test_the_refusal_names_the_gap_what_it_needs_and_where_it_was_looked_for(
    on_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingToolError) as caught:
        require("mill", [need(tmp_path)])
    assert caught.value.exit_code == 7
    assert caught.value.fact == (
        "'mill' is proved with Quern 12 or newer: "
        f"there is no 'quern' on the PATH or in {tmp_path}/lib/*/bin"
    )
    assert caught.value.hint == "apt-get install quern"


def test_only_what_is_missing_is_named(on_path: Path, tmp_path: Path) -> None:
    install(on_path, "quern 3")
    sieve = Need("Sieve", "sieve", "apt-get install sieve")
    assert missing([PLAIN, need(tmp_path), sieve]) == ["Quern", "Sieve"]
    require("mill", [PLAIN])
    assert missing([]) == []


@pytest.mark.parametrize("unless", ["QUERN_URL", "MILL_URL or QUERN_URL"])
def test_a_variable_that_names_a_server_makes_the_program_superfluous(
    on_path: Path, monkeypatch: pytest.MonkeyPatch, unless: str
) -> None:
    served = Need("Quern", "quern", "apt-get install quern", unless=unless)
    assert missing([served]) == ["Quern"]

    monkeypatch.setenv("QUERN_URL", "quern://localhost")

    assert missing([served]) == []
    require("flour", [served])
