"""The help of every command: examples that parse, the exit codes, whole sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from scaffold import cli
from scaffold.commands.options import CODES
from support.command import scaffold
from support.documents import ROOT, scaffold_commands


def all_commands() -> Iterator[tuple[str, ...]]:
    """Every command line that has a help: the commands, and those of a group."""
    context = click.Context(cli.top)
    for name in cli.top.list_commands(context):
        yield (name,)
        command = cli.top.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(context))


def parse(words: list[str]) -> None:
    """Parse a command line to its end, groups included; nothing is run.

    Raises:
        click.UsageError: It is wrong.
    """
    if {"-h", "--help"} & set(words):
        words = [word for word in words if word not in ("-h", "--help")]
        assert tuple(words) in set(all_commands())
        return
    context = click.Context(cli.top)
    command: click.Command = cli.top
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    command.make_context(name, words, parent=context).close()


@pytest.mark.parametrize("command", [*all_commands()], ids=" ".join)
def test_a_command_has_examples_that_parse_and_its_exit_codes(command: tuple[str, ...]) -> None:
    text = scaffold(*command, "--help").out
    _, heading, end = text.partition("\n  Examples:\n")
    assert heading
    examples, heading, codes = end.partition("\n  Exit codes:\n")
    assert heading
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words[: 1 + len(command)] == ["scaffold", *command]
        parse(words[1 : words.index("|")] if "|" in words else words[1:])
    told = {int(code): meaning for code, meaning in re.findall(r"^ +(\d+)  (.*)$", codes, re.M)}
    assert told and told.items() <= CODES.items()


def test_a_wrong_example_does_not_parse() -> None:
    for words in (["list", "--no"], ["show"], ["kit", "nwe"], ["new", "--on-conflict", "mrege"]):
        with pytest.raises(click.UsageError):
            parse(words)


@pytest.mark.parametrize("group", [(), ("kit",)])
def test_summaries_are_whole_at_eighty_columns(
    group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = scaffold(*group, "--help").out.partition("Commands:\n")[2]
    assert "..." not in text
    assert text.count("\n") >= 3


def test_an_option_that_may_repeat_says_so() -> None:
    for command in all_commands():
        context = click.Context(cli.top)
        found: click.Command | None = cli.top
        for name in command:
            assert isinstance(found, click.Group)
            found = found.get_command(context, name)
        for option in found.params if found else ():
            if isinstance(option, click.Option) and option.multiple:
                assert "may repeat" in (option.help or ""), (command, option.name)


@pytest.mark.parametrize(
    "page",
    ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))],
)
def test_every_command_in_the_console_blocks_of_a_document_parses(page: str) -> None:
    for words in scaffold_commands(page, {}):
        parse(words)


def test_the_exit_codes_of_the_help_are_those_of_the_architecture() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Exit codes")[2]
    rows = {int(code) for code in re.findall(r"^\| (\d|10) \|", table, re.MULTILINE)}
    assert rows == set(CODES)
