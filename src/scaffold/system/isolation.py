"""What a checkout may not reach: our imports, and programs that we start with their settings.

Only `verify` runs code of a checkout. Everyone else can be given code by its place alone: a module
beside the current folder, an executable in an entry of the PATH, a `rust-toolchain.toml` above the
folder in which a tool starts. So folders of a checkout are marked here as untrusted, and what is
imported or started before `verify` comes from elsewhere.

`__main__` imports this module before any other, while the import path may still hold the checkout.
So it imports nothing but `os` and `sys`, which every interpreter has loaded by then; that rules out
`__future__` too, which is a file.
"""

import os
import sys

SYSTEM = ("/bin", "/usr/bin", "/usr/local/bin")
"""Folders of programs that nobody clones."""

PLAIN = ("COLORTERM", "LANG", "LANGUAGE", "LOGNAME", "SHELL", "TERM", "TZ", "USER")
PLACES = (
    "ASDF_DATA_DIR", "ASDF_DIR", "CARGO_HOME", "DEVELOPER_DIR", "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "HOME", "LD_LIBRARY_PATH", "MISE_CONFIG_DIR", "MISE_DATA_DIR", "NVM_DIR",
    "PYENV_ROOT", "RUSTUP_HOME", "VOLTA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
    "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip
"""Variables that a tool gets as they are, and those that it gets without what a checkout holds.

It gets no other: too many make a tool run something (`GIT_DIR`, `GIT_CONFIG_COUNT`, `PYTHONPATH`,
`RUSTC_WRAPPER`, `NODE_OPTIONS`, `BASH_ENV`, `LD_PRELOAD`, …).
"""

_untrusted: dict[tuple[int, int], str] = {}
"""Device and inode of each folder, and the path at which it had them: inodes are used again."""


_given: list[str] = []
"""The PATH as the user has it, while ours is the system's alone; empty where it is not."""


def distrust(folder: str | os.PathLike[str]) -> None:
    """Nothing below this folder is imported or started from now on."""
    place = os.path.abspath(folder)
    found = _identity(place)
    if found is not None and found != _identity("/") and _untrusted.get(found) != place:
        _untrusted[found] = place
        clean_import_path()


def distrust_around(folder: str | os.PathLike[str]) -> None:
    """The folder and the repository that it lies in, as far as either can have been cloned."""
    try:
        here = os.path.realpath(folder)
    except OSError:
        return
    above = here
    while not os.path.lexists(os.path.join(above, ".git")) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    homes = [os.path.expanduser("~"), *SYSTEM]
    for place in dict.fromkeys((here, above)):
        # A home folder, or one with programs of the system below it, is the user's own.
        if not any(_is_below(home, place) for home in homes):
            distrust(place)


def distrusted() -> int:
    """How many folders are distrusted by now; it only grows."""
    return len(_untrusted)


def untrusted(place: str | os.PathLike[str]) -> bool:
    """Whether a checkout decides what is at this place: it is relative, or the way leads through.

    A symlink counts on both ends: one in a checkout can lead anywhere, one elsewhere into it.
    """
    path = os.fspath(place)
    if not os.path.isabs(path):
        return True
    for station in _stations(path):
        found = _identity(station)
        if found in _untrusted and found == _identity(_untrusted[found]):
            return True
    return False


def guard_start(argv: list[str]) -> None:
    """Close the import path and the PATH to the checkout, before anything is imported."""
    _settle_home()
    here = _identity(os.curdir)
    sys.path[:] = [it for it in sys.path if _is_library(it) or _identity(it or ".") != here]
    _given[:] = [os.environ.get("PATH", os.defpath)]
    for folder in (os.curdir, *_named_checkouts(argv)):
        distrust_around(folder)
    clean_import_path()
    # Libraries start programs too: `platform` asks `uname`.
    os.environ["PATH"] = os.pathsep.join(SYSTEM)


def _settle_home() -> None:
    """Make HOME an absolute path: libraries fail without one, and a relative one is a checkout's.

    A user of a container may be in no list of users, and so have no home folder at all.
    """
    if not os.path.isabs(os.environ.get("HOME", "")):
        os.environ.pop("HOME", None)
        home = os.path.expanduser("~")
        os.environ["HOME"] = home if os.path.isabs(home) else os.devnull


def open_path() -> None:
    """Give our own process the user's PATH again: `verify` runs what the checkout has."""
    if _given:
        os.environ["PATH"] = _given.pop()


def user_path() -> str:
    """The PATH as the user has it."""
    return _given[0] if _given else os.environ.get("PATH", os.defpath)


def clean_import_path() -> None:
    """Leave out of `sys.path` what a checkout holds, but for the interpreter's own folders."""
    sys.path[:] = [entry for entry in sys.path if _is_library(entry) or not untrusted(entry)]
    if sys.pycache_prefix is not None and untrusted(sys.pycache_prefix):
        sys.pycache_prefix = None


def find_tool(name: str) -> str | None:
    """The absolute path of a program outside of every checkout; None where there is none."""
    for entry in _entries():
        place = os.path.join(entry, name)
        if os.path.isfile(place) and os.access(place, os.X_OK) and not untrusted(place):
            return place
    return None


def tool_path() -> str:
    """The PATH for programs that start others: folders without a single link into a checkout."""
    kept = [entry for entry in _entries() if entry in SYSTEM or not _leads_inside(entry)]
    # An empty PATH is the current folder.
    return os.pathsep.join(kept) or os.devnull


def _entries() -> list[str]:
    """The user's PATH without the current folder, and without what is relative or in a checkout."""
    here = _identity(os.curdir)
    return [
        entry
        for entry in user_path().split(os.pathsep)
        if not untrusted(entry) and (entry in SYSTEM or _identity(entry) != here)
    ]


def _leads_inside(folder: str) -> bool:
    try:
        with os.scandir(folder) as found:
            return any(item.is_symlink() and untrusted(item.path) for item in found)
    except OSError:
        return True


def environment() -> dict[str, str]:
    """The environment of a tool: what it needs to find itself, and nothing of a checkout."""
    kept = {
        name: value for name, value in os.environ.items() if name in PLAIN or name.startswith("LC_")
    }
    for name in PLACES:
        entries = os.environ.get(name, "").split(os.pathsep)
        clean = os.pathsep.join(entry for entry in entries if entry and not untrusted(entry))
        if clean:
            kept[name] = clean
    # A toolchain by its name is the user's; by its path it may be anybody's.
    toolchain = os.environ.get("RUSTUP_TOOLCHAIN", "")
    if toolchain and "/" not in toolchain and not toolchain.startswith("."):
        kept["RUSTUP_TOOLCHAIN"] = toolchain
    return {
        **kept,
        "PATH": tool_path(),
        "RUSTUP_AUTO_INSTALL": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
    }


def _named_checkouts(argv: list[str]) -> list[str]:
    """What follows `-C` and `--checkout`, before the command line is parsed."""
    named = []
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word.startswith("--"):
            name, _, value = word.partition("=")
            named += [value or following] if name == "--checkout" else []
        elif word.startswith("-") and "C" in word:
            named.append(word.partition("C")[2] or following)
    return [name for name in named if name]


def _is_library(entry: str) -> bool:
    """Whether it is the interpreter's own folder, also that of an environment in a checkout."""
    own = [getattr(sys.modules.get("site"), "USER_SITE", None)]
    for prefix in {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}:
        own += [f"{prefix}/{part}/python" for part in ("lib", "lib64", "local/lib")]
    return os.path.isabs(entry) and any(name and entry.startswith(name) for name in own)


def _is_below(place: str, folder: str) -> bool:
    above = _identity(folder)
    return above is not None and any(_identity(station) == above for station in _stations(place))


def _identity(place: str) -> tuple[int, int] | None:
    # By inode: names differ in case, in mounts, and through symlinks.
    try:
        found = os.stat(place)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _stations(path: str) -> list[str]:
    """Every place that the system passes on its way to this path, each symlink on it included."""
    todo = path.split("/")[::-1]
    here, links, stations = "/", 0, ["/"]
    while todo and links < 40:
        part = todo.pop()
        if part in ("", os.curdir):
            continue
        if part == os.pardir:
            here = os.path.dirname(here)
            continue
        here = os.path.join(here, part)
        stations.append(here)
        try:
            target = os.readlink(here)
        except (OSError, ValueError):
            continue
        links += 1
        here = "/" if os.path.isabs(target) else os.path.dirname(here)
        todo += target.split("/")[::-1]
    return stations
