"""Named answer sets of a gap: `cases.toml`, the rendering matrix."""

from __future__ import annotations

import tomllib
from typing import Any

from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.questions import check_answers


def load_cases(gap: Gap) -> dict[str, dict[str, Any]]:
    """Case name -> answers, "default" first.

    Raises:
        KitError: cases.toml is broken.
    """
    path = gap.folder / "cases.toml"
    if not path.is_file():
        return {"default": {}}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KitError(f"{path}: {error}", f"edit {path}") from error
    return {"default": data.get("default", {}), **data}


def case_answers(gap: Gap, name: str) -> dict[str, Any]:
    """The whole set of answers of a case, defaults filled in.

    Raises:
        UsageError: There is no such case, or one of its answers does not fit.
    """
    cases = load_cases(gap)
    if name not in cases:
        raise UsageError(
            f"'{gap.slug}' has no case '{name}', only {', '.join(cases)}",
            f"scaffold show {gap.slug} --case default",
        )
    return check_answers([gap], cases[name], all_gaps=[gap])[gap.slug]
