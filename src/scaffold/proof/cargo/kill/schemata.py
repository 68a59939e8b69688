"""All mutants of a row in one program: mutant schemata.

A function with mutants becomes a `match` on the number in an environment variable: the body of one
mutant in each arm, the body as it was in the last. One build then serves all of them, where a build
for each would take most of the time of a kill check. The name and the idea are from Untch, Offutt
and Harrold, "Mutation analysis using mutant schemata", ISSTA 1993.

What cannot be put into an arm gets its own build: a change outside a function's body, in
a `const fn`, in a function inside one that has mutants itself, and what a macro hides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaffold.languages.rust.symbols import modifiers, parse
from scaffold.languages.trees import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

VARIABLE = "SCAFFOLD_MUTANT"
_CHOICE = (
    "match { static N: ::std::sync::OnceLock<u32> = ::std::sync::OnceLock::new(); "
    f'*N.get_or_init(|| ::std::env::var("{VARIABLE}").ok()'
    ".and_then(|n| n.parse().ok()).unwrap_or(0)) } {"
)


@dataclass(frozen=True)
class Lines:
    """Lines of a woven file, from 1, both included."""

    path: str
    first: int
    last: int

    def holds(self, path: str, line: int) -> bool:
        """Whether a place is in these lines."""
        return self.path == path and self.first <= line <= self.last


@dataclass
class Woven:
    """Files with their mutants in.

    Attributes:
        sources: File -> its text with all mutants.
        arms: Number of a mutant -> the lines that are its own.
        functions: Lines of a whole function -> the numbers in it.
        opaque: Numbers in functions that return an `impl Trait`: all arms must agree on the type
            there, so an error in one does not say that it would not compile alone.
    """

    sources: dict[str, bytes] = field(default_factory=dict)
    arms: dict[int, Lines] = field(default_factory=dict)
    functions: dict[Lines, tuple[int, ...]] = field(default_factory=dict)
    opaque: set[int] = field(default_factory=set)

    def refused(self, path: str, line: int) -> set[int]:
        """The mutant in whose arm a compiler's error is, if it would not compile alone either."""
        found = {number for number, lines in self.arms.items() if lines.holds(path, line)}
        return found - self.opaque

    def disturbed(self, path: str, line: int) -> set[int]:
        """The mutants that must go for an error outside their arms to go: the least that is known.

        Those of the function, else those of the file, else all.
        """
        arm = {number for number, lines in self.arms.items() if lines.holds(path, line)}
        function = {
            n for lines, ns in self.functions.items() if lines.holds(path, line) for n in ns
        }
        file = {number for number, lines in self.arms.items() if lines.path == path}
        return arm or function or file or set(self.arms)


@dataclass(frozen=True)
class _Body:
    """A function's body in a file: its bytes from the brace to the brace, and what it returns."""

    start: int
    end: int
    opaque: bool


def weave(texts: Mapping[str, bytes], mutants: Mapping[int, tuple[str, bytes]]) -> Woven:
    """Files with these mutants in; what cannot be woven has no arm in the result.

    Args:
        texts: File -> its text.
        mutants: Number, from 1 -> file and the whole mutated text of it.

    Raises:
        CheckoutError: A file does not parse.
    """
    woven = Woven()
    for path in sorted({path for path, _ in mutants.values()}):
        own = {number: text for number, (file, text) in mutants.items() if file == path}
        _weave_file(woven, path, texts[path], own)
    return woven


def _weave_file(woven: Woven, path: str, text: bytes, mutants: Mapping[int, bytes]) -> None:
    bodies = list(_bodies(parse(path, text)))
    chosen: dict[_Body, list[int]] = {}
    for number, mutant in mutants.items():
        body = _innermost(bodies, *_changed(text, mutant))
        if body is not None:
            chosen.setdefault(body, []).append(number)
    parts: list[bytes] = []
    at, line = 0, 1
    for body in sorted(_outermost(list(chosen)), key=lambda body: body.start):
        before = text[at : body.start]
        line += before.count(b"\n")
        shift = len(text) - body.end
        arms = {n: mutants[n][body.start : len(mutants[n]) - shift] for n in chosen[body]}
        if body.opaque:
            woven.opaque |= set(arms)
        block = _match(woven, path, line, arms, text[body.start : body.end])
        parts += [before, block]
        line += block.count(b"\n")
        at = body.end
    if parts:
        woven.sources[path] = b"".join([*parts, text[at:]])


def _match(woven: Woven, path: str, line: int, arms: Mapping[int, bytes], body: bytes) -> bytes:
    """The block that stands where the body stood; the lines of its arms are noted."""
    parts = [b"{ " + _CHOICE.encode() + b"\n"]
    first = line
    line += 1
    for number, mutant in arms.items():
        arm = f"{number} => ".encode() + mutant + b"\n"
        woven.arms[number] = Lines(path, line, line + arm.count(b"\n") - 1)
        line += arm.count(b"\n")
        parts.append(arm)
    parts.append(b"_ => " + body + b"\n} }")
    woven.functions[Lines(path, first, line + parts[-1].count(b"\n"))] = tuple(arms)
    return b"".join(parts)


def _bodies(node: Node) -> Iterator[_Body]:
    for child in node.named_children:
        body = child.child_by_field_name("body") if child.type == "function_item" else None
        if body is not None and "const" not in modifiers(child):
            returns = text_of(child.child_by_field_name("return_type"))
            yield _Body(body.start_byte, body.end_byte, "impl " in returns)
        yield from _bodies(child)


def _innermost(bodies: Sequence[_Body], start: int, end: int) -> _Body | None:
    around = [body for body in bodies if body.start < start and end < body.end]
    return min(around, key=lambda body: body.end - body.start, default=None)


def _outermost(bodies: Sequence[_Body]) -> list[_Body]:
    return [
        body
        for body in bodies
        if not any(other.start < body.start and body.end < other.end for other in bodies)
    ]


def _changed(text: bytes, mutant: bytes) -> tuple[int, int]:
    """The part of a text that differs from the mutant: what is before and after is the same."""
    least = min(len(text), len(mutant))
    start = next((at for at in range(least) if text[at] != mutant[at]), least)
    rest = range(1, least - start + 1)
    same = next((back - 1 for back in rest if text[-back] != mutant[-back]), least - start)
    return start, len(text) - same
