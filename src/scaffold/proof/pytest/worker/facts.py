"""What a verdict depends on outside of the checkout; loaded by `record.py`."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import sysconfig

LARGE_BYTES = 4 << 20


def digest(tree: str) -> str:
    """A hash of the interpreter, of what is installed, and of the modules loaded from there."""
    found = hashlib.sha256()
    facts = [sys.version, os.path.realpath(sys.executable), repr(sys.flags), platform.platform()]
    for item in [*facts, *sorted(installed())]:
        found.update(item.encode("utf-8", "surrogateescape") + b"\0")
    library = os.path.realpath(sysconfig.get_path("stdlib")) + os.sep
    root = os.path.realpath(tree) + os.sep
    temporary = os.path.realpath(os.environ["TMPDIR"]) + os.sep
    modules = list(sys.modules.values())
    for file in sorted({os.path.realpath(getattr(m, "__file__", None) or "") for m in modules}):
        # The tree is looked at by itself, and the version stands for the library.
        packages = f"{os.sep}site-packages{os.sep}" in file
        if packages or not file.startswith((root, library, temporary)):
            found.update(file.encode("utf-8", "surrogateescape") + content(file))
    return found.hexdigest()


def installed() -> set[str]:
    """Names and versions of the distributions, as their folders are called."""
    names = set()
    for folder in sys.path:
        try:
            inside = os.listdir(folder or ".")
        except OSError:
            continue
        names |= {n for n in inside if n.endswith((".dist-info", ".egg-info", ".pth", ".egg-link"))}
    return names


def content(file: str) -> bytes:
    """A hash of a file; of a large one, of its size and times."""
    try:
        found = os.stat(file)
        if found.st_size > LARGE_BYTES:
            return f"{found.st_size} {found.st_mtime_ns}".encode()
        with open(file, "rb") as handle:
            return hashlib.sha256(handle.read()).digest()
    except OSError:
        return b"-"
