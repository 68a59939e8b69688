"""Plans, catalogues and outcomes as text or JSON. Nothing here prints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from scaffold.commands.defects import mend_lines
from scaffold.commands.parts import part_problems, parts_to_json
from scaffold.commands.proof.rules import rule_lines
from scaffold.system.invocation import command
from scaffold.system.output import counted, terminal_width, visible

if TYPE_CHECKING:
    from scaffold.kit.catalog import Gap
    from scaffold.kit.questions import Question
    from scaffold.plan.changes import Change
    from scaffold.plan.model import Plan
    from scaffold.proof.outcome import Outcome
    from scaffold.proof.runner import Kills
    from scaffold.workflow import Status

SCHEMA_VERSION = 1
"""Version of every `--json` output; the schema is docs/output.schema.json."""
NOTHING = "nothing to do"
NARROWEST = 12
"""Characters that a column of a table keeps at least, on however narrow a terminal."""

_MARKS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "move": ">",
    "same": "=",
    "kept": ".",
    "conflict": "!",
}


def to_json(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A document of the output schema: `{"schema": 1, "command": …, …}`."""
    return {"schema": SCHEMA_VERSION, "command": name, **body}


def file_to_json(path: str, content: bytes) -> dict[str, str]:
    """A rendered file as JSON; one that is not UTF-8 in base 64."""
    try:
        return {"path": path, "encoding": "utf-8", "content": content.decode("utf-8")}
    except UnicodeDecodeError:
        import base64

        text = base64.b64encode(content).decode("ascii")
        return {"path": path, "encoding": "base64", "content": text}


def gap_to_json(gap: Gap) -> dict[str, Any]:
    """A row of the catalogue as JSON."""
    return {
        "gap": gap.slug,
        "title": gap.title,
        "kind": gap.kind,
        "state": gap.state,
        "priority": gap.priority,
        "language": gap.language,
        "source": gap.source,
        "recommendation": gap.recommendation,
        "reason": gap.reason,
        "parts": parts_to_json(gap, {}),
        "targets": [
            {
                "name": target.name,
                "paths": list(target.paths),
                "line_pct": target.line_pct,
                "kill_pct": target.kill_pct,
            }
            for target in gap.targets
        ],
    }


def lines_of(lines: Iterable[str]) -> str:
    """Lines of which none can end early, hide a part, or reach into another."""
    return "\n".join(visible(line) for line in lines)


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Columns padded to their widest cell; the last one is left ragged.

    On a terminal that is too narrow cells are wrapped, first in the columns where few have to be;
    in a file or a pipe each row stays one line.
    """
    lines = [list(header), *[[visible(cell) for cell in row] for row in rows]]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    columns = terminal_width()
    most = None if columns is None else columns - 2 * (len(widths) - 1)
    if most is None or sum(widths) <= most:
        return "\n".join(_padded(line, widths) for line in lines)
    narrow = _narrowed(lines, widths, most)
    return "\n".join(
        _padded(line, narrow)
        for cells in lines
        for line in zip_longest(*map(_broken, cells, narrow), fillvalue="")
    )


def _narrowed(lines: Sequence[Sequence[str]], widths: Sequence[int], most: int) -> list[int]:
    """The widths of columns that have `most` characters together, such that few cells are broken.

    None gets narrower than its longest word as long as another can, and none than `NARROWEST`.
    """
    narrow = list(widths)
    columns = list(zip(*lines, strict=True))
    words = [
        max(len(word) for cell in column for word in _apart(cell).split()) for column in columns
    ]
    for least in (words, [min(word, NARROWEST) for word in words]):
        while sum(narrow) > most and (
            left := [at for at, width in enumerate(narrow) if width > least[at]]
        ):
            broken = {at: sum(len(cell) >= narrow[at] for cell in columns[at]) for at in left}
            narrow[min(left, key=lambda at: (broken[at], -narrow[at]))] -= 1
    return narrow


def _apart(text: str) -> str:
    """The text with a mark where `gap:part` may be parted: a space to Python, that no text has."""
    return text.replace(":", ":\v")


def _broken(text: str, width: int) -> list[str]:
    """The lines of a text of at most `width` characters: whole words, where they are no longer."""
    if len(text) <= width:
        return [text]
    import textwrap

    lines = textwrap.wrap(
        _apart(text), width, replace_whitespace=False, expand_tabs=False, break_on_hyphens=False
    )
    return [line.replace("\v", "") for line in lines]


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()


def catalogue(gaps: Sequence[Gap]) -> str:
    """The catalogue as a table: what `list` prints."""
    return table(
        [[gap.priority, gap.slug, gap.language, gap.state, gap.title] for gap in gaps],
        ["priority", "gap", "language", "template", "title"],
    )


def row(gap: Gap, paths: Sequence[str], questions: Sequence[Question]) -> str:
    """One row of the catalogue in full: what `show` prints above the gap's README."""
    lines = [
        f"{gap.slug} · {gap.priority} · {gap.language} · {gap.source}",
        gap.title,
        "",
        f"recommended: {gap.recommendation}",
    ]
    if gap.state == "unproven":
        lines.append("template: built, but not proved on every commit yet; bulk leaves it out")
    if gap.state == "planned":
        lines.append("template: not built yet; `scaffold new` refuses it by name")
    if gap.state == "deprecated":
        lines.append(f"skipped: {gap.reason}")
    for target in gap.targets:
        bars = [
            f"{word} at least {value:g} %"
            for word, value in (("line", target.line_pct), ("killed", target.kill_pct))
            if value is not None
        ]
        lines.append(f"target: {' or '.join(target.paths)} ({', '.join(bars) or 'no bar'})")
    lines += [f"writes: {path}" for path in paths]
    lines += [f"deletes: {removal.path}" for removal in gap.removes]
    lines += [f"moves: {move.source} -> {move.to}" for move in gap.moves]
    lines += [f"asks: {item.name} ({item.type}, {item.default}): {item.help}" for item in questions]
    return lines_of(lines)


def plan_lines(changes: Sequence[Change], notes: Sequence[str]) -> str:
    """The plan, one line a file, then what was left out and why."""
    lines = []
    for change in changes:
        note = f"  ({change.note})" if change.note else ""
        place = " -> ".join(change.places) if change.writes else change.path
        lines.append(f"  {_MARKS[str(change.action)]} {place}{note}")
    lines += [f"  {note}" for note in notes]
    return lines_of(lines)


def plan_summary(changes: Sequence[Change]) -> str:
    """One line that counts the actions: `3 to create, 1 the same`."""
    counts = Counter(str(change.action) for change in changes)
    words = {
        "create": "to create",
        "update": "to update",
        "delete": "to delete",
        "move": "to move",
        "same": "the same",
        "kept": "kept as you have it",
        "conflict": "in conflict",
    }
    parts = [f"{counts[action]} {word}" for action, word in words.items() if counts[action]]
    return ", ".join(parts) or NOTHING


def change_to_json(change: Change) -> dict[str, Any]:
    """A change without its contents."""
    return {
        "path": change.path,
        "gap": change.gap,
        "action": str(change.action),
        "note": change.note,
        **({"from": change.source} if change.source else {}),
    }


def plan_to_json(plan: Plan, *, written: bool) -> dict[str, Any]:
    """A plan as JSON: what changed, what was left out, and whether it was written."""
    return {
        "written": written,
        "gaps": [
            {
                "gap": item.gap.slug,
                "mode": item.mode,
                "parts": list(item.picked) if item.gap.parts else [],
                "digest": item.digest,
                "todos": item.todos,
                "left_out": item.left_out(),
            }
            for item in plan.gaps
        ],
        "changes": [change_to_json(change) for change in plan.changes],
        "skipped": [
            {"gap": item.gap, "part": item.part, "reason": item.reason} for item in plan.skipped
        ],
    }


def closing_line(plan: Plan, *, written: bool, dry_run: bool, proved: bool = False) -> str:
    """The last line of `new`: what came of it and what to type next."""
    summary = plan_summary(plan.changes)
    if dry_run:
        return f"{summary}; nothing was written (--dry-run)"
    if not written:
        return summary if summary == NOTHING else f"{summary}; {NOTHING}"
    slugs = " ".join(dict.fromkeys(item.gap.slug for item in plan.gaps))
    done = re.sub(r"\bto (create|update|delete|move)\b", lambda found: f"{found[1]}d", summary)
    back = [f"take it back with: {command('scaffold undo')}"]
    return lines_of(
        [
            f"done: {done}",
            *(f"then run: {visible(item.gap.after)}" for item in plan.gaps if item.gap.after),
            *([f"prove it with: {command(f'scaffold verify {slugs}')}"] if not proved else []),
            *(back if any(change.writes for change in plan.changes) else ()),  # not only records
        ]
    )


def status_table(rows: Sequence[Status]) -> str:
    """Where every gap stands: what `status` prints."""
    return table(
        [
            [row.gap.priority, row.gap.slug, row.state, proof_cell(row), status_note(row)]
            for row in rows
        ],
        ["priority", "gap", "state", "last proof", "note"],
    )


def proof_cell(row: Status) -> str:
    """The verdict and the counts of the last proof in a few words."""
    if row.verdict is None:
        return "-"
    word = f"{row.verdict} (stale)" if row.stale else str(row.verdict)
    proof = row.verified
    if proof is None:
        return word
    from scaffold.checkout.status import share_tried

    counts = [f"{proof['passed']} passed"]
    if defects := proof.get("known_defects"):
        counts.append(counted(defects, "known defect"))
    counts += [f"{proof[name]} {name}" for name in ("todo", "skipped", "failed") if proof.get(name)]
    if proof.get("viable"):
        share = f" ({tried})" if (tried := share_tried(proof)) else ""
        counts.append(f"{proof['killed']}/{proof['viable']} killed{share}")
    return f"{word}: {', '.join(counts)}"


def status_note(row: Status) -> str:
    """What there is to say of a row, and why its proof is stale."""
    since = f"stale: {'; '.join(row.stale)}" if row.stale else ""
    return "; ".join(filter(None, [row.note, since]))


def status_to_json(status: Status) -> dict[str, Any]:
    """Where one gap stands, as JSON."""
    return {
        "gap": status.gap.slug,
        "priority": status.gap.priority,
        "kind": status.gap.kind,
        "state": status.state,
        "note": status.note,
        "outdated": status.outdated,
        "parts": [{"part": name, "mode": mode} for name, mode in status.parts.items()],
        "verdict": status.verdict,
        "stale": list(status.stale),
        "verified": dict(status.verified) if status.verified else None,
    }


def outcomes(records: Sequence[Outcome]) -> str:
    """The proofs, one block a gap: counts, coverage, kills, and every survivor."""
    return "\n".join(_outcome_lines(record) for record in records)


def as_declared(record: Outcome) -> str:
    """What `new --prove` prints of a gap that ran on the copy."""
    count = record.counts
    counts = [f"{count[k]} {k.replace('_', ' ')}" for k in ("passed", "known_defects", "todo")]
    return f"  runs as declared: {record.gap}{_parts_of(record)} ({', '.join(counts)})"


def _parts_of(record: Outcome) -> str:
    """The parts that a record is of, where it is not of all."""
    return f" ({', '.join(record.parts)})" if record.parts_left else ""


def _outcome_lines(record: Outcome) -> str:
    from scaffold.proof.outcome import spans

    count = record.counts
    lines = [
        f"{record.gap}{_parts_of(record)}: {record.verdict} "
        f"({counted(count['generated'], 'test')}: {count['passed']} passed, "
        f"{counted(count['known_defects'], 'known defect')}, {count['todo']} todo, "
        f"{count['skipped']} skipped, {count['failed']} failed; "
        f"{record.baseline} were there before; {record.seconds:.1f} s)"
    ]
    kills = record.kills
    for target in record.targets:
        noticed, viable = kills.by_target.get(target.path, (0, 0)) if kills else (0, 0)
        killed = f", {noticed}/{viable} mutants killed" if viable else ""
        share = target.line_cov_pct
        lines_run = "line coverage unknown" if share is None else f"{share:g} % of its lines"
        lines.append(f"  {target.path}: {lines_run}{killed}")
        if target.missing:
            lines.append(f"    lines that did not run: {', '.join(spans(target.missing))}")
    lines += [*(_left_out(kills) if kills else []), *mend_lines(record)]
    lines += rule_lines(record)
    lines += [f"  problem: {problem}" for problem in record.problems]
    lines += part_problems(record.by_part)
    lines += [f"  not proved: {lack}" for lack in record.lacks]
    if record.deleted and not record.problems:
        lines.append(f"  deleted since it was generated: {', '.join(record.deleted)}")
    survivors = kills.survivors if kills else ()
    if twins := sum(item.equivalent for item in survivors):
        lines.append(f"  {twins} more that no test can tell from the original")
    lines += [
        f"  survived: {item.file}:{item.line} {item.operator}: {item.change}"
        for item in survivors
        if not item.equivalent
    ]
    return lines_of(lines)


def _left_out(kills: Kills) -> list[str]:
    """Mutants that say nothing about the tests, and how verdicts were come by."""
    lines = [
        f"  {counted(kills.invalid, 'mutant')} left out (no build, or an import alone kills them), "
        f"{kills.timeouts} timed out, {kills.cached} known from before"
    ]
    kinds = (
        (kills.annotations, "left out: annotations that nothing reads"),
        (kills.equal_code, "left out: of equal code"),
    )
    if any(count for count, _ in kinds):
        lines.append(f"  {'; '.join(f'{count} {kind}' for count, kind in kinds if count)}")
    return lines
