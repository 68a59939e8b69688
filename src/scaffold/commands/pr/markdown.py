"""The text of a pull request in Markdown. Pure: nothing here reads or prints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scaffold.checkout.status import share_tried
from scaffold.system.output import block, counted, visible

if TYPE_CHECKING:
    from scaffold.commands.pr.content import Before, Shown, Target, Written, WrittenFile

MOST_NAMES = 8
"""How many names one line lists."""
_SIGNS = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """One line of text that Markdown shows as it is, but for code between backticks.

    No other mark, tag, mention or reference of it is heeded.
    """
    pieces = re.split(r"`([^`]+)`", visible(text))
    shown = "".join(code(one) if odd % 2 else _quoted(one) for odd, one in enumerate(pieces))
    return re.sub(r"^(\d*)([-+#>=.)])", r"\1\\\2", shown)


def _quoted(text: str) -> str:
    shown = _SIGNS.sub(r"\\\g<0>", text)
    # An empty comment keeps a name from being notified, and a number from being linked.
    return re.sub(r"([@#])(?=\w)", r"\1<!-- -->", shown)


def code(text: str) -> str:
    """One line of text as code, whatever backticks and bars it holds."""
    shown = visible(text).replace("|", r"\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown(found: Sequence[Written]) -> str:
    """The text for one pull request that holds all of these."""
    if len(found) == 1:
        return _of_one(found[0], "##")
    tests = sum(one.tests for one in found)
    paths = {file.path for one in found for file in one.files}
    lines = [
        f"Adds {counted(tests, 'test')} for {counted(len(found), 'gap')}, "
        f"in {counted(len(paths), 'file')}."
    ]
    for one in found:
        lines += ["", f"## {plain(one.subject)}", "", _of_one(one, "###").rstrip("\n")]
    return "\n".join(lines) + "\n"


def _of_one(one: Written, level: str) -> str:
    sections = [
        ("", _lead(one)),
        ("What was not tested" if one.tests else "Why", _before(one)),
        ("What is tested now" if one.tests else "What changes", _now(one)),
        ("Defects that these tests show", _defects(one)),
        ("Questions", one.questions),
        ("What is not proved", _limits(one)),
        ("How to run it", f"```console\n$ {visible(one.command)}\n```" if one.command else ""),
        ("How it was proved", _proof(one)),
    ]
    blocks = [f"{level} {head}\n{text}" if head else text for head, text in sections if text]
    return "\n\n".join(blocks) + "\n"


def _lead(one: Written) -> str:
    if not one.tests:
        return _lead_without_tests(one)
    where = _listed(code(target.path) for target in one.targets)
    about = f" for {where}" if where else ""
    lines = [f"Adds {counted(one.tests, 'test')}{about}: {plain(_without_targets(one))}."]
    if count := sum(len(defect.tests) for defect in one.defects):
        state, marked = "state", "strict expected failures"
        if count == 1:
            state, marked = "states", "a strict expected failure"
        lines.append(
            f"{count} of them {state} right behaviour that the code violates today, as {marked}."
        )
    if one.missing_parts and one.parts:
        lines.append(f"More parts follow: {_listed(map(plain, one.missing_parts))}.")
    return " ".join(lines)


def _lead_without_tests(one: Written) -> str:
    kinds = Counter(_what_became_of(file).partition(" ")[0] for file in one.files)
    done = [
        f"{kinds[kind]} {kind}" for kind in ("added", "edited", "moved", "deleted") if kinds[kind]
    ]
    return f"{plain(one.title[:1].upper() + one.title[1:])}. Files: {', '.join(done)}."


def _what_became_of(file: WrittenFile) -> str:
    return file.became or ("edited" if file.lines is None else "added")


def _without_targets(one: Written) -> str:
    """The title without the names of the targets that it begins with: they stand before it."""
    head, _, rest = one.title.partition(": ")
    names = [target.path.rpartition("/")[2] for target in one.targets]
    return rest if rest and any(name in head for name in names) else one.title


def _before(one: Written) -> str:
    lines = [f"- {line}" for line in _reach(one.before, one.targets) if one.tests]
    return "\n".join([*lines, f"- {plain(one.source)}: {plain(one.recommendation)}"])


def _reach(before: Before, targets: Sequence[Target]) -> list[str]:
    where = _listed(code(target.path) for target in targets)
    if not where or not before.known:
        return []
    if not before.files:
        return [f"No other test names a function of {where}."]
    names = _listed(code(name) for name in before.reached)
    return [
        f"Other tests name {len(before.reached)} of {counted(before.functions, 'function')} of "
        f"{where} ({_listed(map(code, before.files))}): {names}."
    ]


def _now(one: Written) -> str:
    rows = ["| file | lines | tests | subject |", "|---|---:|---:|---|"]
    rows += [_file_row(file) for file in one.files]
    return "\n".join([*rows, *(["", *_coverage(one)] if one.tests else [])])


def _file_row(file: WrittenFile) -> str:
    units = _listed(code(unit) for unit in file.units)
    if file.lines is None:
        what = plain(_what_became_of(file))
        return f"| {code(file.path)} | | | {what}{': ' if units else ''}{units} |"
    subject = plain(file.subject) or units
    return f"| {code(file.path)} | {file.lines} | {file.tests or ''} | {subject} |"


def _coverage(one: Written) -> list[str]:
    """Coverage and kills, with what is known of the time before."""
    if one.proof is None:
        return ["Coverage and mutants: not measured; the tests were not proved here."]
    rows = ["| | before | with these tests |", "|---|---|---|"]
    for target in one.targets:
        share = "unknown" if target.line_pct is None else f"{target.line_pct:g} %"
        bar = f" (bar: {target.line_bar_pct:g} %)" if target.line_bar_pct is not None else ""
        known = target.line_before_pct
        earlier = "not measured" if known is None else f"{known:g} %"
        rows.append(f"| lines run of {code(target.path)} | {earlier} | {share}{bar} |")
    rows.append(f"| mutants killed | {_kills_before(one)} | {_kills(one)} |")
    if not one.proof.get("before"):
        rows += ["", _why_unmeasured(one)]
    if one.stale:
        rows += ["", f"These numbers are stale: {_listed(map(plain, one.stale))}."]
    if one.missing_parts and one.parts:
        rows += ["", "They are of all parts that were written when they were measured."]
    return rows


def _kills_before(one: Written) -> str:
    found = [item for item in (one.proof or {}).get("before") or () if item["viable"] is not None]
    killed, viable = (sum(item[key] for item in found) for key in ("killed", "viable"))
    return f"{killed} of {viable}{_share(one)}" if found else "not measured"


def _why_unmeasured(one: Written) -> str:
    """Why nothing is known of the tests that were there, and the command that measures it."""
    if not one.before.known:
        return "The earlier tests stand in the files of the code, so they are not measured alone."
    command = code(f"scaffold verify {one.gap} --mutants all --before")
    return f"The earlier tests were not measured alone, which takes as long again: {command}."


def _kills(one: Written) -> str:
    proof = one.proof or {}
    if not proof.get("viable"):
        return "not tried"
    return f"{proof['killed']} of {proof['viable']}{_share(one)}"


def _share(one: Written) -> str:
    tried = share_tried(one.proof or {})
    return f", of {tried}" if tried else ""


def _defects(one: Written) -> str:
    return "\n".join(_defect(defect) for defect in one.defects)


def _defect(defect: Shown) -> str:
    tests = _listed(code(test) for _, test in defect.tests)
    if not defect.id:
        return f"- {plain(defect.reason) or 'No reason is given'} (shown by {tests})"
    line = (
        f"- **{plain(defect.id)}** ({plain(defect.severity)}), in {code(defect.place)}. "
        f"Today: {plain(defect.today)}. Expected: {plain(defect.expected)} "
        f"({plain(defect.source)}). Shown by {tests}."
    )
    if not defect.mend:
        return line
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", defect.mend)), default=0))
    lines = [f"{fence}diff", *block(defect.mend.rstrip("\n")).split("\n"), fence]
    return "\n".join([line, "", "  A mend:", *(f"  {text}".rstrip() for text in lines)])


def _limits(one: Written) -> str:
    lines = []
    if one.proof is None:
        these = ": these tests were written and not proved" if one.tests else ""
        lines.append(f"- Nothing was run{these}.")
    elif one.stale:
        lines.append(f"- The proof is stale: {_listed(map(plain, one.stale))}.")
    elif one.verdict != "proved":
        lines.append(f"- The verdict is {one.verdict}, so not all bars are shown to be met.")
    apart = "" if one.limits.startswith("- ") else "\n"  # else it would go on the last item
    return "\n".join([*lines, f"{apart}{one.limits}"]).strip("\n")


def _proof(one: Written) -> str:
    proof = one.proof
    if proof is None:
        return ""
    words = {"passed": "passed", "known_defects": "known defects", "todo": "todo",
             "skipped": "skipped", "failed": "failed"}  # fmt: skip
    counts = ", ".join(f"{proof[key]} {word}" for key, word in words.items() if proof.get(key))
    stale = " (stale)" if one.stale else ""
    lines = [
        f"Verdict: {one.verdict}{stale}. {counted(proof['generated'], 'case')} ran: {counts}. "
        "The tests that were there before ran first, and were green."
    ]
    if proof.get("viable"):
        noticed = f"{proof['killed']} of {proof['viable']} mutants were killed"
        tried = share_tried(proof)
        share = f", for {tried} of all mutants" if tried else ""
        lines.append(f"The code was then broken in one place at a time{share}: {noticed}.")
    return " ".join(lines)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = [f"{len(every) - MOST_NAMES} more"] if len(every) > MOST_NAMES else []
    return ", ".join([*every[:MOST_NAMES], *more])
