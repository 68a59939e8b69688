"""Mutants of Rust sources, as cargo-mutants lists them with their diffs."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from scaffold.errors import BaselineError
from scaffold.proof.cargo.suites import Suites
from scaffold.proof.mutants import Mutant, identity
from scaffold.proof.runner import in_folder
from scaffold.system import process

LIST_S = 300.0
WHOLE_BODY = "FnValue"
_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_PLACE = re.compile(r"^\S+?:\d+:\d+: ")


def enumerate_mutants(suites: Suites, targets: Sequence[str]) -> list[Mutant]:
    """Every mutant that cargo-mutants makes of these files.

    Raises:
        BaselineError: cargo-mutants cannot read the workspace.
    """
    argv = ["cargo", "mutants", "--list", "--json", "--no-config", "--workspace"]
    inside = {PurePosixPath(path).relative_to(suites.root).as_posix(): path for path in targets}
    for path in inside:
        argv += ["--file", path]
    done = process.run(argv, cwd=suites.cargo.folder, env=suites.cargo.env, timeout_s=LIST_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise BaselineError(
            f"cargo-mutants lists no mutants: {said}", f"{in_folder(suites.root)}{shlex.join(argv)}"
        )
    texts = {path: suites.text(path) for path in targets}
    items = [item for item in json.loads(done.stdout) if item["file"] in inside]
    items.sort(key=lambda i: (i["file"], i["span"]["start"]["line"], i["span"]["start"]["column"]))
    return list(_mutants(items, inside, texts))


def _mutants(
    items: Sequence[dict[str, Any]], inside: dict[str, str], texts: dict[str, str]
) -> Iterable[Mutant]:
    seen: Counter[str] = Counter()
    for item in items:
        path = inside[item["file"]]
        line = int(item["span"]["start"]["line"])
        change = _PLACE.sub("", item["name"])
        if item["genre"] != WHOLE_BODY:
            # The same operator may be replaced at several places of a function.
            text = texts[path].split("\n")[line - 1]
            change += f": {' '.join(text.split())}"
        key = f"{path}\0{change}"
        name = identity(key, str(seen[key]))
        seen[key] += 1
        source = patched(texts[path], item["diff"])
        yield Mutant(name, path, item["genre"], line, change, source)


def patched(text: str, diff: str) -> str:
    """A text with a unified diff applied, whose line numbers are exact."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    result: list[str] = []
    at = 0
    for line in diff[diff.find("@@ -") :].split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            start = int(hunk[1]) - 1
            result += lines[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        elif line.startswith("-"):
            at += 1
        elif line.startswith(" "):
            result.append(lines[at])
            at += 1
    return newline.join([*result, *lines[at:]])
