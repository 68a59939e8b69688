"""The command line: flags → call → print → exit code. The one place that catches ScaffoldError."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from scaffold import __version__
from scaffold.errors import ConflictError, OutputError, ReaderGoneError, ScaffoldError
from scaffold.system import interruption, invocation, output

COMMANDS = {
    "list": "catalogue.list_gaps",
    "show": "catalogue.show",
    "new": "new.new",
    "verify": "verify.verify",
    "status": "status.status",
    "pr": "pr.command.pr",
    "undo": "status.undo",
    "doctor": "doctor.doctor",
    "demo": "demo.demo",
    "kit": "kit.kit",
}
"""Command -> its module and function below `commands`, in the order of the help."""

SIGNALS = frozenset({129, 130, 143})
"""128 and the number of the signal that ended the run: SIGHUP, SIGINT, SIGTERM."""

ABOUT = frozenset({"-h", "--help", "--version"})
"""Options whose text is printed by Click itself."""


class _Commands(click.Group):
    """The commands, each loaded when it is asked for: the others cost time to import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, function = COMMANDS.get(cmd_name, "").rpartition(".")
        if not module:
            return None
        found: click.Command = getattr(import_module(f"scaffold.commands.{module}"), function)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # Click looks for the closest match among the commands that it holds.
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None


@click.group(
    cls=_Commands,
    subcommand_metavar="COMMAND [ARGS]...",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(
    __version__, message=f"scaffold {__version__}", help="Print the version and stop."
)
@click.pass_context
def top(context: click.Context) -> None:
    """Writes the tests that a code base is missing, proves them, and takes them back."""
    if context.invoked_subcommand is None:
        output.say(context.get_help())
        context.exit(2)


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
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "scaffold"
        return _refuse(_refusal(2, error.format_message(), f"{command} --help"))
    except (KeyboardInterrupt, EOFError):
        return _interrupted()
    except Exception as error:
        from scaffold.system import faults

        root = invocation.current.root
        if root is not None and not root.is_dir():
            gone = f"{root} is not there any more: it was removed while the command ran"
            return _refuse(_refusal(3, gone, invocation.look(root.parent)))
        return _refuse(_refusal(70, *faults.report(words, error)))


def _answer(argv: list[str]) -> int:
    """The command's exit code; with `--json` help and version are documents as well."""
    if invocation.current.json and ABOUT & set(argv):
        return _document_about(argv)
    return _command(argv)


def _command(argv: list[str]) -> int:
    try:
        # Not `top.main`: it ends Ctrl-C with a line that is not ours.
        with top.make_context("scaffold", list(argv)) as context:
            return int(top.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code


def _document_about(argv: list[str]) -> int:
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        _command([word for word in argv if not word.startswith("--json")])
    output.answer({"schema": 1, "command": "help", "text": text.getvalue()})
    return 0


def _json_after_the_command(argv: Sequence[str]) -> list[str]:
    """`--json` may be typed before the command too, and so may `--`, which says nothing there."""
    words = list(argv)
    if words[:1] == ["--"] and words[1:2] and not words[1].startswith("-"):
        del words[0]
    if len(words) > 1 and words[0] == "--json" and not words[1].startswith("-"):
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
    hint = invocation.told(error.hint, code)
    if isinstance(error, ReaderGoneError) and not done:
        return code  # nobody is left to tell
    if invocation.current.json and not isinstance(error, OutputError):
        try:
            body = {"fact": fact, "hint": hint, "exit_code": code}
            if isinstance(error, ConflictError) and error.diff:
                body["diff"] = error.diff
            output.answer({"schema": 1, "error": body})
        except OutputError as second:
            code = second.exit_code
    output.note(fact if code in SIGNALS else f"error: {fact}")
    if hint:
        output.note("")
        output.note(f"hint: {hint}")
    return code
