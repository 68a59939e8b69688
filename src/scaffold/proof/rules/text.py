"""Hooks that only look at the text of a file, with the same verdict as pre-commit-hooks.

Source: `end_of_file_fixer.py`, `trailing_whitespace_fixer.py` and `check_yaml.py` of
pre-commit/pre-commit-hooks (MIT). They are ours so that they work without a network.
"""

from __future__ import annotations

import io
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from scaffold.languages.rules import Hook
from scaffold.proof.rules.result import Broken, RuleResult, Written, WrittenFile, judged, left_out

REPOSITORY = "pre-commit-hooks"
MULTIPLE = ("-m", "--multi", "--allow-multiple-documents")
_Look = Callable[[WrittenFile, bytes, Sequence[str]], Iterator[Broken]]


class UnknownArgumentError(Exception):
    """An argument that is not known here, so that the verdict might differ."""


def check(written: Written) -> Iterator[RuleResult]:
    """The result of each of these hooks."""
    for hook in written.rules.hooks:
        known = _KNOWN.get(hook.id)
        if known is None or repository(hook) != REPOSITORY:
            continue
        look, endings, fix = known
        files = written.picked(hook, endings)
        try:
            broken = [item for file in files for item in _new(look, file, hook.args or ())]
        except UnknownArgumentError as error:
            yield left_out(hook, f"its argument '{error}' is not known here")
            continue
        named = shlex.join(dict.fromkeys(item.file for item in broken))
        yield judged(hook, files, broken, fix.format(named))


def repository(hook: Hook) -> str:
    """The last word of where a hook comes from."""
    return PurePosixPath(hook.repo.rstrip("/").removesuffix(".git")).name


def _new(look: _Look, file: WrittenFile, args: Sequence[str]) -> Iterator[Broken]:
    """What is broken now, and was not before."""
    before = [] if file.before is None else list(look(file, file.before, args))
    old = {(item.message, _line(file.before or b"", item.line)) for item in before}
    for item in look(file, file.content, args):
        if (item.message, _line(file.content, item.line)) not in old:
            yield item


def _line(content: bytes, number: int) -> bytes:
    lines = content.splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else b""


def _end_of_file(file: WrittenFile, content: bytes, args: Sequence[str]) -> Iterator[Broken]:
    _refuse(args)
    kept = content.rstrip(b"\r\n")
    end = content[len(kept) :]
    if content and (not kept or end not in (b"\n", b"\r\n", b"\r")):
        why = "ends with more than one newline" if end else "does not end with a newline"
        yield Broken(file.path, 0, why)


def _trailing_space(file: WrittenFile, content: bytes, args: Sequence[str]) -> Iterator[Broken]:
    endings, chars = _space_options(args)
    markdown = "*" in endings or PurePosixPath(file.path).suffix.lower() in endings
    for number, line in enumerate(io.BytesIO(content), 1):
        end = next((one for one in (b"\r\n", b"\n") if line.endswith(one)), b"")
        text = line.removesuffix(end)
        kept = text.rstrip(chars)
        # Two spaces at the end of a line of Markdown are a line break.
        if markdown and not text.isspace() and text.endswith(b"  "):
            kept = text[:-2].rstrip(chars) + b"  "
        if kept != text:
            yield Broken(file.path, number, "has white space at its end")


def _space_options(args: Sequence[str]) -> tuple[set[str], bytes | None]:
    endings: set[str] = set()
    chars = None
    for name, value in _options(args):
        if name == "--markdown-linebreak-ext":
            named = [one.strip().lower() for one in value.split(",")]
            endings |= {one if one == "*" else f".{one.lstrip('.')}" for one in named if one}
        elif name == "--chars":
            chars = value.encode()
        elif name != "--no-markdown-linebreak-ext":
            raise UnknownArgumentError(name)
    return endings, chars


def _options(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    waiting = list(args)
    while waiting:
        name, sign, value = waiting.pop(0).partition("=")
        wants = name in ("--markdown-linebreak-ext", "--chars")
        yield name, value if sign or not wants or not waiting else waiting.pop(0)


def _yaml(file: WrittenFile, content: bytes, args: Sequence[str]) -> Iterator[Broken]:
    import yaml

    # Without --unsafe, tags must be known; with it, only the syntax counts.
    unsafe = "--unsafe" in args
    _refuse([one for one in args if one not in (*MULTIPLE, "--unsafe")])
    many = unsafe or any(one in MULTIPLE for one in args)
    try:
        documents = list(yaml.compose_all(content, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        yield Broken(file.path, mark.line + 1 if mark else 0, f"is not YAML: {problem}")
        return
    if len(documents) > 1 and not many:
        line = documents[1].start_mark.line + 1 if documents[1] else 0
        yield Broken(file.path, line, "holds more than one document")
    if not unsafe:
        yield from _odd_nodes(file, documents, set(yaml.SafeLoader.yaml_constructors))


def _odd_nodes(file: WrittenFile, documents: Sequence[Any], tags: set[Any]) -> Iterator[Broken]:
    """Keys that are there twice, and tags that nobody knows; each node is looked at once."""
    waiting, seen = [node for node in documents if node is not None], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        line = node.start_mark.line + 1
        if node.tag not in tags and node.tag != "tag:yaml.org,2002:merge":
            yield Broken(file.path, line, f"the tag {node.tag} is not known")
        if node.id == "sequence":
            waiting += node.value
        elif node.id == "mapping":
            keys = Counter((key.tag, key.value) for key, _ in node.value if key.id == "scalar")
            for (_, name), count in keys.items():
                if count > 1:
                    yield Broken(file.path, line, f"the key '{name}' is there twice")
            waiting += [one for pair in node.value for one in pair]


def _refuse(args: Sequence[str]) -> None:
    if args:
        raise UnknownArgumentError(args[0])


_KNOWN: dict[str, tuple[_Look, tuple[str, ...], str]] = {
    "end-of-file-fixer": (_end_of_file, (), "tail -n 3 {}"),
    "trailing-whitespace": (_trailing_space, (), "grep -nE '[[:space:]]+$' {}"),
    "check-yaml": (_yaml, (".yaml", ".yml"), "cat {}"),
}
"""Id of a hook -> what looks at a file, how its files end, and the command that shows it."""
