"""The command line: flags → call → print → exit code. The one place that catches ScaffoldError."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from scaffold import __version__
from scaffold.errors import OutputError, ReaderGoneError, ScaffoldError
from scaffold.system import interruption, invocation, output

ClickUsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""Click's UsageError: Typer carries a Click of its own and exports only its subclass."""

COMMANDS = {
    "list": "catalogue",
    "show": "catalogue",
    "new": "new",
    "verify": "verify",
    "status": "status",
    "undo": "status",
    "doctor": "doctor",
    "demo": "demo",
}
"""Command -> its module below `commands`, in the order of the help."""

SIGNALS = frozenset({129, 130, 143})
"""128 and the number of the signal that ended the run: SIGHUP, SIGINT, SIGTERM."""

ABOUT = frozenset({"-h", "--help", "--version"})
"""Options whose text is printed by Click itself."""


def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """Writes the tests that a code base is missing, proves them, and takes them back."""
    if version:
        output.say(f"scaffold {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.say(context.get_help())
        raise typer.Exit(2)


def run(argv: Sequence[str]) -> int:
    """Run one command and give its exit code; every refusal is printed here and nowhere else."""
    words = _json_after_the_command(argv)
    invocation.begin(words)
    with output.guarded(), interruption.caught(_end_programs):
        try:
            _sweep()
            return _run(words)
        except KeyboardInterrupt:  # in the moment between the last step and the end
            return interruption.exit_code()
        finally:
            with interruption.held():
                _clean_up()


def _run(words: list[str]) -> int:
    """The exit code of a command, with whatever is wrong printed."""
    try:
        code = _answer(words)
        sys.stdout.flush()
        return code
    except ScaffoldError as error:
        return _refuse(error)
    except ClickUsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "scaffold"
        return _refuse(_refusal(2, str(error), f"{command} --help"))
    except (KeyboardInterrupt, typer.Abort, EOFError):
        return _interrupted()
    except Exception as error:
        from scaffold.system import faults

        return _refuse(_refusal(70, *faults.report(words, error)))


def _answer(argv: list[str]) -> int:
    """The command's exit code; with `--json` help and version are documents as well."""
    if invocation.current.json and ABOUT & set(argv):
        return _document_about(argv)
    code = int(_app(argv)(args=argv, prog_name="scaffold", standalone_mode=False) or 0)
    # Typer makes an exit code of Ctrl-C, without a word.
    return _interrupted() if code == 130 else code


def _document_about(argv: list[str]) -> int:
    import contextlib
    import io

    told = io.StringIO()
    argv = [word for word in argv if not word.startswith("--json")]
    with contextlib.redirect_stdout(told):
        _app(argv)(args=argv, prog_name="scaffold", standalone_mode=False)
    output.answer({"schema": 1, "command": "help", "text": told.getvalue()})
    return 0


def _json_after_the_command(argv: Sequence[str]) -> list[str]:
    """`--json` may be typed before the command too."""
    words = list(argv)
    if len(words) > 1 and words[0] == "--json" and words[1] in COMMANDS:
        return [words[1], "--json", *words[2:]]
    return words


def _interrupted() -> int:
    done = invocation.current.done
    fact = f"interrupted; {done or 'nothing is left half written'}"
    with interruption.held():
        return _refuse(_refusal(interruption.exit_code(), fact, ""))


def _end_programs() -> None:
    # What never started a program has not even loaded the module.
    if "scaffold.system.groups" in sys.modules:
        from scaffold.system import groups

        groups.end_all()


def _sweep() -> None:
    from scaffold.system import scratch

    scratch.sweep()


def _clean_up() -> None:
    if "scaffold.system.groups" in sys.modules:
        from scaffold.system import groups

        groups.finish()
    from scaffold.system import scratch

    scratch.finish()


def _refusal(code: int, fact: str, hint: str) -> ScaffoldError:
    error = ScaffoldError(fact, hint)
    error.exit_code = code
    return error


def _refuse(error: ScaffoldError) -> int:
    """Print the refusal; the exit code is another one where not even that can be printed."""
    code, done = error.exit_code, invocation.current.done
    fact = error.fact
    if isinstance(error, OutputError) and done:
        fact = f"{fact}; {done}"
    hint = invocation.command(error.hint, in_checkout=code in invocation.OF_THE_CHECKOUT)
    if isinstance(error, ReaderGoneError) and not done:
        return code  # nobody is left to tell
    if invocation.current.json and not isinstance(error, OutputError):
        try:
            body = {"fact": fact, "hint": hint, "exit_code": code}
            output.answer({"schema": 1, "error": body})
        except OutputError as second:
            code = second.exit_code
    output.note(fact if code in SIGNALS else f"error: {fact}")
    if hint:
        output.note("")
        output.note(f"hint: {hint}")
    return code


def _app(argv: list[str]) -> typer.Typer:
    """The command line, with the command that was typed alone: the others cost time to describe."""
    app = typer.Typer(
        name="scaffold",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(top)
    typed = COMMANDS.get(argv[0]) if argv else None
    for name in dict.fromkeys([typed] if typed else COMMANDS.values()):
        importlib.import_module(f"scaffold.commands.{name}").register(app)
    return app
