"""What a kit promises of every gap, as far as it can be checked without a checkout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from scaffold.errors import ScaffoldError
from scaffold.kit.cases import case_answers, load_cases
from scaffold.kit.catalog import Gap, Kit, load_twins
from scaffold.kit.defects import PAGE, faults_of_defects, load_defects
from scaffold.kit.parts import names_of, subject_line
from scaffold.kit.reader import read_text
from scaffold.kit.render import PAYLOADS, Rendered, render

Finish = Callable[[str, bytes], bytes]
"""(path, content) -> the content as it is written; a `ScaffoldError` where it does not parse."""

ASKED = re.compile(
    r"\b(has|added|takes|binds|lacks_local)\(\s*facts,\s*\"(\w+)\",\s*(\"[\w.]+\"|\w+)"
)
NAMED = re.compile(r"\[% set (\w+) = (\"[\w.]+\") %\]")
TAGS = ("[[ ", "[% ", "[# ")
MACHINE = re.compile(r"/(?:work|root|Users|home/\w+|tmp/lab|mnt/data)/")
MARK = re.compile(r"\bxfail\b|\bshould_panic\b|\bit\.fails\b")
"""What declares a known defect, in every language."""
MACRO = re.compile(r"\[% macro (\w+)\(.*?\[% endmacro %\]", re.DOTALL)
TEST = re.compile(r"\b(?:def|fn) (\w+)\(|\b(?:it|test)(?:\.\w+)?\(\s*\"([^\"]+)\"")
"""A test: the name of its function, or its title."""
LONGEST_SUBJECT = 69
"""Characters of a commit's message."""
LONGEST = 400
"""Lines of a file of tests, and what a part adds at most."""
MARKS = (
    (re.compile(r"^\s*@pytest\.mark\.xfail(?!\()"), "marks a known defect without a reason"),
    (
        re.compile(r"^\s*#\[should_panic(?!\((?:expected = |$))"),
        "accepts any panic: name it in `expected`",
    ),
    (re.compile(r"^\s*#\[ignore\]"), "is ignored without a reason"),
    (re.compile(r"^\s*(?:#|//) ?[-=]{3,}"), "is a banner comment"),
)
"""What no line of a test has (docs/style.md), as far as one line shows it."""
COMMENTED = {".py", ".rs", ".toml", ".yml", ".yaml", ".ts", ".tsx", ".js", ".mjs", ".sh", ".sql"}
"""Endings of files whose lines and end are held to a form."""
ORIGIN = re.compile(
    r"\bscaffold\b|(?:#|//).*(?<!@)\b(?:generated|moved here) by\b"
    r"|\bedit freely: updates\b|\bshared by several gaps\b",
    re.IGNORECASE,
)
"""The generator's name, and the words of a line about where a file came from."""
DIRECTIVE = re.compile(r"\s*(?:#|//)\s*scaffold:\s")
"""A line of a payload that is read and not written."""


def find_faults(kit: Kit, gap: Gap, finish: Finish) -> Iterator[str]:
    """Each fault of a gap as `file:line: sentence`; nothing where it keeps the contract.

    Args:
        kit: The kit that the gap is of.
        gap: The gap.
        finish: Parses and formats a rendered file; from the rooms above this one.
    """
    if gap.built and not (gap.folder / "README.md").is_file():
        yield f"{gap.folder / 'README.md'}: is missing; it names what the tests prove"
    try:
        load_twins(gap)
        cases = list(load_cases(gap))
        yield from faults_of_defects(gap)
        if gap.built:
            yield from faults_of_subjects(kit, gap)
            yield from faults_of_marks(gap)
            yield from faults_of_symbols(gap)
            for case in cases:
                yield from _faults_of_case(kit, gap, case, finish)
    except ScaffoldError as error:
        yield error.fact


def _faults_of_case(kit: Kit, gap: Gap, case: str, finish: Finish) -> Iterator[str]:
    answers = case_answers(gap, case)
    found = render(kit, gap, answers, {}, "0")
    if case == "default" and render(kit, gap, answers, {}, "0") != found:
        yield f"{gap.files_dir}: the case '{case}' does not render the same bytes twice"
    if not found.files and not found.edits:
        yield f"{gap.files_dir}: the case '{case}' writes nothing"
    yield from faults_of_payloads(gap, found)
    for path, content in found.files.items():
        template = template_of(gap, path)
        try:
            content = finish(path, content)
        except ScaffoldError as error:
            yield f"{template}: in the case '{case}' {error.fact}"
            continue
        if b"\0" not in content:
            for line, fault in faults_of_text(gap, path, content.decode("utf-8", "replace")):
                yield f"{template}: in the case '{case}' line {line} {fault}"


def template_of(gap: Gap, path: str) -> Path:
    """The file of the kit from which a file is rendered."""
    rendered = gap.files_dir / f"{path}.jinja"
    return rendered if rendered.is_file() else gap.files_dir / path


def faults_of_text(gap: Gap, path: str, text: str) -> Iterator[tuple[int, str]]:
    """(line, fault) of a rendered text file: line ends, left-overs, words about its origin."""
    lines = text.split("\n")
    if PurePosixPath(path).suffix in COMMENTED:
        if lines[-1] or not "".join(lines[-2:-1]).strip():
            yield len(lines), "is not the end of the text after one newline"
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                yield number, "ends with blanks"
    if len(lines) - 1 > LONGEST and PurePosixPath(path).suffix in (".py", ".rs"):
        yield LONGEST + 1, f"is one too many: a file has at most {LONGEST} lines"
    for number, line in enumerate(lines, 1):
        yield from ((number, fault) for mark, fault in MARKS if mark.search(line))
        if any(tag in line for tag in TAGS):
            yield number, "has a tag of the template"
        if MACHINE.search(line):
            yield number, "names a folder of one machine"
        if found := ORIGIN.search(line):
            yield number, f"names the generator: '{found.group()}'"


def faults_of_payloads(gap: Gap, found: Rendered) -> Iterator[str]:
    """Edits without a payload, payloads without an edit, and words about their origin."""
    wanted = {edit.payload for edit in gap.edits}
    for name in sorted(wanted ^ set(found.payloads)):
        lack = "no file has its payload" if name in wanted else "no [[edits]] has it as payload"
        yield f"{gap.folder / 'gap.toml'}: {lack} '{name}'"
    for name, text in found.payloads.items():
        for number, line in enumerate(text.split("\n"), 1):
            if (origin := ORIGIN.search(line)) and not DIRECTIVE.match(line):
                place = gap.files_dir / PAYLOADS / name
                yield f"{place}: line {number} names the generator: '{origin.group()}'"


def asked_symbols(gap: Gap) -> Iterator[tuple[Path, int, str, str, str]]:
    """Each question of a template to `facts`: file, line, macro, target, symbol."""
    for place in _templates(gap):
        text = read_text(place)
        names = dict(NAMED.findall(text))
        for match in ASKED.finditer(text):
            macro, target, symbol = (str(group) for group in match.groups())
            line = text.count("\n", 0, match.start()) + 1
            yield place, line, macro, target, names.get(symbol, symbol).strip('"')


def faults_of_symbols(gap: Gap) -> Iterator[str]:
    """Symbols that a template asks for and gap.toml does not declare, and the other way round."""
    declared = {(target.name, symbol) for target in gap.targets for symbol in target.symbols}
    targets = {target.name for target in gap.targets}
    asked = list(asked_symbols(gap))
    for place, line, macro, target, symbol in asked:
        if target not in targets:
            yield f"{place}:{line}: asks for the target '{target}', which gap.toml does not have"
        elif macro == "has" and (target, symbol) not in declared:
            yield f"{place}:{line}: '{symbol}' is missing in `symbols` of '{target}' in gap.toml"
    used = {(target, symbol) for _, _, _, target, symbol in asked}
    for target, symbol in sorted(declared - used):
        yield f"{gap.folder / 'gap.toml'}: no template asks for '{symbol}' of '{target}'"


def faults_of_subjects(kit: Kit, gap: Gap) -> Iterator[str]:
    """Messages of commits that are too long: of the whole gap, and of each part."""
    each = [names_of(gap), *((name,) for name in names_of(gap))]
    for line in dict.fromkeys(subject_line(kit, gap, names) for names in each):
        if len(line) > LONGEST_SUBJECT:
            yield (
                f"{gap.folder / 'gap.toml'}: the message of a commit has {len(line)} characters, "
                f"more than {LONGEST_SUBJECT}; shorten the title: {line}"
            )


def faults_of_marks(gap: Gap) -> Iterator[str]:
    """Defects without a marked test, marked tests without a defect, and mends not asked for.

    A row without defects.toml may have marks of known defects.
    """
    page = gap.folder / PAGE
    defects, marked = load_defects(gap), dict(marked_tests(gap))
    text = "".join(read_text(place) for place in _templates(gap))
    for one in defects:
        for test in one.tests:
            if test not in marked:
                yield f"{page}: '{one.id}': no template has {test} marked as a known defect"
        if one.mends and f'mended(facts, "{one.id}")' not in text:
            yield f"{page}: '{one.id}' has a mend, and no template asks mended(facts, \"{one.id}\")"
    known = {test for one in defects for test in one.tests}
    for test, place in marked.items():
        if defects and test not in known:
            yield f"{place}: the known defect {test} is not in {PAGE}"


def marked_tests(gap: Gap) -> Iterator[tuple[str, str]]:
    """Each test that the templates mark as a known defect, with `file:line`.

    The mark stands above the test, without a blank line, is a part of its call, or is a macro of
    the same file.
    """
    for place in _templates(gap):
        text = read_text(place)
        macros = [match[1] for match in MACRO.finditer(text) if MARK.search(match[0])]
        for match in TEST.finditer(text):
            above = text[max(text.rfind("\n\n", 0, match.start()), 0) : match.start()]
            marked = MARK.search(above + match[0]) or any(f"[[ {name}(" in above for name in macros)
            if marked and not TEST.search(above):
                name = match[1] or match[2]
                yield name, f"{place}:{text.count(chr(10), 0, match.start()) + 1}"


def _templates(gap: Gap) -> list[Path]:
    return sorted(gap.files_dir.rglob("*.jinja"))
