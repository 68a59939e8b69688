"""Marks of known defects in a test module: what they say, and how to take them off."""

from __future__ import annotations

import ast
import itertools
import tokenize
from collections.abc import Iterable, Iterator, Sequence

from scaffold.languages.python.module import Module
from scaffold.languages.stub_merge import Splice

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Decorated = _Function | ast.ClassDef


class Marks:
    """The xfail marks of one module, also those that a name or a function of it stands for."""

    def __init__(self, module: Module) -> None:
        """Look for the names that the module gives to marks and to data."""
        self._module = module
        self._values: dict[str, ast.expr] = {}
        self._makers: set[str] = set()
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._values[node.targets[0].id] = node.value
            elif isinstance(node, ast.FunctionDef) and _returns_xfail(node):
                self._makers.add(node.name)

    def with_defects(
        self, sentence: str, node: _Function, around: Sequence[ast.ClassDef] = ()
    ) -> str:
        """The sentence, with the reasons of the known defects that the test states today."""
        for defect in dict.fromkeys(self.reasons(node, around)):
            sentence += f" (known defect: {defect})" if defect else " (a known defect)"
        if cases := self.case_reasons(node):
            sentence += f" (known defect in some cases: {'; '.join(cases)})"
        return sentence

    def reasons(self, node: _Function, around: Sequence[ast.ClassDef] = ()) -> list[str]:
        """The reasons of the marks on a test and on the classes around it."""
        return [one for outer in (*around, node) for one in self._reasons(outer.decorator_list)]

    def case_reasons(self, node: _Function) -> list[str]:
        """The reasons of the marks on some cases of a parametrized test, each once."""
        return [reason for reason in dict.fromkeys(self._case_reasons(node)) if reason]

    def removals(
        self, *, tests_nodes: Sequence[_Function], bodies: Sequence[Splice]
    ) -> list[Splice]:
        """What takes the marks off the tests and off every case outside of these bodies."""
        found = [one for node in tests_nodes for one in self.decorator_removals(node)]
        for call in self._params(self._module.tree):
            place = self._module.offset(call.lineno, call.col_offset)
            if not any(body.start <= place < body.end for body in bodies):
                found += self._case_removal(call)
        return found

    def decorator_removals(self, node: _Decorated) -> list[Splice]:
        """What takes the marks off the decorators of one function or class."""
        module = self._module
        return [
            Splice(
                module.line_start(item.lineno),
                module.line_start((item.end_lineno or item.lineno) + 1),
                "",
            )
            for item in node.decorator_list
            if self._reason(item) is not None
        ]

    def _reasons(self, marks: Iterable[ast.expr]) -> list[str]:
        reasons = (self._reason(item) for item in marks)
        return [reason for reason in reasons if reason is not None]

    def _reason(self, mark: ast.expr) -> str | None:
        """The reason of an xfail mark, "" where it gives none; None for all else."""
        if isinstance(mark, ast.Name) and mark.id in self._values:
            value = self._values[mark.id]
            return None if isinstance(value, ast.Name) else self._reason(value)
        call = mark if isinstance(mark, ast.Call) else None
        function = call.func if call else mark
        if isinstance(function, ast.Attribute) and function.attr == "xfail":
            given = [word.value for word in call.keywords if word.arg == "reason"] if call else []
        elif call and isinstance(function, ast.Name) and function.id in self._makers:
            given = [*call.args, *(word.value for word in call.keywords)]
        else:
            return None
        return self._text(given[0]).rstrip(".") if given else ""

    def _text(self, value: ast.expr) -> str:
        """A string expression as text; what only running it would tell stays in braces."""
        if isinstance(value, ast.Constant):
            return str(value.value)
        if isinstance(value, ast.JoinedStr):
            return "".join(self._text(part) for part in value.values)
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            return self._text(value.left) + self._text(value.right)
        if isinstance(value, ast.Name) and isinstance(self._values.get(value.id), ast.Constant):
            return self._text(self._values[value.id])
        inner = value.value if isinstance(value, ast.FormattedValue) else value
        return f"{{{ast.unparse(inner)}}}"

    def _case_reasons(self, node: _Function) -> Iterator[str]:
        for decorator in node.decorator_list:
            names = [one.id for one in ast.walk(decorator) if isinstance(one, ast.Name)]
            data = [self._values[name] for name in names if name in self._values]
            for tree in (decorator, *data):
                for call in self._params(tree):
                    marks = _marks_of(call)
                    yield from self._reasons(_elements(marks.value) if marks else ())

    def _params(self, tree: ast.AST) -> Iterator[ast.Call]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _marks_of(node) is not None:
                function = node.func
                if getattr(function, "attr", getattr(function, "id", "")) == "param":
                    yield node

    def _case_removal(self, call: ast.Call) -> list[Splice]:
        marks = _marks_of(call)
        assert marks is not None
        elements = _elements(marks.value)
        rest = [item for item in elements if self._reason(item) is None]
        if len(rest) == len(elements):
            return []
        if not rest:
            return [_argument_splice(self._module, call, marks)]
        value = marks.value
        start = self._module.offset(value.lineno, value.col_offset)
        end = self._module.offset(value.end_lineno or 0, value.end_col_offset or 0)
        kept = [ast.get_source_segment(self._module.text, item) or "" for item in rest]
        return [Splice(start, end, f"[{', '.join(kept)}]")]


def _returns_xfail(node: ast.FunctionDef) -> bool:
    returns = [one.value for one in node.body if isinstance(one, ast.Return) and one.value]
    calls = [value.func if isinstance(value, ast.Call) else value for value in returns]
    return any(isinstance(one, ast.Attribute) and one.attr == "xfail" for one in calls)


def _marks_of(call: ast.Call) -> ast.keyword | None:
    return next((word for word in call.keywords if word.arg == "marks"), None)


def _elements(value: ast.expr) -> list[ast.expr]:
    return list(value.elts) if isinstance(value, ast.List | ast.Tuple) else [value]


def _argument_splice(module: Module, call: ast.Call, argument: ast.keyword) -> Splice:
    """What takes one argument out of a call, with one of the commas beside it."""
    fences = _fences(module, call)
    place = module.offset(argument.lineno, argument.col_offset)
    before, after = next(
        (left, right) for left, right in itertools.pairwise(fences) if left < place < right
    )
    is_first, is_last = before == fences[0], after == fences[-1]
    if is_first:
        return Splice(before + 1, after if is_last else after + 1, "")
    return Splice(before, after, "") if is_last else Splice(before + 1, after + 1, "")


def _fences(module: Module, call: ast.Call) -> list[int]:
    """Offsets of a call's opening bracket, of the commas between its arguments, of its closing."""
    start = module.offset(call.func.end_lineno or 0, call.func.end_col_offset or 0)
    end = module.offset(call.end_lineno or 0, call.end_col_offset or 0)
    depth, fences = 0, []
    for token in module.tokens:
        place = module.line_start(token.start[0]) + token.start[1]
        if token.type != tokenize.OP or not start <= place < end:
            continue
        if token.string in ("(", "[", "{"):
            depth += 1
            fences += [place] if depth == 1 else []
        elif token.string in (")", "]", "}"):
            fences += [place] if depth == 1 else []
            depth -= 1
        elif token.string == "," and depth == 1:
            fences.append(place)
    return fences
