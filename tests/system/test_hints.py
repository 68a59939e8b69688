"""Every hint in the sources begins as a command line does, and quotes what it is made of."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import scaffold.errors
from scaffold.system import invocation
from support.hints import EDITOR, PROGRAMS, fault_of
from support.rendering import ROOT

SRC = Path(scaffold.errors.__file__).parent
ERRORS = {
    name
    for name, kind in vars(scaffold.errors).items()
    if isinstance(kind, type) and issubclass(kind, scaffold.errors.ScaffoldError)
}
MAKERS = {
    "edit": EDITOR,
    "instead": "scaffold",
    "look": "ls",
    "room": "ls",
    "quoted": "",
    "in_folder": "cd",
}
"""Functions whose result begins in one way; tests/system/test_output.py has their results."""
SAME_BEGINNING = {"format", "replace", "rstrip", "strip", "removesuffix"}
AN_INTERPRETER = "begins with the path of an interpreter"
KNOWN = {
    "cli.py: f'{command} --help'": "the command's own name, from Click",
    "commands/options.py: f'{option} {known[0]}'": "--kind or --language",
    "proof/cargo/evidence.py: suites.command(wanted, ['--no-run'])": "`cd` or `cargo test`",
    "proof/cargo/kill/builds.py: suites.command(list(names), ['--no-run'])": "the same",
    "proof/pytest/env.py: make": AN_INTERPRETER,
    "proof/pytest/kill/worker.py": AN_INTERPRETER,
    "proof/pytest/pinned.py": AN_INTERPRETER,
}
"""Hints, or modules, whose beginnings cannot be told here, and why they are commands."""
PASSED_ON = {"hint", "command"}
"""Attributes and parameters that are a hint already: what they were made of is looked at there."""


@dataclass(frozen=True)
class Hint:
    """An expression that becomes a hint, and where it stands."""

    module: str
    node: ast.expr
    scope: ast.AST

    def __str__(self) -> str:
        return f"{self.module}:{self.node.lineno}: {ast.unparse(self.node)}"


@functools.cache
def parsed(module: str) -> ast.Module:
    return ast.parse((SRC / module).read_text("utf-8"))


MODULES = [
    path.relative_to(SRC).as_posix()
    for path in sorted(SRC.rglob("*.py"))
    if not {"_kit", "_demo"} & set(path.relative_to(SRC).parts)
]


def takers() -> dict[str, int]:
    """Function or data class -> the position of its `hint` among the arguments of a call."""
    found = dict.fromkeys([*ERRORS, "error"], 1) | {"Tool": 2}
    for module in MODULES:
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in found:
                names = parameters(node)
                if "hint" in names and node.name != "__init__":
                    is_method = isinstance(node, ast.FunctionDef) and is_first_self(node)
                    found[f".{node.name}" if is_method else node.name] = names.index("hint")
    return found


def is_first_self(node: ast.FunctionDef) -> bool:
    return bool(node.args.args) and node.args.args[0].arg == "self"


def parameters(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    if isinstance(node, ast.ClassDef):
        lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
        return [line.target.id for line in lines if isinstance(line.target, ast.Name)]
    names = [argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]]
    return [name for name in names if name not in ("self", "cls")]


def hints() -> Iterator[Hint]:
    known = takers()
    for module in MODULES:
        yield from hints_below(module, parsed(module), parsed(module), known)


def hints_below(
    module: str, node: ast.AST, scope: ast.AST, known: dict[str, int]
) -> Iterator[Hint]:
    for child in ast.iter_child_nodes(node):
        inner = child if isinstance(child, ast.FunctionDef | ast.Lambda) else scope
        name = name_of(child.func) if isinstance(child, ast.Call) else ""
        if isinstance(getattr(child, "func", None), ast.Attribute) and f".{name}" in known:
            name = f".{name}"
        if isinstance(child, ast.Call) and name in known:
            named = [word.value for word in child.keywords if word.arg == "hint"]
            place = child.args[known[name] : known[name] + 1]
            if not any(isinstance(one, ast.Starred) for one in child.args):
                yield from (Hint(module, one, inner) for one in [*place, *named])
        yield from hints_below(module, child, inner, known)


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


looking: list[tuple[str, str]] = []
"""The names whose values are being looked at."""


class UnknownError(Exception):
    """The beginning of an expression cannot be told."""


def beginnings(hint: Hint) -> set[str]:
    """The first words that the expression can begin with; the hint that is none is empty."""
    node, module, scope = hint.node, hint.module, hint.scope

    def inner(one: ast.expr) -> set[str]:
        return beginnings(Hint(module, one, scope))

    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {(node.value.split() or [""])[0]}
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        pieces = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        return first_of(inner, pieces)
    if isinstance(node, ALTERNATIVES):
        return set().union(*map(inner, alternatives(node)))
    if isinstance(node, ast.Attribute) and node.attr in PASSED_ON:
        return set()
    if isinstance(node, ast.Attribute) and name_of(node.value) == "invocation":
        return {getattr(invocation, node.attr)}
    if isinstance(node, ast.Name):
        return of_name(module, scope, node.id)
    if isinstance(node, ast.Call):
        return of_call(hint, node)
    raise UnknownError(str(hint))


ALTERNATIVES = (
    ast.IfExp, ast.BoolOp, ast.Dict, ast.List, ast.Tuple, ast.Subscript, ast.FormattedValue
)  # fmt: skip


def alternatives(node: ast.expr) -> list[ast.expr]:
    """The expressions one of which is the value, or is how it begins."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return items[:1]
        case ast.Subscript(value=value) | ast.FormattedValue(value=value):
            return [value]
    return []


def first_of(inner: Callable[[ast.expr], set[str]], pieces: list[ast.expr]) -> set[str]:
    """How pieces begin that stand after one another: the first of them may be empty."""
    found = inner(pieces[0])
    if "" not in found or len(pieces) == 1:
        return found
    return (found - {""}) | first_of(inner, pieces[1:])


def of_name(module: str, scope: ast.AST, name: str) -> set[str]:
    for where in (scope, parsed(module)):
        values = [
            (line.value, where)
            for line in ast.walk(where)
            if isinstance(line, ast.Assign | ast.NamedExpr)
            and name
            in map(name_of, line.targets if isinstance(line, ast.Assign) else [line.target])
        ]
        if values and (module, name) in looking:
            return set()  # of itself: `hint = hint or …`
        if values:
            looking.append((module, name))
            try:
                return set().union(*(beginnings(Hint(module, *value)) for value in values))
            finally:
                looking.pop()
        if isinstance(where, ast.FunctionDef) and name in parameters(where):
            if name in PASSED_ON:
                return set()
            raise UnknownError(f"{module}: {where.name}({name})")
    other, kept = imported(module, name)
    return of_name(other, parsed(other), kept)


def of_call(hint: Hint, node: ast.Call) -> set[str]:
    name = name_of(node.func)
    if name in MAKERS:
        return {MAKERS[name]} - {""}
    if isinstance(node.func, ast.Attribute) and name in SAME_BEGINNING:
        return beginnings(Hint(hint.module, node.func.value, hint.scope))
    if name == "get" and isinstance(node.func, ast.Attribute):
        parts = [node.func.value, *node.args[1:]]
        return set().union(*(beginnings(Hint(hint.module, one, hint.scope)) for one in parts))
    if name in ("fromkeys", "mending"):
        place = node.args[1 if name == "fromkeys" else 0]
        return beginnings(Hint(hint.module, place, hint.scope))
    if name == "join" and isinstance(node.args[0], ast.List | ast.Name):
        return beginnings(Hint(hint.module, node.args[0], hint.scope))
    module = hint.module
    for _ in range(2):
        made = [one for one in ast.walk(parsed(module)) if isinstance(one, ast.FunctionDef)]
        for one in made:
            if one.name == name:
                back = [line.value for line in ast.walk(one) if isinstance(line, ast.Return)]
                return set().union(*(beginnings(Hint(module, v, one)) for v in back if v))
        module, name = imported(module, name)
    raise UnknownError(str(hint))


def imported(module: str, name: str) -> tuple[str, str]:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scaffold"):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    dotted = (node.module or "").removeprefix("scaffold").strip(".")
                    place = dotted.replace(".", "/")
                    files = [f"{place}.py", f"{place}/__init__.py"]
                    return next(file for file in files if (SRC / file).is_file()), alias.name
    raise UnknownError(f"{module}: {name}")


def fault_of_beginning(hint: Hint) -> str:
    """What is wrong with the beginning of a hint; empty where nothing is."""
    try:
        found = beginnings(hint)
    except UnknownError as error:
        is_known = {f"{hint.module}: {ast.unparse(hint.node)}", hint.module} & KNOWN.keys()
        return "" if is_known else f"its beginning cannot be told: {error}"
    wrong = [
        word
        for word in found - {"", EDITOR} - PROGRAMS
        if not word.startswith("--") and not re.match(r"[A-Z_]+=", word)
    ]
    return f"begins with {wrong}, which is not a program" if wrong else ""


@pytest.mark.slow
def test_every_hint_begins_as_a_command_does() -> None:
    found = list(hints())
    assert len(found) > 250
    faults = {str(hint): fault for hint in found if (fault := fault_of_beginning(hint))}
    assert faults == {}


MAKE_WORDS = {"quoted", "quote", "join", "in_folder", "shown", "_example", "words_of"}
"""Functions whose result is whole words for a shell."""
PLAIN = {
    *(
        "slug",
        "gap",
        "gap.slug",
        "change.gap",
        "first.gap",
        "first.name",
        "gaps",
        "part",
        "parts",
        "how",
    ),
    *("close", "name", "self.name", "self.suites.owners.subjects[0].slug"),
    *("option", "known[0]", "priority", "key", "flag", "FOLDER", "command"),
    *("line", "left[0]", "first.shard_count"),
    *("own", "named", "git", "pairs", "outcome.gap"),
}
"""What stands in hints as it is: names of the kit, words of options, numbers, quoted words."""


@pytest.mark.slow
def test_what_stands_in_a_hint_is_quoted_or_a_plain_name() -> None:
    loose = [
        f"{hint.module}: {ast.unparse(value)}"
        for hint in hints()
        for value in (n.value for n in ast.walk(hint.node) if isinstance(n, ast.FormattedValue))
        if not (isinstance(value, ast.Call) and name_of(value.func) in MAKE_WORDS)
        and not isinstance(value, ast.IfExp)
        and ast.unparse(value) not in PLAIN
    ]
    assert loose == []


def test_what_the_rows_need_is_got_by_a_command() -> None:
    files = sorted((ROOT / "templates").glob("*/gap.toml"))
    texts = [path.read_text("utf-8") for path in files]
    found = [need["hint"] for text in texts for need in tomllib.loads(text).get("needs", ())]
    assert found and [fault for hint in found if (fault := fault_of(hint))] == []


@pytest.mark.parametrize(
    ("hint", "fault"),
    [
        ("make room, or name another folder", "'make' is not a program"),
        ("edit a.py", "'edit' is not a program"),
        ("cd DIR", "the placeholder DIR"),
        ("--on-conflict skip", "'--on-conflict' is not a program"),
        ("ls -l 'a", "No closing quotation"),
        ("ls a; rm b", "an operator that no hint needs"),
        ("this one writes: scaffold undo", "'this' is not a program"),
        ("${EDITOR:-vi} a b", "the editor gets ['a', 'b']"),
        ("${EDITOR:-vi} 'a b'", ""),
        ("(cd 'it is' && git add -- a && git commit -m 'b; c')", ""),
        ('D=$(mktemp -d) && cp -R a "$D" && cd "$D" && PYTHONPATH=. /usr/bin/python3 -m x', ""),
        ('export TMPDIR="$HOME"', ""),
    ],
)
def test_a_sentence_is_no_command(hint: str, fault: str) -> None:
    found = fault_of(hint)
    assert fault in found and bool(fault) == bool(found), found
