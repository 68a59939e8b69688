"""Rust in the format of rustfmt, started outside of the checkout, which gets settings as values."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache as once

from scaffold.errors import KitError, MissingToolError
from scaffold.languages.rules import Layout
from scaffold.system import isolation, process

RUSTFMT = ("rustfmt", "--edition", "2021", "--config-path", os.devnull, "--emit", "stdout")
RUSTFMT_S = 60.0
SETTINGS = ("rustfmt.toml", ".rustfmt.toml")
OTHERS = ("edition", "emit_mode", "license_template_path", "required_version")
"""Settings that are about more than the layout."""
_WORD = re.compile(r"\w+")


def format_key(path: str, layout: Layout) -> bytes | None:
    """Which rustfmt there is, and its version; None where there is none: files stay as rendered."""
    found = isolation.find_tool(RUSTFMT[0])
    identity = _identity_of(found) if found else None
    return identity and b"\n".join([identity, *map(str.encode, _wishes(path, layout))])


def _wishes(path: str, layout: Layout) -> tuple[str, ...]:
    """The options that lay out as the checkout's rustfmt.toml asks: its plain values."""
    tables = [found for name in SETTINGS if (found := layout.nearest(path, name, "rustfmt"))]
    pairs = [
        f"{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in sorted((tables[0] if tables else {}).items())
        if name not in OTHERS and _WORD.fullmatch(name) and _WORD.fullmatch(str(value))
    ]
    return ("--config", ",".join(pairs)) if pairs else ()


@once
def _identity_of(tool: str) -> bytes | None:
    # The path alone may be a launcher of one of several toolchains: only its version shows which.
    try:
        done = process.run_tool([tool, "--version"], timeout_s=RUSTFMT_S)
        real = os.path.realpath(tool)
        file = os.stat(real)
    except (MissingToolError, OSError):
        return None
    if done.returncode != 0 or not done.stdout.startswith("rustfmt "):
        return None
    return "\n".join([real, str(file.st_size), str(file.st_mtime_ns), done.stdout]).encode()


def formatted(files: Mapping[str, bytes], layout: Layout) -> dict[str, bytes]:
    """Each file as rustfmt leaves it.

    Raises:
        KitError: One does not parse.
    """
    return {path: _formatted(path, text, layout) for path, text in files.items()}


def _formatted(path: str, source: bytes, layout: Layout) -> bytes:
    # By stdin, one file a call: given files, rustfmt wants the files of their modules too.
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KitError(f"the rendered {path} is not UTF-8: {error}", rendered=path) from error
    wishes = _wishes(path, layout)
    done = process.run_tool([*RUSTFMT, *wishes], input_text=text, timeout_s=RUSTFMT_S)
    if wishes and done.returncode != 0:  # a setting that this version does not know
        done = process.run_tool(RUSTFMT, input_text=text, timeout_s=RUSTFMT_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.replace("<stdin>", path).split())
        raise KitError(f"the rendered {path} does not parse: {said[:400]}", rendered=path)
    return done.stdout.encode("utf-8")
