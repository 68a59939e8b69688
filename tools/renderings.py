"""What a row renders to at a commit, by its facts that were kept: so a stale entry is seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entries import Entry
from scaffold.checkout.find import Findings
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.render import render
from scaffold.languages.formatting import format_files
from scaffold.plan.make import content_digest

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "field" / "facts"
Key = tuple[str, str, str]
KNOWN: dict[Key, str] = {}
"""Digests of renderings that `ledger.py` made at once."""


def rendered_digest(kit: Kit, gap: Gap, facts: Mapping[str, Any], case: str = "default") -> str:
    """Digest of the rendering for these facts and a case's answers."""
    known = KNOWN.get(rendering_key(gap, facts, case))
    if known is not None:
        return known
    rendered = render(kit, gap, case_answers(gap, case), facts, "0")
    return content_digest({**format_files(rendered.files), **rendered.edits})


def rendering_key(gap: Gap, facts: Mapping[str, Any], case: str) -> Key:
    """What a rendering is of, while no template changes."""
    return str(gap.folder), json.dumps(facts, sort_keys=True), case


def facts_of(entry: Entry) -> dict[str, Any]:
    """The facts of the checkout that an entry is of, as they were kept."""
    kept = json.loads((FACTS / f"{entry['commit']}.json").read_text("utf-8"))
    return dict(kept[entry["gap"]])


def keep_facts(commit: str, gap: Gap, findings: Findings) -> None:
    """Remember what the checkout holds, so that a stale entry is seen without it."""
    path = FACTS / f"{commit}.json"
    known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    known[gap.slug] = findings.facts()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(in_lines(known, SYMBOL) + "\n", encoding="utf-8")


SYMBOL = 5  # rows, their tables, targets, what is known of one, its symbols


def in_lines(value: Any, levels: int, indent: str = "") -> str:
    """JSON with its first levels of objects indented, and the rest of it on one line each."""
    if not isinstance(value, dict) or not value or not levels:
        return json.dumps(value, sort_keys=True)
    inner = f"{indent} "
    entries = (
        f"{inner}{json.dumps(key)}: {in_lines(value[key], levels - 1, inner)}"
        for key in sorted(value)
    )
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
