"""What a project's own files declare as its dependencies, for the command that installs them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scaffold.checkout.files import read_plain
from scaffold.languages.python.project import PROJECT_FILES, texts

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CALLED_OTHERWISE = {
    "attr": "attrs", "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "cv2": "opencv-python",
    "dateutil": "python-dateutil", "docx": "python-docx", "dotenv": "python-dotenv",
    "git": "gitpython", "google.protobuf": "protobuf", "grpc": "grpcio", "jose": "python-jose",
    "jwt": "pyjwt", "magic": "python-magic", "multipart": "python-multipart",
    "MySQLdb": "mysqlclient", "OpenSSL": "pyopenssl", "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary", "serial": "pyserial", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "slugify": "python-slugify", "socks": "pysocks",
    "usb": "pyusb", "websocket": "websocket-client", "yaml": "pyyaml", "zmq": "pyzmq",
}  # fmt: skip
"""Module -> the package that holds it, where the names differ; no list of all is meant."""


def install_words(
    folder: Path, place: str, wanted: Iterable[str], lacking: Iterable[str], least: str
) -> list[str]:
    """What pip is to install for the tests: the project with the extras that they need, pytest.

    Args:
        folder: The project.
        place: What it is called in the command.
        wanted: Modules that the tests import.
        lacking: Those that the project's own environment lacks: where no extra has them, the
            same command again would not help, so they are named.
        least: The oldest pytest that does.
    """
    pytest = f"pytest>={least}"
    if not any((folder / name).is_file() for name in PROJECT_FILES):
        names = {called(name) for name in {*wanted, *lacking}} - {"pytest"}
        return [pytest, *sorted(names)]
    extras = _extras(_read(folder / "pyproject.toml"))
    packages = {package_of(name): name for name in {*wanted, *lacking}}
    packages.pop("pytest", None)
    main = extras.pop("", {})
    chosen = sorted(
        {extra for extra, named in extras.items() if not extra.startswith("group ")
         and any(name in named and name not in main for name in packages)}
    )  # fmt: skip
    provided = {name for extra in chosen for name in extras[extra]} | set(main)
    groups = {
        name: named[name]
        for extra, named in extras.items()
        if extra.startswith("group ")
        for name in packages
        if name in named and name not in provided
    }
    known = {*provided, *groups, "pytest"}
    alone = {called(name) for name in lacking if package_of(name) not in known}
    project = f"{place}[{','.join(chosen)}]" if chosen else place
    return ["-e", project, pytest, *(groups[name] for name in sorted(groups)), *sorted(alone)]


def newest(versions: Iterable[str]) -> str:
    """The highest of these versions, by the numbers that each begins with."""
    found = (re.match(r"(\d{1,6}(?:\.\d{1,6})*)", version.strip()) for version in versions)
    numbers = [one[1] for one in found if one]
    return max(numbers, key=lambda text: [int(part) for part in text.split(".")])


def package_of(module: str) -> str:
    """The package that most likely holds a module, by its normal name."""
    return _normal(called(module))


def called(module: str) -> str:
    """The package that most likely holds a module, as a person would type it."""
    for depth in range(module.count(".") + 1, 0, -1):
        name = ".".join(module.split(".")[:depth])
        if name in CALLED_OTHERWISE:
            return CALLED_OTHERWISE[name]
    return module.split(".")[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(place: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(read_plain(place).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _extras(data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Extra -> package -> requirement; "" is what is always needed, "group X" a group."""
    project = _table(data.get("project"))
    found = {"": _packages(texts(project.get("dependencies")))}
    for name, listed in _table(project.get("optional-dependencies")).items():
        found[name] = _packages(texts(listed))
    for name, listed in _table(data.get("dependency-groups")).items():
        found[f"group {name}"] = _packages(texts(listed))
    poetry = _table(_table(data.get("tool")).get("poetry"))
    found[""].update(_packages(_table(poetry.get("dependencies"))))
    for name, listed in _table(poetry.get("extras")).items():
        found.setdefault(name, {}).update(_packages(texts(listed)))
    for name, group in _table(poetry.get("group")).items():
        found[f"group {name}"] = _packages(_table(_table(group).get("dependencies")))
    return found


def _packages(requirements: Iterable[str]) -> dict[str, str]:
    return {_normal(found[0]): text for text, found in _named(requirements)}


def _named(requirements: Iterable[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for text in requirements:
        found = NAME.match(text.strip())
        if found:
            yield text, found


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
