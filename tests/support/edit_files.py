"""Whatever a person's file may hold, for each kind of edit: strategies of files and of payloads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

from hypothesis import strategies as st

_NEWLINES = st.sampled_from(["\n", "\r\n"])
_TAILS = st.sampled_from(["", "\n", "\n\n\n"])

POOL = {
    "LIMIT": ([], "# At most.\nLIMIT = 5"),
    "DOUBLE": (["LIMIT"], "DOUBLE = LIMIT * 2"),
    "TABLE": (["LIMIT"], "TABLE = {\n    1: LIMIT,\n}"),
    "Alpha": (["Zeta"], "class Alpha(Zeta):\n    pass"),
    "Zeta": (["LIMIT"], 'class Zeta:\n    """Doc."""\n\n    limit = LIMIT'),
    "clock": (["time"], "@pytest.fixture\ndef clock():\n    return time, pytest\n    # end"),
    "docker": (["Alpha"], "async def docker(x=Alpha):\n    return sys, Path(x), PurePath"),
}
"""Name of a Python unit -> what it needs, and its text."""
IMPORTS = {
    "clock": ["import pytest", "import time"],
    "docker": ["import sys", "from pathlib import Path, PurePath"],
}
_PYTHON = [
    "import os",
    "from pathlib import PosixPath",
    "import sys",
    "x = 1",
    "# a note",
    "def f(time):\n    import sys\n    return time, sys",
    "class C:\n    y = 2\n    # inside",
    "@property\ndef g(self): return 3",
    "if x_ := 0:\n    import json",
    'TEXT = """\n# no comment\n\n\n\ndef no(): pass\n"""',
    "a = 1; b = [\n  2]",
    "import abc; import cgi_",
    "# -*- coding: utf-8 -*-",
]


def payload_of(names: Iterable[str]) -> str:
    """A payload of these units and of what they need."""
    wanted: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in POOL and name not in wanted:
            wanted.add(name)
            queue += POOL[name][0]
    lines = list(dict.fromkeys(line for name in sorted(wanted) for line in IMPORTS.get(name, [])))
    order = sorted(
        wanted, key=["LIMIT", "DOUBLE", "TABLE", "Zeta", "Alpha", "clock", "docker"].index
    )
    return "\n".join(lines) + "\n\n\n" + "\n\n\n".join(POOL[name][1] for name in order) + "\n"


python_payloads = st.sets(st.sampled_from(sorted(POOL)), min_size=1).map(payload_of)


@st.composite
def python_files(draw: st.DrawFn) -> str:
    """A module of a person's."""
    head = draw(st.sampled_from(["", "#!/bin/x\n", '"""Doc."""\n', '"""Doc."""\n\n', "# top\n\n"]))
    future = draw(st.sampled_from(["", "from __future__ import annotations\n"]))
    body = draw(st.lists(st.sampled_from(_PYTHON), max_size=5, unique=True))
    gaps = draw(st.lists(st.integers(1, 4), min_size=len(body), max_size=len(body)))
    text = head + future + "".join(part + "\n" * gap for part, gap in zip(body, gaps, strict=True))
    text += draw(st.sampled_from(["", "\n", "  \n\n", "    "]))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))
    return draw(st.sampled_from(["", "\ufeff"])) + text


RUST_FRAGMENTS = [
    "use std::fmt;",
    "// a note",
    "//! inner",
    "/// doc\nfn f() {}",
    "mod other; // said",
    "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}",
    'const T: &str = "\n\nmod generated_tests;\n";',
    "proxy_wasm::main! {{\n    f();\n}}",
    "/* block\n\nmod generated_tests; */",
    "struct Ü;",
    "",
]
_TOML = [
    '[workspace]\nmembers = ["a"]\n',
    '[workspace]\nmembers = [ # which\n  "a", "b" ]\n',
    "[workspace]\nmembers = [\n]\n",
    "# workspace comes later\n",
    '[[bin]]\nname = "[workspace]"\n',
    '[package]\ndescription = """\n[workspace]\nmembers = []\n"""\n',
    "[dev-dependencies]\n",
    "[dev-dependencies]\na = {version='1', x=[1,\n 2]} # [workspace]\n",
    '[profile."re lease"]\nlto = true\n',
    "\n\n",
]
_JSON = [
    '"name": "shop"',
    '"private" :true',
    '"scripts": {}',
    '"scripts": { }',
    '"scripts": {\n}',
    '"scripts": {"build": "b"}',
    '"scripts": {\n  "build": "b",\n    "zest": "é, \\" }"\n}',
    '"workspaces": [\n  "packages/*"\n]',
    '"workspaces": ["apps/*", "packages/*"]',
    '"workspaces": [ ]',
    '"tasks": {\n  "build": {"outputs": []}, "lint": {}\n}',
    '"overrides": [1, {"name": "y"}]',
]
_BLANKS = st.sampled_from(["", " ", "\n"])
_DOCKERFILE = [
    "FROM rust AS deps",
    "COPY a b",
    "  COPY  crates/fold   fold",
    "RUN one && \\\n    two",
    "# COPY this is a note",
    "",
]


@st.composite
def rust_files(draw: st.DrawFn) -> str:
    """A Rust file; its last fragments may hide what looks like a declaration."""
    fragments = draw(st.lists(st.sampled_from(RUST_FRAGMENTS), max_size=6))
    return ("\n".join(fragments).rstrip() + draw(_TAILS)).replace("\n", draw(_NEWLINES))


@st.composite
def toml_files(draw: st.DrawFn) -> str:
    """A TOML file of a person's layout."""
    parts = st.lists(st.sampled_from(_TOML), max_size=5, unique_by=lambda text: text.split("]")[0])
    text = "\n".join(draw(parts.filter(lambda some: _is_toml("\n".join(some))))).rstrip()
    return (text + draw(_TAILS)).replace("\n", draw(_NEWLINES))


@st.composite
def json_files(draw: st.DrawFn) -> str:
    """A package.json of a person's layout: wide or on one line, with and without what is asked."""
    entries = draw(st.lists(st.sampled_from(_JSON), max_size=5, unique_by=lambda it: it[:6]))
    indent, newline = draw(st.sampled_from(["  ", "    ", "\t", ""])), draw(_NEWLINES)
    if not indent:
        return "{" + draw(_BLANKS) + ", ".join(entries) + "}" + draw(_TAILS).replace("\n", newline)
    lines = [line for entry in entries for line in f"{entry},".split("\n")]
    inner = "\n".join(indent + line for line in lines).removesuffix(",")
    text = f"{{\n{inner}\n}}" if entries else "{" + draw(_BLANKS) + "}"
    return (text + draw(_TAILS)).replace("\n", newline)


def json_payloads() -> st.SearchStrategy[str]:
    """Entries of objects that are there or not, and elements of arrays."""
    parts = [
        '"scripts": {"test": "vitest run", "atest": "x"}',
        '"workspaces": ["packages/*", "e2e"]',
        '"tasks": {"test": {"dependsOn": ["^build"], "outputs": []}}',
        '"overrides": [{"name": "x"}, 1]',
        '"private": true',
    ]
    some = st.lists(st.sampled_from(parts), min_size=1, unique=True)
    return some.map(lambda chosen: "{" + ", ".join(chosen) + "}")


@st.composite
def docker_files(draw: st.DrawFn) -> str:
    """A Dockerfile with at least one COPY and one RUN."""
    lines = draw(st.lists(st.sampled_from(_DOCKERFILE), max_size=6))
    lines = draw(st.permutations([*lines, "COPY x y", "RUN z"]))
    return ("\n".join(lines) + draw(_TAILS)).replace("\n", draw(_NEWLINES))


@st.composite
def lock_files(draw: st.DrawFn) -> str:
    """A Cargo.lock with the packages `gate` and `mockito`, as cargo lays it out."""
    names = sorted({"gate", "mockito", *draw(st.sets(st.sampled_from(["aaa", "rand", "zeta"])))})
    head = "# This file is automatically @generated by Cargo.\n"
    text = head + draw(st.sampled_from(["", "# a note\n", "version = 4\n\n"]))
    blocks = []
    for name in names:
        block = f'[[package]]\nname = "{name}"\nversion = "1.{len(name)}.0"\n'
        if name != "gate" and draw(st.booleans()):
            block += 'source = "registry+https://example.org/index"\nchecksum = "00"\n'
        needs = sorted(draw(st.sets(st.sampled_from(names))) - {name})
        lines = "".join(f' "{need}",\n' for need in needs)
        blocks.append(block + (f"dependencies = [\n{lines}]\n" if needs else ""))
    text += "\n".join(blocks)
    if draw(st.booleans()):
        text += '\n[[patch.unused]]\nname = "mockito"\nversion = "9.0.0"\n'
    return text.replace("\n", draw(_NEWLINES))


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True
