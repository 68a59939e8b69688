"""The layout of a Python project: which folder an import starts from. It only reads and parses."""

from __future__ import annotations

import ast
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scaffold.system.caching import toml
from scaffold.system.frozen import frozen
from scaffold.system.reading import read_plain

if TYPE_CHECKING:
    from scaffold.kit.catalog import RunSpec

PYTEST_FILES = (
    ("pytest.toml", ("pytest",)),
    (".pytest.toml", ("pytest",)),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ("tool", "pytest", "ini_options")),
    ("pyproject.toml", ("tool", "pytest")),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
"""Where pytest looks for its settings in one folder, in this order: a file and its table.

Source: https://docs.pytest.org/en/stable/reference/customize.html
"""
ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Files that hold pytest's settings even where they are empty."""
PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
MOST_BYTES = 1 << 20
"""The largest settings file that is read."""


@frozen
class ImportRoot:
    """A folder that imports start from; what lies in it is called `prefix.NAME`."""

    folder: PurePosixPath
    prefix: str = ""


@frozen
class PytestSettings:
    """The settings that pytest would find, and the folder that they are relative to."""

    folder: Path
    values: Mapping[str, Any]

    def words(self, name: str) -> list[str]:
        """A setting that is a list of words; written as a text it is split as a shell would."""
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                return shlex.split(value, comments=False)
            except ValueError:
                return value.split()
        return texts(value)

    def text(self, name: str) -> str:
        """A setting that is one text; empty where it is anything else."""
        return "".join(texts([self.values.get(name)]))

    def is_on(self, *names: str) -> bool:
        """Whether the first of these settings that is there is on, as pytest reads it."""
        value = next((self.values[name] for name in names if name in self.values), False)
        return value is True or str(value).lower() in ("y", "yes", "t", "true", "on", "1")


def texts(value: Any) -> list[str]:
    """The texts in a list; anything else is empty, since the file is a stranger's."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def pytest_settings(start: Path, top: Path) -> PytestSettings | None:
    """What pytest reads when it is asked to run something in `start`; not above `top`."""
    for folder in (start, *start.parents):
        for name, table in PYTEST_FILES:
            content = _content(folder / name)
            if content is None:
                continue
            values = _toml(content, table) if isinstance(table, tuple) else _ini(content, table)
            if values is None and name in ALWAYS:
                values = {}
            if values is not None:
                return PytestSettings(folder, values)
        if folder == top:
            return None
    return None


def module_of(top: Path, path: str, run: RunSpec | None, planned: Mapping[str, bytes]) -> str:
    """The name by which the tests import a file of the checkout.

    The kit's own `[run] import` comes first, then what pytest and the build of the project say,
    then a folder `src` without an `__init__.py`, then the folder of the runner. No root lies
    inside of a package.

    Args:
        top: The checkout.
        path: The file, relative to it.
        run: How the gap is proved.
        planned: Files that are not there yet but will be.
    """
    pure = PurePosixPath(path)
    run_root = PurePosixPath(run.root if run else "")

    def there(place: PurePosixPath) -> bool:
        return str(place) in planned or (top / place).is_file()

    root = _chosen(top, pure, run, there) or _usual(pure, run_root, there)
    relative = pure.relative_to(root.folder)
    # A folder that no import statement can name is not a package.
    while not all(part.isidentifier() for part in relative.parent.parts):
        relative, root = PurePosixPath(*relative.parts[1:]), ImportRoot(root.folder)
    return ".".join(filter(None, [root.prefix, _dotted(relative)]))


def root_of(path: str, module: str) -> str | None:
    """The folder that a module's name starts from; None where name and path do not agree."""
    pure = PurePosixPath(path)
    whole = pure.with_suffix("").parts
    parts = [*module.split("."), *(["__init__"] if whole[-1:] == ("__init__",) else [])]
    if list(whole[-len(parts) :]) != parts:
        return None
    return PurePosixPath(*whole[: -len(parts)]).as_posix()


def _dotted(relative: PurePosixPath) -> str:
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _chosen(
    top: Path, path: PurePosixPath, run: RunSpec | None, there: Callable[[PurePosixPath], bool]
) -> ImportRoot | None:
    """The root that somebody wrote down, the deepest one that holds the file."""
    run_root = PurePosixPath(run.root if run else "")
    if run and run.import_root:
        named = _inside(run_root, run.import_root)
        if named is not None and path.is_relative_to(named):
            return ImportRoot(named)
    home = _home(path, there)
    found = [*_of_pytest(top, run), *(_of_build(top, home) if home is not None else [])]
    holding = [root for root in found if path.is_relative_to(root.folder)]
    if not holding:
        return None
    root = max(holding, key=lambda item: len(item.folder.parts))
    return root if root.prefix else ImportRoot(_out_of_packages(root.folder, there))


def _usual(
    path: PurePosixPath, run_root: PurePosixPath, there: Callable[[PurePosixPath], bool]
) -> ImportRoot:
    """The root where nothing is written down: `src`, or the project itself."""
    home = _home(path, there) or PurePosixPath()
    base = run_root if path.is_relative_to(run_root) else home
    if home.is_relative_to(base):
        base = home
    if path.is_relative_to(base / "src") and not there(base / "src" / "__init__.py"):
        base = base / "src"
    return ImportRoot(_out_of_packages(base, there))


def _home(path: PurePosixPath, there: Callable[[PurePosixPath], bool]) -> PurePosixPath | None:
    """The nearest folder that describes a project."""
    for folder in path.parents:
        if any(there(folder / name) for name in PROJECT_FILES):
            return folder
    return None


def _out_of_packages(
    folder: PurePosixPath, there: Callable[[PurePosixPath], bool]
) -> PurePosixPath:
    while folder.parts and there(folder / "__init__.py"):
        folder = folder.parent
    return folder


def _inside(base: PurePosixPath, path: str) -> PurePosixPath | None:
    """The path below the checkout; None where it leaves it."""
    joined = os.path.normpath(base / path)
    return None if os.path.isabs(joined) or joined.startswith("..") else PurePosixPath(joined)


def _of_pytest(top: Path, run: RunSpec | None) -> Iterator[ImportRoot]:
    """What pytest's own `pythonpath` adds."""
    if run is None:
        return
    places = [run.root, *(os.path.join(run.root, suite) for suite in run.baseline)]
    for place in dict.fromkeys(os.path.normpath(top / place) for place in places):
        start = Path(place)
        if not start.is_relative_to(top):
            continue
        settings = pytest_settings(start if start.is_dir() else start.parent, top)
        for word in settings.words("pythonpath") if settings else ():
            assert settings is not None
            base = PurePosixPath(settings.folder.relative_to(top).as_posix())
            folder = _inside(base, word)
            if folder is not None:
                yield ImportRoot(folder)


def _of_build(top: Path, home: PurePosixPath) -> Iterator[ImportRoot]:
    """What the project's build takes its packages from."""
    for folder, prefix in [
        *_of_pyproject(_content(top / home / "pyproject.toml") or b""),
        *_of_setup_cfg(_content(top / home / "setup.cfg") or b""),
        *_of_setup_py(_content(top / home / "setup.py") or b""),
    ]:
        inside = _inside(home, folder)
        if inside is not None:
            yield _mapped(inside, prefix)


def _mapped(folder: PurePosixPath, prefix: str) -> ImportRoot:
    """The root of a package that has its own folder: above it, where the names agree."""
    parts = tuple(prefix.split(".")) if prefix else ()
    if parts and folder.parts[-len(parts) :] == parts:
        return ImportRoot(PurePosixPath(*folder.parts[: -len(parts)]))
    return ImportRoot(folder, prefix)


def _of_pyproject(content: bytes) -> Iterator[tuple[str, str]]:
    """Folder and prefix, for each build backend that has a setting for it."""
    tool = _table(_toml(content, ("tool",)))
    setuptools = _table(tool.get("setuptools"))
    yield from _of_package_dir(setuptools.get("package-dir"))
    packages = setuptools.get("packages")
    find = _table(packages).get("find")
    yield from ((where, "") for where in texts(_table(find).get("where")))
    poetry = _table(tool.get("poetry")).get("packages")
    for item in poetry if isinstance(poetry, list) else ():
        yield from ((where, "") for where in texts([_table(item).get("from")]))
    hatch = _table(_table(tool.get("hatch")).get("build"))
    for part in (hatch, _table(_table(hatch.get("targets")).get("wheel"))):
        yield from _of_hatch(part)
    scikit = _table(_table(tool.get("scikit-build")).get("wheel"))
    yield from ((os.path.dirname(item), "") for item in texts(scikit.get("packages")))
    singles = (("pdm", "build", "package-dir"), ("uv", "build-backend", "module-root"))
    for name, table, key in singles:
        yield from (
            (text, "") for text in texts([_table(_table(tool.get(name)).get(table)).get(key)])
        )
    yield from ((text, "") for text in texts([_table(tool.get("maturin")).get("python-source")]))


def _of_hatch(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((os.path.dirname(item), "") for item in texts(part.get("packages")))
    yield from ((item, "") for item in texts(part.get("dev-mode-dirs")))
    sources = part.get("sources")
    yield from ((item, "") for item in texts(sources))
    for folder, name in _table(sources).items():
        yield from ((folder, text.replace("/", ".")) for text in texts([name]))


def _of_package_dir(value: Any) -> Iterator[tuple[str, str]]:
    for name, folder in _table(value).items():
        yield from ((text, name) for text in texts([folder]))


def _of_setup_cfg(content: bytes) -> Iterator[tuple[str, str]]:
    options = _ini(content, "options") or {}
    for line in str(options.get("package_dir", "")).splitlines():
        name, equals, folder = line.partition("=")
        if equals:
            yield folder.strip(), name.strip()
    find = _ini(content, "options.packages.find") or {}
    if find.get("where"):
        yield str(find["where"]).strip(), ""


def _of_setup_py(content: bytes) -> Iterator[tuple[str, str]]:
    """Literal arguments of `setup` and `find_packages`; what is computed is not seen."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
        if called == "setup":
            yield from _of_package_dir(given.get("package_dir"))
        elif called in ("find_packages", "find_namespace_packages"):
            where = given.get("where", _literal(node.args[0]) if node.args else None)
            yield from ((text, "") for text in texts([where]))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _content(place: Path) -> bytes | None:
    try:
        return read_plain(place, most=MOST_BYTES)
    except OSError:
        return None


def _toml(content: bytes, keys: tuple[str, ...]) -> dict[str, Any] | None:
    """The table below these keys; None where there is none, or the file is broken."""
    try:
        found = toml(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    for key in keys:
        found = _table(found).get(key)
    return found if isinstance(found, dict) else None


def _ini(content: bytes, section: str) -> dict[str, Any] | None:
    """The section's values; None where there is none, or the file is broken."""
    if f"[{section}]".encode() not in content:
        return None
    import configparser

    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    try:
        parser.read_string(content.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return None
    if not parser.has_section(section):
        return None
    return {key: value or "" for key, value in parser.items(section)}
