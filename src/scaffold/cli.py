"""The command line: flags → call → print → exit code. The one place that catches ScaffoldError."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

from scaffold import __version__
from scaffold.errors import ScaffoldError

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


def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """Writes the tests that a code base is missing, proves them, and takes them back."""
    if version:
        print(f"scaffold {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def run(argv: list[str]) -> int:
    """Run one command and give its exit code; every refusal is printed here and nowhere else."""
    try:
        code = int(_app(argv)(args=argv, prog_name="scaffold", standalone_mode=False) or 0)
        # Typer makes an exit code of Ctrl-C, without a word.
        return _interrupted() if code == 130 else code
    except ScaffoldError as error:
        _refuse(argv, error.fact, error.hint, error.exit_code)
        return error.exit_code
    except ClickUsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "scaffold"
        _refuse(argv, str(error), f"{command} --help", 2)
        return 2
    except (KeyboardInterrupt, typer.Abort, EOFError):
        return _interrupted()
    except BrokenPipeError:
        # The reader went away (`| head`): nobody is left to tell.
        sys.stderr.close()
        return 0
    except Exception as error:
        return _report_own_fault(argv, error)


def _interrupted() -> int:
    print("interrupted; nothing is left half written", file=sys.stderr)
    return 130


def _refuse(argv: list[str], fact: str, hint: str, code: int) -> None:
    if "--json" in argv:
        import json

        document = {"schema": 1, "error": {"fact": fact, "hint": hint, "exit_code": code}}
        print(json.dumps(document, indent=2))
    print(f"error: {fact}", file=sys.stderr)
    if hint:
        print(f"\nhint: {hint}", file=sys.stderr)


def _report_own_fault(argv: list[str], error: Exception) -> int:
    import platform
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="scaffold-fault-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"scaffold {__version__}, Python {platform.python_version()}\n")
        log.write(f"scaffold {' '.join(argv)}\n\n{''.join(traceback.format_exception(error))}")
    _refuse(
        argv,
        f"a fault of scaffold itself: {type(error).__name__}: {error}",
        f"report it with {log.name}",
        70,
    )
    return 70


def _app(argv: list[str]) -> typer.Typer:
    """The command line, with the command that was typed alone: the others cost time to describe."""
    app = typer.Typer(
        name="scaffold",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(top)
    typed = COMMANDS.get(argv[0]) if argv else None
    for name in dict.fromkeys([typed] if typed else COMMANDS.values()):
        importlib.import_module(f"scaffold.commands.{name}").register(app)
    return app
