"""A Python module by lines, imports and top-level blocks, with digests that outlive a formatter."""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.system.invocation import quoted

BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(\r\n|\r|\n|\Z)")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INNER_SCOPES = (
    *_DEFINITIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Import:
    """One imported name: `import module`, or `from module import name`, with its alias."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def key(self) -> str:
        """Its name as a unit: `import:os`, `from:pathlib:Path`, an alias last."""
        parts = ["import", self.module] if self.name is None else ["from", self.module, self.name]
        return ":".join([*parts, self.alias] if self.alias else parts)

    @property
    def bound(self) -> str:
        """The name that it gives to the module."""
        return self.alias or self.name or self.module.split(".")[0]

    @property
    def meaning(self) -> str:
        """What that name stands for: two imports with one meaning stand for each other."""
        if self.name is not None:
            return f"{self.module}:{self.name}"
        return self.module if self.alias else self.module.split(".")[0]


@dataclass(frozen=True)
class Block:
    """A statement with the comments right above it and the indented ones below it.

    `start` and `end` are lines, from 1. `alone` is False where it shares a line with another.
    """

    name: str
    node: ast.stmt
    start: int
    end: int
    alone: bool

    @property
    def first(self) -> int:
        """Its first line without the comments above: the first decorator's."""
        return first_line(self.node)


class Module:
    """A parsed module: its text without the byte order mark, by Python's lines."""

    def __init__(self, text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> None:
        """Parse.

        Raises:
            ScaffoldError: Of the class `error`: the text does not parse; file and line are named.
        """
        self.bom = BOM if text.startswith(BOM) else ""
        self.text = text[len(self.bom) :]
        self.path = path
        self.spans = [
            (match.start(), match.start(1)) for match in _LINE.finditer(self.text) if match.group()
        ]
        self.newline = _dominant_newline(self.text)
        self.tree = _parse(self.text, path, error)
        if self.coding_line:  # Python reads the bytes in the encoding that they name
            _parse(text.encode(), path, error)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level statements."""
        return self.blocks_of(self.tree.body, 0, len(self.spans))

    @cached_property
    def tokens(self) -> tuple[tokenize.TokenInfo, ...]:
        """The tokens, whose columns count characters."""
        lines = io.StringIO("".join(f"{self.line(n)}\n" for n in range(1, len(self.spans) + 1)))
        return tuple(tokenize.generate_tokens(lines.readline))

    @cached_property
    def comments(self) -> tuple[tuple[int, str], ...]:
        """Every comment: line and text."""
        return tuple(
            (token.start[0], token.string)
            for token in self.tokens
            if token.type == tokenize.COMMENT
        )

    @property
    def coding_line(self) -> int:
        """The line whose comment names the encoding, the first or the second (PEP 263); else 0."""
        for number in (1, 2):
            text = self.line(number).lstrip(" \t\f")
            if text and not text.startswith("#"):
                break
            if "coding:" in text or "coding=" in text:
                return number
        return 0

    def line(self, number: int) -> str:
        """A line without its end; empty beyond the last."""
        if not 1 <= number <= len(self.spans):
            return ""
        start, end = self.spans[number - 1]
        return self.text[start:end]

    def lines(self, first: int, last: int) -> str:
        """Lines, joined by LF, without the last line's end."""
        return "\n".join(self.line(number) for number in range(first, last + 1))

    def source(self, block: Block) -> str:
        """The text of a block, with LF."""
        return self.lines(block.start, block.end)

    def local(self, text: str) -> str:
        """Text with LF, in the line ends of this file."""
        return text.replace("\n", self.newline)

    def spliced(self, start: int, end: int, new: str) -> str:
        """The whole text with `text[start:end]` replaced by `new` (in LF), the mark kept."""
        return self.bom + self.text[:start] + self.local(new) + self.text[end:]

    def line_start(self, number: int) -> int:
        """Offset of a line's first character; that of the end, beyond the last line."""
        return self.spans[number - 1][0] if number <= len(self.spans) else len(self.text)

    def line_end(self, number: int) -> int:
        """Offset after a line's last character, before its line end."""
        return self.spans[number - 1][1] if number >= 1 else 0

    def content_before(self, number: int) -> int:
        """The last line above that is not blank; 0 where there is none."""
        return next((n for n in range(number - 1, 0, -1) if self.line(n).strip()), 0)

    def content_from(self, number: int) -> int:
        """The first line from here on that is not blank; 0 where there is none."""
        return next((n for n in range(number, len(self.spans) + 1) if self.line(n).strip()), 0)

    def blocks_of(self, body: Sequence[ast.stmt], floor: int, ceiling: int) -> tuple[Block, ...]:
        """The statements of a body as blocks, between two lines (the floor excluded)."""
        blocks: list[Block] = []
        taken = floor
        for index, node in enumerate(body):
            first = first_line(node)
            last = node.end_lineno or first
            start = first
            while start - 1 > taken and self._is_comment(start - 1, deepest=node.col_offset):
                start -= 1
            below = first_line(body[index + 1]) if index + 1 < len(body) else ceiling + 1
            alone = (
                first > taken and last < below and not self.line(first)[: node.col_offset].strip()
            )
            end = self.with_inner_comments(last, node.col_offset)
            blocks.append(Block(name_of(node), node, start, end, alone))
            taken = end
        return tuple(blocks)

    def digest(self, block: Block) -> str:
        """What a block means, whatever its format: its syntax tree and its comments."""
        said = [text for line, text in self.comments if block.start <= line <= block.end]
        notes = "\0".join(text.lstrip("#").strip() for text in said)
        return digest_of(f"{dump(block.node)}\0{notes}")

    def with_inner_comments(self, last: int, column: int) -> int:
        """The last line of a statement with the comments below it that are deeper than `column`."""
        end = last
        for number in range(last + 1, len(self.spans) + 1):
            line = self.line(number)
            if not line.strip():
                continue
            if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= column:
                break
            end = number
        return end

    def offset(self, line: int, column: int) -> int:
        """Offset of a place in the syntax tree, whose columns count UTF-8 bytes."""
        return self.line_start(line) + len(self.line(line).encode()[:column].decode())

    def _is_comment(self, number: int, *, deepest: int) -> bool:
        line = self.line(number)
        stripped = line.lstrip()
        return stripped.startswith("#") and len(line) - len(stripped) <= deepest


def first_line(node: ast.stmt) -> int:
    """The line where a statement begins, decorators included."""
    if isinstance(node, _DEFINITIONS) and node.decorator_list:
        return min(node.lineno, *(item.lineno for item in node.decorator_list))
    return node.lineno


def name_of(node: ast.stmt) -> str:
    """The one name that a definition or a plain assignment gives; empty for all else."""
    if isinstance(node, _DEFINITIONS):
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id if node.value is not None else ""
    return ""


def imports_of(node: ast.stmt) -> tuple[Import, ...]:
    """The names that an import statement gives; none for all else."""
    if isinstance(node, ast.Import):
        return tuple(Import(item.name, None, item.asname) for item in node.names)
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return tuple(Import(module, item.name, item.asname) for item in node.names)
    return ()


def bindings(body: Sequence[ast.stmt]) -> dict[str, list[tuple[int, str]]]:
    """Names that a module's own scope binds: name -> (line, meaning of the import or "")."""
    found: dict[str, list[tuple[int, str]]] = {}
    for node in _own_scope(body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for item in imports_of(node):
                found.setdefault(item.bound, []).append((node.lineno, item.meaning))
            continue
        for name in _names_bound(node):
            found.setdefault(name, []).append((getattr(node, "lineno", 1), ""))
    return found


def digest_of(text: str) -> str:
    """Sixteen hex digits of SHA-256: enough to tell an edit, short in the state."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def dump(tree: ast.AST) -> str:
    """A syntax tree as text: the same on every Python, blind to format and to docstring indents."""
    parts: list[str] = []
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, _Mark):
            parts.append(item)
        elif isinstance(item, ast.Constant):
            parts.append(_constant(item.value))
        elif isinstance(item, ast.AST):
            parts.append(f"{type(item).__name__}(")
            stack.append(_Mark(")"))
            stack.extend(reversed(list(_fields(item))))
        elif isinstance(item, list):
            stack.append(_Mark("]"))
            stack.extend(reversed(item))
            parts.append("[")
        else:
            parts.append(f"{item!a},")
    return "".join(parts)


class _Mark(str):
    """A piece of finished output on the stack, distinct from names in the tree."""

    __slots__ = ()


def _fields(node: ast.AST) -> Iterator[object]:
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in ("ctx", "kind", "type_comment"):
            continue
        yield _Mark(f"{name}=")
        if name == "body" and isinstance(value, list) and isinstance(node, _DEFINITIONS):
            yield _with_plain_docstring(value)
        elif isinstance(node, ast.Delete) and len(value) == 1 and isinstance(value[0], ast.Tuple):
            yield value[0].elts  # a formatter drops the parentheses of `del (a, b)`
        elif isinstance(node, ast.JoinedStr):
            # Python 3.12 ends some format specifications with an empty string.
            yield [part for part in value if getattr(part, "value", None) != ""]
        else:
            yield value


def _with_plain_docstring(body: list[ast.stmt]) -> list[object]:
    first = body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return list(body)
    if not isinstance(first.value.value, str):
        return list(body)
    lines = inspect.cleandoc(first.value.value).split("\n")
    return [f"doc:{chr(10).join(line.rstrip() for line in lines).strip()}", *body[1:]]


def _constant(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"int:{value:x},"  # in hex: decimal digits are limited
    return f"{type(value).__name__}:{value!a},"


def _parse(text: str | bytes, path: str, error: type[ScaffoldError]) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in a person's file are their matter
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as reason:
        line = getattr(reason, "lineno", None) or 1
        why = getattr(reason, "msg", None) or str(reason) or type(reason).__name__
        raise error(
            f"{path}:{line}: does not parse as Python: {why}",
            f"python3 -m py_compile {quoted(path)}",
        ) from reason


def _dominant_newline(text: str) -> str:
    crlf = text.count("\r\n")
    counts = {"\n": text.count("\n") - crlf, "\r\n": crlf, "\r": text.count("\r") - crlf}
    return max(counts, key=lambda end: counts[end])


def _own_scope(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of a scope, without the insides of functions, classes and type-checking blocks."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _INNER_SCOPES):
            continue
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            stack.extend(reversed(node.orelse))
            continue
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _names_bound(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, _DEFINITIONS):
        return (node.name,)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return (node.id,)
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return (node.name,)
    if isinstance(node, ast.MatchMapping) and node.rest:
        return (node.rest,)
    return ()
