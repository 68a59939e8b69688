"""A new gap folder for the author of a kit, and the kit around it where there is none yet."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from string import Template

from scaffold.errors import CheckoutError, ConflictError, UsageError
from scaffold.kit.reader import fault_of_path, walk_kit
from scaffold.system.invocation import look, quoted, room
from scaffold.system.reading import read_plain

EXAMPLES = Path(__file__).resolve().parent.parent / "_demo"
"""The demo's kit, whose shared files every kit has, and a gap to begin from for each language."""
SHARED = ("copier.yml", "templates/_shared/facts.jinja")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def new_gap(root: Path, name: str, target: str) -> list[Path]:
    """Write a gap that passes `scaffold kit check`, whose one test is a todo; gives its files.

    Args:
        root: The folder of the kit; what a kit needs and is missing there is written as well.
        name: The gap.
        target: The file under test, relative to a checkout.

    Raises:
        UsageError: The name or the target does not fit.
        ConflictError: The gap is there already; nothing was written.
        CheckoutError: The folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a gap: a letter, then letters, digits, _ and -",
            f"scaffold kit new my_gap --target {quoted(target)}",
        )
    example = EXAMPLES / "gap" / PurePosixPath(target).suffix.removeprefix(".")
    if fault := fault_of_path(target):
        raise UsageError(f"--target {target} {fault}", "scaffold kit new --help")
    if example == EXAMPLES / "gap" or not example.is_dir():
        known = ", ".join(sorted(f".{place.name}" for place in (EXAMPLES / "gap").iterdir()))
        raise UsageError(
            f"--target {target} is none of {known}, for which there is a gap to begin from",
            "scaffold kit format",
        )
    folder = root / "templates" / name
    if os.path.lexists(folder):
        raise ConflictError(f"{folder} is there already; nothing was written", look(folder, "-l"))
    try:
        return [*_complete_kit(root, target), *_write_gap(folder, example, name, target)]
    except OSError as error:
        raise CheckoutError(
            f"{root} cannot be written: {error.strerror}", room(error, root)
        ) from error


def _complete_kit(root: Path, target: str) -> list[Path]:
    """Write what every kit has and this one lacks."""
    title = json.dumps(root.resolve().name, ensure_ascii=False)
    head = f"name = {title}\ntitle = {title}\n\n[checkout]\nmarkers = [{json.dumps(target)}]\n"
    contents = {path: read_plain(EXAMPLES / "kit" / path) for path in SHARED[1:]}
    first = read_plain(EXAMPLES / "kit" / SHARED[0]).decode("utf-8")
    contents[SHARED[0]] = first.partition("\n")[2].encode("utf-8")
    contents["templates/kit.toml"] = head.encode("utf-8")
    written = []
    for path, content in contents.items():
        place = root / path
        if not os.path.lexists(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            written.append(place)
    return written


def _write_gap(folder: Path, example: Path, name: str, target: str) -> list[Path]:
    """Write the gap beside its place, and move it there whole."""
    words = {"name": name, "target": target, "word": name.replace("-", "_").lower()}
    staging = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        for place in sorted(walk_kit(example)):
            relative = place.relative_to(example).as_posix().replace("NAME", words["word"])
            (staging / relative).parent.mkdir(parents=True, exist_ok=True)
            text = Template(read_plain(place).decode("utf-8")).substitute(words)
            (staging / relative).write_text(text, encoding="utf-8")
        staging.chmod(0o755)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sorted(walk_kit(folder))
