"""What git wrote down of its own run: GIT_TRACE2_EVENT."""

from __future__ import annotations

from pathlib import Path

HOOK = "the hook"


def who_refused(trace: Path) -> str:
    """The hook or program of git that ended last with another code than 0, by git's own trace."""
    import json

    names: dict[int, str] = {}
    refused = ""
    try:
        lines = trace.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict) or "/" in str(event.get("sid")):
            continue  # of a program that git started, and not of git itself
        if event.get("event") == "child_start":
            hook, argv = event.get("hook_name"), event.get("argv") or ["a program"]
            names[event["child_id"]] = f"{HOOK} {hook}" if hook else str(argv[0])
        elif event.get("event") == "child_exit" and event.get("code"):
            refused = names.get(event.get("child_id", -1), "")
    return refused
