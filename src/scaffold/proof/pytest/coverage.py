"""What the worker counted, as the subject's own share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scaffold.proof.pytest.trail import IMPORTED, SHARED
from scaffold.proof.runner import percent as share


def own_lines(
    lines: Mapping[str, Sequence[int]], number: Mapping[int, int]
) -> dict[int, tuple[int, ...]]:
    """Line -> who of the subject ran it, by its own numbers."""

    def renumber(who: int) -> int | None:
        if who >= 0:
            return number.get(who)
        if who == IMPORTED:
            return IMPORTED
        return SHARED - number[SHARED - who] if SHARED - who in number else None

    found = {
        int(line): tuple(n for who in everybody if (n := renumber(who)) is not None)
        for line, everybody in lines.items()
    }
    return {line: who for line, who in found.items() if who}


def percent(found: Mapping[str, Any], own: Mapping[int, tuple[int, ...]]) -> float:
    """Share of the statements that the subject's own tests ran, as coverage.py counts them."""
    statements = found.get("statements", [])
    if not statements:
        return 0.0 if "error" in found else 100.0
    return share(len(set(statements)) - len(missed(found, own)), len(set(statements)))


def missed(found: Mapping[str, Any], own: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """First lines of the statements that the subject's own tests did not run."""
    first = {int(line): statement for line, statement in found.get("first", {}).items()}
    ran = {first.get(line, line) for line in own}
    covered = ran - set(found.get("missing", []))
    return tuple(sorted(set(found.get("statements", [])) - covered))


def lend_coverage(lent_below: Path) -> list[str]:
    """A folder with our coverage.py alone, last on the path of an interpreter that has none."""
    spec = find_spec("coverage")
    if spec is None or spec.origin is None:
        return []
    place = lent_below / "lent"
    if not place.exists():
        place.mkdir()
        (place / "coverage").symlink_to(Path(spec.origin).parent, target_is_directory=True)
    return [str(place)]
