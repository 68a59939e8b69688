"""Python in the format of black: of the version that a checkout pins, where our cache has it.

Nothing is fetched here: `verify` does that. The checkout's settings reach black as parsed values.
"""

from __future__ import annotations

import getopt
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from scaffold.errors import CheckoutError, KitError, MissingToolError
from scaffold.languages.python.format import black
from scaffold.languages.python.format.pinned import BLACK, Pinned, installed, pinned
from scaffold.languages.rules import Hook, Layout
from scaffold.system import process

PINNED_S = 120.0
MOST_COLUMNS = 10_000
SETTINGS = "pyproject.toml"
SWITCHES = ("preview", "skip-magic-trailing-comma", "skip-string-normalization", "unstable")
OTHERS = ("check", "diff", "fast", "quiet", "safe", "verbose")
"""Switches of black that change no layout."""
LETTERS = {"-l": "line-length", "-t": "target-version", "-C": SWITCHES[1], "-S": SWITCHES[2]}


def format_key(path: str, layout: Layout) -> bytes:
    """What a result depends on besides the source."""
    python, wishes = _wanted(path, layout)
    words = [python or str(installed(BLACK.package)), *([json.dumps(wishes)] if wishes else [])]
    return "\n".join(words).encode()


def formatted(files: Mapping[str, bytes], layout: Layout) -> dict[str, bytes]:
    """Each file as black leaves it.

    Raises:
        KitError: One does not parse.
    """
    alike: dict[str, tuple[str | None, dict[str, Any], dict[str, str]]] = {}
    for path, source in files.items():
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            _refuse(path, error)
        python, wishes = _wanted(path, layout)
        alike.setdefault(json.dumps([python, wishes]), (python, wishes, {}))[2][path] = text
    done: dict[str, str] = {}
    for python, wishes, texts in alike.values():
        found = _by_pinned(python, texts, wishes) if python else {}
        # What that version does not parse, own black may; what neither does is refused.
        rest = {path: text for path, text in texts.items() if path not in found}
        done |= {**found, **(black.lay_out(rest, wishes, _refuse) if rest else {})}
    return {path: text.encode("utf-8") for path, text in done.items()}


def _refuse(path: str, error: Exception) -> NoReturn:
    deep = isinstance(error, RecursionError)
    why = "it is nested too deeply" if deep else " ".join(str(error).split())
    raise KitError(f"the rendered {path} does not parse: {why}", rendered=path) from error


def _wanted(path: str, layout: Layout) -> tuple[str | None, dict[str, Any]]:
    """The interpreter that has the pinned black, where it is not ours, and the settings."""
    import sys

    tools = (pinned(hook) for hook in layout.hooks)
    tool = next((it for it in tools if isinstance(it, Pinned) and it.known is BLACK), None)
    given = _arguments(tool.hook) if tool else {}
    table = layout.nearest(path, SETTINGS, "black")
    if "config" in given:
        table = layout.settings.get(os.path.normpath(str(given["config"])), {}).get("black", {})
    python = tool.python if tool else None
    return None if python == sys.executable else python, _settings({**table, **given})


def _arguments(hook: Hook) -> dict[str, Any]:
    """The settings among a hook's arguments; none where one of them is not known."""
    names = [*SWITCHES, *OTHERS, "config=", "line-length=", "target-version="]
    given: dict[str, Any] = {}
    with suppress(getopt.GetoptError, ValueError):
        for option, value in getopt.getopt(list(hook.args or ()), "l:t:CSqv", names)[0]:
            name = LETTERS.get(option, option.lstrip("-"))
            word: Any = value or True
            if name == "line-length":
                word = int(value)
            elif name == "target-version":
                word = [*given.get(name, ()), value]
            given[name] = word
    return given


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that change a layout, where black would take them."""
    found: dict[str, Any] = {name: True for name in SWITCHES if given.get(name) is True}
    length, targets = given.get("line-length"), given.get("target-version")
    if isinstance(length, int) and 0 < length < MOST_COLUMNS:
        found["line-length"] = length
    if isinstance(targets, list):
        found["target-version"] = sorted({str(it).lower() for it in targets})
    return found


def _by_pinned(python: str, texts: Mapping[str, str], wishes: Mapping[str, Any]) -> dict[str, str]:
    """The texts as that black leaves them, without those that it refuses; it may not start."""
    asked = json.dumps({"texts": texts, "wishes": wishes})
    try:
        done = process.run_tool(
            [python, "-I", str(Path(black.__file__))], input_text=asked, timeout_s=PINNED_S
        )
        found = json.loads(done.stdout)
    except (MissingToolError, CheckoutError, ValueError):
        return {}
    return {path: text for path, text in found.items() if path in texts}
