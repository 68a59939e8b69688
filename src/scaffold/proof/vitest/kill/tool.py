"""What makes the mutants: the instrumenter of Stryker, pinned, installed once into our cache."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from scaffold.errors import MissingToolError, ProofError
from scaffold.proof.mutants import Found, Mutant, identity
from scaffold.proof.runner import Progress
from scaffold.proof.vitest.installed import environment, find_node
from scaffold.system import process
from scaffold.system.caching import PARTS, cache_dir, trim_folders
from scaffold.system.invocation import room

HERE = Path(__file__).parent
PINS = ("package.json", "package-lock.json")
INSTALL_S = 300.0
LIST_S = 300.0
_KEPT = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
         "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")  # fmt: skip
"""How the user's machine reaches a registry."""


def find_mutants(texts: Mapping[str, str], progress: Progress) -> Found:
    """Every mutant of these sources, but those that a comment in them switches off.

    Raises:
        MissingToolError: What makes them cannot be had.
        ProofError: A source is not one that it reads.
    """
    tool = installed(progress)
    argv = [find_node(), str(HERE / "mutants.mjs"), str(tool)]
    with process.empty_folder() as folder:
        done = process.run(
            argv,
            cwd=folder,
            env=environment(folder),
            input_text=json.dumps(texts),
            timeout_s=LIST_S,
        )
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if "Error" in line][:1]
        raise ProofError(f"Stryker finds no mutants: {' '.join(last) or done.returncode}")
    return Found(list(_mutants(texts, json.loads(done.stdout))))


def _mutants(texts: Mapping[str, str], found: list[dict[str, str]]) -> Iterator[Mutant]:
    seen: Counter[str] = Counter()
    for item in found:
        if item["ignored"] is not None:
            continue
        path, line = item["path"], int(item["line"])
        change = f"{_short(item['before'])} -> {_short(item['after'])}"
        around = " ".join(texts[path].splitlines()[line - 1].split())
        key = "\0".join([path, item["operator"], change, around])
        name = identity(key, str(seen[key]))
        seen[key] += 1
        yield Mutant(name, path, item["operator"], line, change, item["source"])


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 120 else f"{words[:119]}…"


def installed(progress: Progress) -> Path:
    """The folder in our cache in which the tool is installed.

    Nothing of its packages runs while they are installed.

    Raises:
        MissingToolError: It cannot be had; the hint gets it.
    """
    pins = b"\0".join((HERE / name).read_bytes() for name in PINS)
    base = cache_dir("tools")
    place = base / f"stryker-{hashlib.sha256(pins).hexdigest()[:16]}"
    if (place / "node_modules").is_dir():
        return place
    npm = shutil.which("npm")
    command = f"npm ci --prefix {shlex.quote(str(place))}"
    if npm is None:
        raise MissingToolError("the kill check of TypeScript needs npm", "npm --version")
    progress("installing the instrumenter of Stryker into the cache")
    made = Path(_new_folder(base))
    try:
        why = _install(npm, made)
        if why:
            _keep_pins(place)
            raise MissingToolError(
                f"the kill check of TypeScript needs Stryker, and npm cannot get it: {why[:200]}",
                command,
            )
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    except OSError as error:
        raise MissingToolError(
            f"Stryker cannot be kept in {base}: {error.strerror}", room(error, base)
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    trim_folders(base, PARTS["tools"], place)
    return place


def _install(npm: str, folder: Path) -> str:
    """Install the tool into a folder; why it could not be, empty where it could."""
    _keep_pins(folder)
    env = {**environment(folder), **{n: os.environ[n] for n in _KEPT if n in os.environ}}
    argv = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = process.run(argv, cwd=folder, env=env, timeout_s=INSTALL_S)
    if done.returncode == 0 and (folder / "node_modules").is_dir():
        return ""
    return next((line for line in done.stderr.splitlines() if "error" in line), "timed out")


def _new_folder(base: Path) -> str:
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.mkdtemp(prefix=".new-", dir=base)
    except OSError as error:
        raise MissingToolError(
            f"Stryker cannot be kept in {base}: {error.strerror}", room(error, base)
        ) from error


def _keep_pins(place: Path) -> None:
    """What the command of the hint installs."""
    place.mkdir(exist_ok=True)
    for name in PINS:
        shutil.copyfile(HERE / name, place / name)
