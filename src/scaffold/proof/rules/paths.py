"""Which files a hook is for, by the patterns of the checkout: a stranger's, so bounded in time."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.languages.rules import Hook
from scaffold.system import process

MATCH_S = 5.0
_SCRIPT = """\
import json, re, sys
asked = json.load(sys.stdin)
for pattern in asked["patterns"]:
    try:
        found = re.compile(pattern)
        answer = [path for path in asked["paths"] if found.search(path)]
    except (re.error, RecursionError, OverflowError) as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Matches:
    """Pattern -> the paths in which it is found, or why that is not known."""

    found: Mapping[str, Collection[str] | str]

    def fault(self, hook: Hook) -> str:
        """Why it is not known which files the hook is for; empty where it is."""
        for pattern in (*hook.files, *hook.excludes):
            found = self.found.get(pattern, ())
            if isinstance(found, str):
                return f"its pattern '{pattern[:80]}' {found}"
        return ""

    def fits(self, hook: Hook, path: str) -> bool:
        """Whether a hook is for a file, as pre-commit searches its patterns."""
        return all(path in self.found[one] for one in hook.files) and not any(
            path in self.found[one] for one in hook.excludes
        )


def match(hooks: Iterable[Hook], paths: Iterable[str]) -> Matches:
    """What the patterns of these hooks find in these paths; one that never ends is stopped."""
    patterns = list(dict.fromkeys(p for hook in hooks for p in (*hook.files, *hook.excludes)))
    if not patterns:
        return Matches({})
    asked = json.dumps({"patterns": patterns, "paths": sorted(paths)})
    # A separate process: a pattern can take longer than anybody waits, and cannot be interrupted.
    argv = [sys.executable, "-I", "-S", "-c", _SCRIPT]
    done = process.run(argv, cwd=Path(tempfile.gettempdir()), timeout_s=MATCH_S, input_text=asked)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    found: dict[str, Collection[str] | str] = {}
    for number, pattern in enumerate(patterns):
        answer = answers[number] if number < len(answers) else None
        if isinstance(answer, list):
            found[pattern] = frozenset(answer)
        else:
            found[pattern] = f"is not valid: {answer}" if answer else f"takes over {MATCH_S:.0f} s"
    return Matches(found)
