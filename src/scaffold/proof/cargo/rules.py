"""`cargo fmt` and `cargo clippy`, as the checkout's hooks and workflows call them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import MissingToolError, ScaffoldError
from scaffold.languages.rules import Hook, OwnRules
from scaffold.proof.cargo.build import cargo_env
from scaffold.proof.cargo.held_copy import Copy, held_copy
from scaffold.proof.rules.result import Broken, RuleResult, Ruling, Written
from scaffold.system import process
from scaffold.system.reading import is_inside

FORMAT_S = 120.0
_CUTS = re.compile(r"&&|\|\||[;|\n]")
_DIFF = re.compile(r"^Diff in (.+?)(?::(\d+):| at line (\d+):)", re.MULTILINE)
_NO_COMPONENT = re.compile(r"is not installed for the toolchain|no such (?:sub)?command")
KINDS = {"fmt": "rustfmt", "clippy": "clippy"}
"""Subcommand -> the component of rustup that has it."""
WHOLE_HOOKS = {"fmt": "fmt", "cargo-fmt": "fmt", "clippy": "clippy", "cargo-clippy": "clippy"}
"""Ids of hooks that are not the checkout's own -> the subcommand."""


@dataclass(frozen=True)
class Call:
    """A call of cargo in a rule: its folder below the checkout, and the words after `cargo`."""

    place: str
    folder: str
    words: tuple[str, ...]
    hook: Hook | None = None

    @property
    def kind(self) -> str:
        """The subcommand."""
        return self.words[0]

    @property
    def command(self) -> str:
        """What a person types in the checkout."""
        where = f"cd {shlex.quote(self.folder)} && " if self.folder not in ("", ".") else ""
        return f"{where}{shlex.join(['cargo', *self.words])}"


def check(written: Written) -> Iterator[RuleResult]:
    """The result of each call of `cargo fmt` and `cargo clippy`, once each."""
    for call in calls(written.rules):
        if call.hook is not None:
            files = written.picked(call.hook, (".rs",))
        else:
            files = [file for file in written.files if file.path.endswith(".rs")]
        if not files:
            yield _result(call, Ruling.NO_FILES)
            continue
        written.progress(f"cargo {call.kind}, as {call.place} asks")
        try:
            with held_copy(written.root, written.options, written.progress) as copy:
                yield _judged(call, copy, written)
        except ScaffoldError as error:
            # The proof of the tests says itself what is wrong with the machine.
            missing = isinstance(error, MissingToolError)
            yield _result(call, Ruling.NOT_RUN, error.fact, command=error.hint, missing=missing)


def calls(rules: OwnRules) -> list[Call]:
    """Every call in a hook or a step that is known; two that differ in nothing are one."""
    found: dict[tuple[str, ...], Call] = {}
    for call in _all_calls(rules):
        found.setdefault((call.folder, *call.words), call)
    return list(found.values())


def _all_calls(rules: OwnRules) -> Iterator[Call]:
    for hook in rules.hooks:
        if hook.local:
            line = " ".join([hook.entry, *map(shlex.quote, hook.args or ())])
            yield from _calls_in(line, hook.place, "", hook)
        elif hook.id in WHOLE_HOOKS:
            words = (WHOLE_HOOKS[hook.id], *(hook.args or ()))
            yield Call(hook.place, "", words, hook)
    for job in rules.jobs:
        for step in job.steps:
            if "cargo" in step.run:
                yield from _calls_in(step.run, step.place, step.folder)


def _calls_in(line: str, place: str, folder: str, hook: Hook | None = None) -> Iterator[Call]:
    """The calls in a shell line; of a shell, a list of commands is understood, and `cd`."""
    words = _words(line)
    if words[:1] and Path(words[0]).name in ("bash", "sh") and "-c" in words[:-1]:
        line = words[words.index("-c") + 1]
    for piece in _CUTS.split(line):
        words = _words(piece)
        if words[:1] == ["cd"] and len(words) == 2:
            folder = (Path(folder) / words[1]).as_posix()
        # A toolchain by its name, `+nightly`, may not be here: then cargo says so.
        if words[:1] == ["cargo"] and any(word in KINDS for word in words[1:3]):
            named = words[1:2] if words[1].startswith("+") else []
            rest = tuple(word for word in words[1 + len(named) :] if word != "--offline")
            if rest and rest[0] in KINDS:
                yield Call(place, folder, rest, hook)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _judged(call: Call, copy: Copy, written: Written) -> RuleResult:
    if call.folder and not is_inside(call.folder):
        return _result(call, Ruling.NOT_RUN, f"its folder '{call.folder}' is not in the checkout")
    look = _format if call.kind == "fmt" else _lint
    ours = {file.path for file in written.files}
    before = written.before
    found, done = look(call, copy, written.options.timeout_s)
    if _NO_COMPONENT.search(done.stderr):
        get = f"rustup component add {KINDS[call.kind]}"
        return _result(call, Ruling.NOT_RUN, _last(done), command=get, missing=True)
    broken = [item for item in found if item.file in ours]
    if any(item.file in before for item in broken):
        # The same on the files as they were: what was red already is not ours.
        copy.sync(before)
        old = {(item.file, item.message) for item in look(call, copy, written.options.timeout_s)[0]}
        broken = [
            item
            for item in broken
            if item.file not in before or (item.file, item.message) not in old
        ]
    if broken:
        return _result(call, Ruling.FAILED, broken=tuple(broken), command=call.command)
    if done.returncode != 0 and not found:
        return _result(call, Ruling.NOT_RUN, f"it gave no verdict: {_last(done)}")
    blocking = [item for item in found if item.message.startswith("error")]
    if done.returncode != 0 and call.kind == "clippy" and blocking:
        return _result(call, Ruling.NOT_RUN, f"the checkout's own code stops it: {blocking[0]}")
    return _result(call, Ruling.PASSED)


def _format(call: Call, copy: Copy, timeout_s: float) -> tuple[list[Broken], process.Completed]:
    words = list(call.words)
    if "--check" not in words:
        words += ["--check"] if "--" in words else ["--", "--check"]
    done = _run(call, copy, words, min(timeout_s, FORMAT_S))
    root = copy.path.resolve()
    found: dict[str, Broken] = {}
    for told in _DIFF.finditer(done.stdout):
        place = Path(told[1])
        path = place.relative_to(root).as_posix() if place.is_relative_to(root) else told[1]
        line = int(told[2] or told[3])
        found.setdefault(path, Broken(path, line, "would be changed by rustfmt"))
    return list(found.values()), done


def _lint(call: Call, copy: Copy, timeout_s: float) -> tuple[list[Broken], process.Completed]:
    """The lints that the call refuses, in all files.

    Without `-D warnings`, so that a crate with warnings does not stop those that are built from it:
    each warning counts instead.
    """
    own, _, flags = " ".join(call.words).partition(" -- ")
    words = [w for w in own.split() if w not in ("--fix", "--allow-dirty", "--allow-staged")]
    strict = re.compile(r"(?:-D|--deny|-F|--forbid)[\s=]*warnings\b")
    denied = strict.search(flags) is not None
    flags = strict.sub("", flags)
    words += ["--message-format", "json", *(["--", *flags.split()] if flags.split() else [])]
    done = _run(call, copy, words, timeout_s)
    found: dict[Broken, None] = {}
    for line in done.stdout.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        told = message.get("message") if message.get("reason") == "compiler-message" else None
        if told and (told["level"] == "error" or (denied and told["level"] == "warning")):
            found |= dict.fromkeys(_lints(told, call, copy))
    return list(found), done


def _lints(told: Mapping[str, object], call: Call, copy: Copy) -> Iterable[Broken]:
    code = told.get("code")
    name = f"[{code['code']}]" if isinstance(code, dict) else ""
    spans = told.get("spans")
    root = copy.path.resolve()
    for span in spans if isinstance(spans, list) else ():
        if span["is_primary"]:
            place = (root / call.folder / span["file_name"]).resolve()
            if place.is_relative_to(root):
                path = place.relative_to(root).as_posix()
                text = " ".join(f"{told['level']}{name}: {told['message']}".split())
                return [Broken(path, int(span["line_start"]), text[:300])]
    return []


def _run(call: Call, copy: Copy, words: Iterable[str], timeout_s: float) -> process.Completed:
    folder = copy.path / call.folder
    env = cargo_env(copy.target)
    return process.run(["cargo", *words], cwd=folder, env=env, timeout_s=timeout_s)


def _last(done: process.Completed) -> str:
    if done.timed_out:
        return f"it did not end within {done.seconds:.0f} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith("error")), (lines or ["no word"])[-1])
    return first[:300]


def _result(
    call: Call,
    ruling: Ruling,
    reason: str = "",
    *,
    broken: tuple[Broken, ...] = (),
    command: str = "",
    missing: bool = False,
) -> RuleResult:
    return RuleResult(f"cargo {call.kind}", call.place, ruling, reason, broken, command, missing)
