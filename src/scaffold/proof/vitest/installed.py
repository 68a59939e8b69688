"""What a checkout has installed: node, and Vitest in `node_modules`; else what gets it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.checkout.files import read_plain
from scaffold.errors import MissingToolError
from scaffold.proof.runner import in_folder
from scaffold.system import isolation, process

GET_NODE = "apt-get install nodejs npm"
MODULES = "node_modules"
LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
"""Lock file -> the program that writes it; where there are several, the first one counts."""
MARKS = {".package-lock.json": "npm", ".modules.yaml": "pnpm", ".yarn-state.yml": "yarn",
         ".yarn-integrity": "yarn"}  # fmt: skip
"""What a program leaves in `node_modules` -> the program."""
GET = {
    "npm": "npm ci",
    "pnpm": "pnpm install --frozen-lockfile",
    "yarn": "yarn install --immutable",
    "bun": "bun install --frozen-lockfile",
}
ANSWER_S = 60.0
_CONFIGS = ("vitest.config.*", "vite.config.*", "vitest.workspace.*")


@dataclass(frozen=True)
class Installed:
    """What runs the tests of one package.

    Attributes:
        root: The checkout in which it is installed.
        folder: Where Vitest runs, POSIX, below the checkout; `.` is the checkout itself.
        node: The program.
        vitest: The folder of the package `vitest`.
        version: Its version.
        asked: Which versions of node it runs on.
    """

    root: Path
    folder: str
    node: str
    vitest: Path
    version: str
    asked: str

    def require_node(self) -> str:
        """The version of node, which is asked.

        Raises:
            MissingToolError: Vitest does not run on it.
        """
        found = node_version(self.node)
        if not satisfies(found, self.asked):
            raise MissingToolError(
                f"Vitest {self.version} needs Node.js {self.asked}, and {self.node} is {found}: "
                "install a newer one",
                "node --version",
            )
        return found

    @property
    def script(self) -> Path:
        """What node runs."""
        return self.vitest / "vitest.mjs"

    def provider(self) -> str:
        """What measures coverage here, `v8` or `istanbul`; empty where nothing does."""
        for name in ("v8", "istanbul"):
            if _above(self.root, self.folder, f"{MODULES}/@vitest/coverage-{name}/package.json"):
                return name
        return ""


def find_installed(home: Path, path: str) -> Installed:
    """What runs a test file, or the files of a folder, of a checkout; nothing is started.

    Raises:
        MissingToolError: node or Vitest is missing, or of another lock file; the hint is the
            command that gets it.
    """
    node = find_node()
    folder = run_folder(home, path)
    manifest = _above(home, folder, f"{MODULES}/vitest/package.json")
    if manifest is None:
        raise _missing(home, folder)
    data = _json(manifest)
    asked = str(_dict(data.get("engines")).get("node", ""))
    _require_same_lock(home)
    version = str(data.get("version", ""))
    return Installed(home, folder, node, manifest.parent.resolve(), version, asked)


def find_node() -> str:
    """The path of node.

    Raises:
        MissingToolError: There is none.
    """
    node = shutil.which("node")
    if node is None:
        raise MissingToolError(
            "there is no 'node' on the PATH, and TypeScript needs it (20 or newer)", GET_NODE
        )
    return node


def node_version(node: str) -> str:
    """Its version, such as `20.20.2`.

    Raises:
        MissingToolError: It gives none.
    """
    argv, env = [node, "--version"], isolation.environment()
    done = process.run(argv, cwd=Path("/"), env=env, timeout_s=ANSWER_S)
    found = re.match(r"v(\d+\.\d+\.\d+)", done.stdout.strip())
    if found is None:
        raise MissingToolError(f"'{node} --version' prints no version", GET_NODE)
    return found[1]


def environment(temporary: Path) -> dict[str, str]:
    """The environment of all that node runs: the same whatever the user's shell has.

    `CI` keeps Vitest from writing snapshots that are missing, and from running `.only` alone.

    Args:
        temporary: Where it keeps temporary files; a Vitest that is killed leaves them.
    """
    return {**isolation.environment(), "CI": "true", "NO_COLOR": "1", "TMPDIR": str(temporary)}


def run_folder(home: Path, path: str) -> str:
    """Where Vitest runs for a path: the nearest folder above with its configuration.

    Without one it is the nearest with a package.json.
    """
    above = list(_folders(home, path))
    for folder in above:
        if any(True for pattern in _CONFIGS for _ in (home / folder).glob(pattern)):
            return folder
    return next((f for f in above if (home / f / "package.json").is_file()), ".")


def satisfies(version: str, asked: str) -> bool:
    """Whether a version is in a range such as `^20.0.0 || >=22.12`; another notation counts."""
    have = _numbers(version)
    for alternative in asked.split("||") if asked.strip() else ():
        fits = True
        for part in alternative.split():
            least = _numbers(part)
            if not least:
                continue
            if part.startswith(">="):
                fits &= have >= least
            elif part.startswith("^"):
                fits &= have >= least and have[0] == least[0]
            elif part.startswith("~"):
                fits &= have >= least and have[:2] == least[:2]
        if fits:
            return True
    return not asked.strip()


def get_command(home: Path) -> str:
    """The command that installs what the lock file holds, or adds to it where it lacks Vitest."""
    lock, program = _lock(home)
    if program == "yarn" and (home / ".pnp.cjs").exists():
        return f"{_cd(home)}yarn config set nodeLinker node-modules && yarn install"
    if lock is not None and not _is_locked(home / lock, "vitest"):
        return f"{_cd(home)}{program} install"
    return f"{_cd(home)}{GET[program]}"


def _missing(home: Path, folder: str) -> MissingToolError:
    places = sorted({f"{place}/{MODULES}".removeprefix("./") for place in (folder, ".")})
    there = any((home / place).is_dir() for place in places)
    if not there:
        return MissingToolError(
            f"{home} has no {MODULES}: its packages are not installed", get_command(home)
        )
    return MissingToolError(f"there is no Vitest in {' or '.join(places)}", get_command(home))


def _require_same_lock(home: Path) -> None:
    """Whether `node_modules` is what the lock file holds.

    Raises:
        MissingToolError: It is of another program, or of another lock file.
    """
    lock, program = _lock(home)
    if lock is None:
        return
    marks = [MARKS[name] for name in MARKS if (home / MODULES / name).is_file()]
    if marks and program not in marks and program != "bun":
        raise MissingToolError(
            f"{MODULES} was installed by {marks[0]}, and {lock} is of {program}", get_command(home)
        )
    hidden = home / MODULES / ".package-lock.json"
    if program == "npm" and hidden.is_file():
        wanted, there = (_dict(_json(place).get("packages")) for place in (home / lock, hidden))
        for path in sorted(wanted):
            have, want = _dict(there.get(path)), _dict(wanted[path])
            optional = want.keys() & {"optional", "devOptional", "peer", "link"}
            if not path.startswith(MODULES) or (optional and not have):
                continue
            if have.get("version") != want.get("version"):
                name = path.rpartition(f"{MODULES}/")[2]
                raise MissingToolError(
                    f"{MODULES} is of another lock file: {name} is "
                    f"{have.get('version', 'missing')}, and {lock} has {want.get('version')}",
                    get_command(home),
                )


def _lock(home: Path) -> tuple[str | None, str]:
    """The lock file, and the program that the checkout is installed with."""
    asked = str(_json(home / "package.json").get("packageManager", "")).partition("@")[0]
    found = [name for name in LOCKS if (home / name).is_file()]
    own = [name for name in found if LOCKS[name] == asked]
    lock = next(iter(own or found), None)
    program = asked if asked in GET else LOCKS[lock] if lock else "npm"
    return lock, program


def _is_locked(lock: Path, name: str) -> bool:
    """Whether a lock file has a package; each program has a layout of its own."""
    if LOCKS[lock.name] == "npm":
        packages = _dict(_json(lock).get("packages"))
        return any(path.endswith(f"{MODULES}/{name}") for path in packages)
    try:
        text = read_plain(lock)
    except OSError:
        return False
    return re.search(rf"(?<![\w@/-]){name}@|/{name}[/@]".encode(), text) is not None


def _folders(home: Path, path: str) -> Iterator[str]:
    """A path where it is a folder, and those above it up to the checkout."""
    pure = Path(path)
    for place in ([pure] if (home / path).is_dir() else []) + list(pure.parents):
        yield place.as_posix()


def _above(home: Path, folder: str, name: str) -> Path | None:
    """A file in the nearest folder that has it, up to the checkout."""
    places = (home / place / name for place in _folders(home, folder))
    return next((place for place in places if place.is_file()), None)


def _cd(home: Path) -> str:
    return in_folder(str(home))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text.partition("-")[0]))


def _json(place: Path) -> dict[str, Any]:
    try:
        return _dict(json.loads(read_plain(place)))
    except (OSError, ValueError, RecursionError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
