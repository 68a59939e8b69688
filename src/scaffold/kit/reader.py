"""The strict reader of a kit's tables: data classes say which keys there are, and what each holds.

A field is read by the name of its annotation (see `_READERS`), and by its metadata: `key` where the
file calls it otherwise, `of` for the data class of a table or of an array of tables, `words` for an
enumeration (a tuple, or the name of one that the caller hands in). Every fault names file and line.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

from scaffold.errors import KitError
from scaffold.system.caching import toml, tomls
from scaffold.system.frozen import frozen
from scaffold.system.invocation import edit, look
from scaffold.system.reading import MOST_NAME, is_inside, plain_name, read_plain, walk_names
from scaffold.system.toml_lines import line_of

Keys = tuple[str | int, ...]
Reader = Callable[[Any, "Page", Keys], Any]
T = TypeVar("T")

# How a field is read: by these names. To the rest of the program they are plain types.
Line = str
Program = str
Version = str
InnerPath = str
InnerFolder = str
OptionalPath = str
InnerPaths = tuple[str, ...]
Lines = tuple[str, ...]
Patterns = tuple[str, ...]
Percent = float | None

MOST_KIT_BYTES = 1 << 20
"""The largest file of a kit beside its templates."""
CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_keys: dict[tuple[object, ...], Mapping[str, Field[Any]]] = {}
_PLAIN_NAME = r"[A-Za-z0-9_-]+(?:\.+[A-Za-z0-9_-]+)*"
_PLAIN = re.compile(rf"{_PLAIN_NAME}(?:/{_PLAIN_NAME})*")
_SHORT_NAME = re.compile(r"scaffo~\d+|git~\d+")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_VERSION = re.compile(r"\d+(\.\d+)*")


@frozen
class Page:
    """One file of a kit: what it holds, and the words that the caller knows."""

    path: Path
    data: Any
    line_of: Callable[[Keys], int]
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fail(self, keys: Keys, fact: str, hint: str = "") -> NoReturn:
        """Refuse the file, with the line of a key.

        Raises:
            KitError: Always.
        """
        raise KitError(f"{self.path}:{self.line_of(keys)}: {fact}", hint or edit(self.path))


def read_text(path: Path) -> str:
    """The text of a file of the kit.

    Raises:
        KitError: It is missing, a link, not a plain file of bounded size, or not UTF-8.
    """
    try:
        if path.is_symlink():
            raise KitError(f"{path}: is a symlink; a kit holds plain files", look(path))
        return read_plain(path, most=MOST_KIT_BYTES).decode("utf-8")
    except FileNotFoundError as error:
        raise KitError(
            f"{path.parent.parent} is no kit: {path.name} is missing", edit(path)
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise KitError(f"{path}:{line}: not UTF-8 (byte {error.start})", edit(path)) from error
    except OSError as error:
        raise KitError(f"{path}: {error.strerror or error}", look(path)) from error


def read_toml(path: Path, words: Mapping[str, Sequence[str]] | None = None) -> Page:
    """A TOML file of the kit.

    Raises:
        KitError: See `read_text`; or it does not parse.
    """
    return read_tomls([path], words)[0]


def read_tomls(
    paths: Sequence[Path], words: Mapping[str, Sequence[str]] | None = None
) -> list[Page]:
    """TOML files of the kit, faster than one by one.

    Raises:
        KitError: See `read_toml`; the first that is broken is named.
    """
    texts = [read_text(path) for path in paths]
    try:
        found = tomls(texts)
    except (RecursionError, ValueError):
        found = [_parsed(path, text) for path, text in zip(paths, texts, strict=True)]
    return [
        Page(path, data, partial(line_of, text), words or {})
        for path, text, data in zip(paths, texts, found, strict=True)
    ]


def _parsed(path: Path, text: str) -> Any:
    try:
        return toml(text)
    except (RecursionError, ValueError) as error:
        import tomllib

        found = re.search(r"line (\d+)", str(error))
        last = text.count("\n") + 1 if isinstance(error, tomllib.TOMLDecodeError) else 1
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        if text.startswith("\ufeff"):
            why = "it begins with a byte order mark, which TOML does not have"
        raise KitError(f"{path}:{found[1] if found else last}: {why}", edit(path)) from error


def walk_kit(folder: Path) -> Iterator[Path]:
    """Everything below a folder of a kit, without what Python compiled there: pip does so."""
    return map(folder.joinpath, kit_names(folder))


def kit_names(folder: Path) -> Iterator[str]:
    """What `walk_kit` finds, as paths below the folder: `status` makes no `Path` of each."""
    return walk_names(folder, leave="__pycache__".__eq__)


def gap_files(templates: Path) -> list[Path]:
    """The gap.toml of every gap, in the order of their folders.

    Raises:
        KitError: A folder is a link, or its name cannot be a gap's.
    """
    try:
        folders = sorted(place for place in templates.iterdir() if place.is_dir())
    except OSError as error:
        raise KitError(f"{templates}: {error.strerror}", look(templates)) from error
    found = [place / "gap.toml" for place in folders if os.path.lexists(place / "gap.toml")]
    for path in found:
        if path.parent.is_symlink():
            raise KitError(
                f"{path.parent}: is a symlink; a kit holds plain files", look(path.parent)
            )
        if not _SLUG.fullmatch(path.parent.name):
            raise KitError(
                f"{path}:1: '{path.parent.name}' cannot be the name of a gap: "
                "letters, digits, _ and - only",
                look(path.parent),
            )
    return found


def build(cls: type[T], table: Any, page: Page, keys: Keys = (), **given: Any) -> T:
    """A data class from a table; `given` are fields that the file does not hold.

    Raises:
        KitError: A key is unknown or missing, or its value does not fit.
    """
    if not isinstance(table, dict):
        page.fail(keys, f"{label(keys)} must be a table")
    known = keys_of(cls, given)
    for key in table:
        if key not in known:
            page.fail((*keys, key), unknown(label((*keys, key)), key, known))
    values = dict(given)
    for key, one in known.items():
        if key in table:
            values[one.name] = _reader(one)(table[key], page, (*keys, key))
        elif one.default is MISSING and one.default_factory is MISSING:
            where = f" in {label(keys)}" if keys else ""
            page.fail(keys, f"the key '{key}' is missing{where}")
    return cls(**values)


def keys_of(cls: type, given: Collection[str] = ()) -> Mapping[str, Field[Any]]:
    """Key in the file -> field of the data class."""
    wanted = cls, *given
    if wanted not in _keys:
        _keys[wanted] = {
            one.metadata.get("key", one.name): one
            for one in fields(cls)
            if one.name not in given and one.metadata.get("key", one.name)
        }
    return _keys[wanted]


def unknown(name: str, key: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """The sentence about a key that nothing reads, with the closest one that something does."""
    close = closest(key, known)
    end = f"the closest match is '{close}'" if close else f"there is {', '.join(known)}"
    return f"unknown key '{name}'; {end}"


def closest(name: str, known: Collection[str], *, cutoff: float = 0.5) -> str:
    """The known name that is most like this one; empty where none is like it."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)), "")


def label(keys: Keys) -> str:
    """A place in a file as a person writes it: `targets[2].line_pct`."""
    text = ""
    for key in keys:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if text else key
    return text or "the file"


def holds_control(text: str) -> bool:
    """Whether a character moves the cursor, ends the line or turns the direction of writing."""
    plain = text.isascii() and text.isprintable()
    return not plain and re.search(CONTROL, text) is not None


def fault_of_path(text: Any) -> str:
    """What is wrong with a place in a checkout, in words; empty where nothing is."""
    if not isinstance(text, str) or not text:
        return "is not a path"
    if _is_plain(text):
        return ""
    if holds_control(text) or "\\" in text:
        return "holds a control character or a backslash"
    if not is_inside(text) or any(_is_reserved(part) for part in PurePosixPath(text).parts):
        return "is not a place inside the checkout"
    if PurePosixPath(text).as_posix() != text:
        return f"is not written as '{PurePosixPath(text).as_posix()}'"
    return ""


def _is_plain(text: str) -> bool:
    """Whether a path is of letters, digits, `_`, `-` and inner dots: most are, and none is bad."""
    return len(text) <= MOST_NAME and _PLAIN.fullmatch(text) is not None


def _is_reserved(part: str) -> bool:
    """Whether some file system takes a name for `.git` or `.scaffold`."""
    plain = plain_name(part)
    return plain in (".git", ".scaffold") or _SHORT_NAME.fullmatch(plain) is not None


@cache
def _reader(one: Field[Any]) -> Reader:
    """How the value of a field is read."""
    inner, words = one.metadata.get("of"), one.metadata.get("words")
    if inner is not None:
        return partial(_tables if str(one.type).startswith("tuple") else build, inner)
    if one.metadata.get("any"):
        return lambda value, page, keys: value
    plain = _READERS[str(one.type)]
    return plain if words is None else partial(_word, plain, words)


def _tables(cls: type[T], value: Any, page: Page, keys: Keys) -> tuple[T, ...]:
    if not isinstance(value, list):
        page.fail(keys, f"{label(keys)} must be an array of tables")
    return tuple(build(cls, item, page, (*keys, n)) for n, item in enumerate(value))


def _word(read: Reader, words: str | Sequence[str], value: Any, page: Page, keys: Keys) -> Any:
    result = read(value, page, keys)
    _check_word(result, page, keys, words)
    return result


def _check_word(value: str, page: Page, keys: Keys, words: str | Sequence[str]) -> None:
    allowed = page.words.get(words) if isinstance(words, str) else words
    if allowed is not None and value not in allowed:
        page.fail(keys, f"{label(keys)} = '{value}' is none of {', '.join(allowed)}")


def _text(value: Any, page: Page, keys: Keys) -> str:
    if not isinstance(value, str):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be a string")
    return value


def _line(value: Any, page: Page, keys: Keys) -> str:
    text = _text(value, page, keys)
    if not text.strip() or holds_control(text):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be one line of text")
    return text


def _flag(value: Any, page: Page, keys: Keys) -> bool:
    if not isinstance(value, bool):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be true or false")
    return value


def _percent(value: Any, page: Page, keys: Keys) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 100:
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be a number from 0 to 100")
    return value


def _path(value: Any, page: Page, keys: Keys) -> str:
    fault = fault_of_path(value)
    if fault:
        page.fail(keys, f"{label(keys)} = {_shown(value)} {fault}")
    return str(value)


def _folder(value: Any, page: Page, keys: Keys) -> str:
    return "." if value == "." else _path(value, page, keys)


def _optional_path(value: Any, page: Page, keys: Keys) -> str:
    return "" if value == "" else _path(value, page, keys)


def _version(value: Any, page: Page, keys: Keys) -> str:
    text = _text(value, page, keys)
    if text and not _VERSION.fullmatch(text):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be a version such as 12 or 1.2")
    return text


def _pattern(value: Any, page: Page, keys: Keys) -> str:
    text = _line(value, page, keys)
    if "**" in text or ".." in PurePosixPath(text).parts or not text.startswith("/"):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be an absolute folder, without **")
    return text


def _program(value: Any, page: Page, keys: Keys) -> str:
    text = _line(value, page, keys)
    if "/" in text or text.startswith((".", "-")):
        page.fail(keys, f"{label(keys)} = {_shown(value)} must be the name of a program")
    return text


def _many(
    read: Callable[[Any, Page, Keys], str],
) -> Callable[[Any, Page, Keys], tuple[str, ...]]:
    def all_of(value: Any, page: Page, keys: Keys) -> tuple[str, ...]:
        if not isinstance(value, list):
            page.fail(keys, f"{label(keys)} = {_shown(value)} must be an array of strings")
        items = tuple(read(item, page, (*keys, n)) for n, item in enumerate(value))
        if len(set(items)) < len(items):
            again = next(item for n, item in enumerate(items) if item in items[:n])
            page.fail(keys, f"{label(keys)} names '{again}' twice")
        return items

    return all_of


_READERS: Mapping[str, Reader] = {
    "str": _text,
    "bool": _flag,
    "Line": _line,
    "Program": _program,
    "Version": _version,
    "Percent": _percent,
    "InnerPath": _path,
    "InnerFolder": _folder,
    "OptionalPath": _optional_path,
    "InnerPaths": _many(_path),
    "Lines": _many(_line),
    "Patterns": _many(_pattern),
}
"""Annotation of a field -> how its value is read."""


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]}…" if len(text) > 60 else text
