"""`scaffold demo`: a miniature checkout from the package; the main job runs on it, offline."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from scaffold.commands.options import PATH, as_json, notes
from scaffold.system import invocation, output

BULK = ("--priority", "P0", "--priority", "P1", "--yes")
STEPS = (
    ("list", "--all-rows"),
    ("new", *BULK),
    ("status",),
    # The demo's interpreter is ours: it has pytest, whatever else this machine has.
    ("verify", "--mutants", "20", "--python", sys.executable),
    ("new", *BULK),
    ("undo",),
)
"""What the demo types, in order."""

CLOSING = """\
The checkout is as it was, byte for byte. On a real one, type next:
  scaffold list                    the gaps that can be closed
  scaffold new -C DIR              asks which ones, shows the diff, writes when you say yes
  scaffold verify -C DIR           runs the new tests; --mutants 50 also breaks the code under them
  scaffold undo -C DIR             takes it back"""


@click.command(epilog=notes("scaffold demo", "scaffold demo /tmp/parcels", codes=(0, 2, 3, 4)))
@click.argument(
    "folder",
    metavar="[DIR]",
    type=PATH,
    required=False,
    help="An empty or new folder; default: a temporary one.",
)
@as_json
def demo(folder: Path | None, json: bool) -> int:
    """Run the main job on a miniature checkout, offline."""
    from scaffold.commands import report
    from scaffold.system.isolation import environment as trusted
    from scaffold.system.process import attach

    package = Path(__file__).resolve().parent.parent / "_demo"
    place = _empty(folder)
    first = _copy(package / "checkout", place)
    # The demo verifies, but runs nothing of the folder where it was typed.
    shown = ("COLUMNS", "LINES", "NO_COLOR")
    environment = {name: os.environ[name] for name in shown if name in os.environ}
    environment = {**trusted(), **environment, "SCAFFOLD_KIT": str(package / "kit")}
    _show("export", f"SCAFFOLD_KIT={environment['SCAFFOLD_KIT']}")
    _show("cd", str(place))
    steps = []
    for step in STEPS:
        _show("scaffold", *step)
        argv = [sys.executable, "-P", "-m", "scaffold", *step]
        # The one JSON document is alone on stdout.
        code = attach(argv, cwd=place, env=environment, to_stderr=json)
        steps.append({"argv": ["scaffold", *step], "exit_code": code})
        if code != 0:
            break
    else:
        _refuse_difference(place, first)
        if not json:
            output.say(f"\n{CLOSING}")
            if folder is None:
                output.say("The folder is removed now; name a folder to keep it")
    if json:
        output.answer(report.to_json("demo", {"steps": steps}))
    return code


def _show(*argv: str) -> None:
    line = f"$ {shlex.join(argv)}"
    if invocation.current.json:
        output.note(line)
    else:
        output.say(f"\n{output.visible(line)}")


def _empty(folder: Path | None) -> Path:
    from scaffold.errors import CheckoutError, ConflictError
    from scaffold.system import scratch
    from scaffold.system.process import temporary_place

    try:
        if folder is None:
            return scratch.make("demo", base=str(temporary_place()))
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            return folder.resolve()
    except (FileExistsError, NotADirectoryError):
        pass
    except OSError as error:
        raise CheckoutError(
            f"{folder} cannot be made: {error.strerror}", "scaffold demo"
        ) from error
    raise ConflictError(
        f"{folder} is not an empty folder; nothing was written",
        "scaffold demo",
    )


def _copy(source: Path, place: Path) -> dict[str, bytes]:
    """The files of the miniature checkout, by relative path, as they were written."""
    files = _read(source)
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    return files


def _read(folder: Path) -> dict[str, bytes]:
    # An installer compiles the modules of a package, those of the miniature one too.
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _refuse_difference(place: Path, first: dict[str, bytes]) -> None:
    from scaffold.errors import ScaffoldError

    if _read(place) != first:
        raise ScaffoldError(
            f"the undo did not give the first tree back in {place}", invocation.look(place, "-lR")
        )
