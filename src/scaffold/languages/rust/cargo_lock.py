"""The edit kind `cargo_lock`: a path crate in Cargo.lock, so that `--locked` still holds, offline.

A payload is TOML of

- `[[package]]` with name, version and dependencies: the unit `package NAME`, put in its place by
  name, as cargo writes it;
- `[[package]]` with a name and dependencies but no version: each dependency is a unit
  `package NAME: DEPENDENCY` of a package that is there.

Dependencies must be in the file already: nothing is fetched. Where it holds several versions of
one, the payload names the beginning of that which is meant (`"rand 0.8"`), and a dependency is
written with its version, as cargo does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from scaffold.edits import ApplyOptions, EditResult, RevertOptions, Unit
from scaffold.edits.decisions import (
    Ours,
    Place,
    Step,
    check_planned,
    digest,
    existing,
    line_number,
    local,
    ours,
)
from scaffold.errors import CheckoutError, KitError

_BLOCK = re.compile(r"^\[\[package\]\]\n(?:[^\n\[][^\n]*\n)*", re.MULTILINE)
_FIELD = re.compile(r'^(name|version|source) = "([^"]*)"$', re.MULTILINE)
_LIST = re.compile(r"^dependencies = \[\n((?: \"[^\n]*\",\n)*)\]\n", re.MULTILINE)


@dataclass(frozen=True)
class _Block:
    """A `[[package]]` of the file, its line ends plain."""

    name: str
    version: str
    start: int
    end: int
    text: str
    path_crate: bool

    @property
    def dependencies(self) -> list[str]:
        found = _LIST.search(self.text)
        return re.findall(r'^ "([^"]*)",$', found[1], re.MULTILINE) if found else []


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The lock file with the packages and dependencies of the payload.

    Raises:
        CheckoutError: The file is not there, or lacks a package that is needed.
        ConflictError: A package of that name is there in another version, and is not ours.
        KitError: The payload is broken, or another payload of this plan says otherwise.
    """
    origin = options.get("origin", "payload")
    packages = _read(payload, origin)
    if not packages:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    check_planned(units(payload, origin=origin), planned, origin)
    own = ours(
        path,
        options.get("owned", ()),
        planned,
        on_conflict=options.get("on_conflict", "refuse"),
    )
    whole = existing(text, path)
    result = whole.replace("\r\n", "\n")
    owned: list[Unit] = []
    for package in sorted(packages, key=lambda item: "version" not in item):
        if "version" in package:
            result = _with_package(result, package, own, owned)
        else:
            for name in package["dependencies"]:
                result = _with_dependency(result, package["name"], name, own, owned)
    return EditResult(local(result, whole), tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The lock file without the packages and dependencies; a package of a registry stays.

    Raises:
        ConflictError: A package was given another version since.
    """
    own = ours(
        path, options.get("owned", ()), drop, on_conflict=options.get("on_conflict", "refuse")
    )
    result = text.replace("\r\n", "\n")
    for unit in drop:
        name, _, dependency = unit.name.removeprefix("package ").partition(": ")
        block = _find(result, name)
        if block is None:
            continue
        if dependency:
            left = [item for item in block.dependencies if item.split(" ")[0] != dependency]
            result = _with_list(result, block, left)
        elif block.path_crate and own.may_drop(unit.name, _place(result, block)):
            after = result[block.end :].removeprefix("\n")
            before = result[: block.start]
            result = before + after if after else before.rstrip("\n") + "\n"
    return local(result, text)


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    found = []
    for package in _read(payload, origin):
        if "version" in package:
            found.append(_unit(package["name"], package["version"]))
        else:
            found += [
                _unit(f"{package['name']}: {d.split(' ')[0]}") for d in package["dependencies"]
            ]
    return tuple(sorted(found))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, str]:
    """Unit name -> present, edited or absent."""
    result = text.replace("\r\n", "\n")
    places: dict[str, Place] = {}
    for unit in owned:
        name, _, dependency = unit.name.removeprefix("package ").partition(": ")
        block = _find(result, name)
        if block is not None and not dependency:
            places[unit.name] = _place(result, block)
        elif block is not None and dependency in {d.split(" ")[0] for d in block.dependencies}:
            places[unit.name] = Place(unit.digest, line_number(result, block.start))
    return ours(path, owned).standing(places)


def _read(payload: str, origin: str) -> list[dict[str, Any]]:
    hint = f"write [[package]] with name, version and dependencies, in {origin}"
    try:
        data = tomllib.loads(payload)
    except tomllib.TOMLDecodeError as fault:
        raise KitError(f"{origin}: {fault}", hint) from fault
    packages: list[dict[str, Any]] = data.get("package", [])
    for package in packages:
        package.setdefault("dependencies", [])
        if "name" not in package or package.keys() - {"name", "version", "dependencies"}:
            raise KitError(f"{origin}: a package has name, version and dependencies only", hint)
    if data.keys() - {"package"}:
        raise KitError(f"{origin}: holds more than packages", hint)
    return packages


def _with_package(text: str, package: dict[str, Any], own: Ours, owned: list[Unit]) -> str:
    name, version = package["name"], package["version"]
    unit = _unit(name, version)
    there = _find(text, name)
    step, mine = own.decide(unit, _place(text, there) if there else None)
    if mine:
        owned.append(unit)
    if step is Step.LEAVE:
        return text
    needed = sorted(_resolved(text, item, name, own.path) for item in package["dependencies"])
    block = f'[[package]]\nname = "{name}"\nversion = "{version}"\n{_list(needed)}'
    if there is not None:
        return text[: there.start] + block + text[there.end :]
    following = next((b for b in _blocks(text) if (b.name, b.version) > (name, version)), None)
    if following is None:
        return text.rstrip("\n") + "\n\n" + block
    return text[: following.start] + block + "\n" + text[following.start :]


def _with_dependency(text: str, package: str, wanted: str, own: Ours, owned: list[Unit]) -> str:
    block = _find(text, package)
    if block is None:
        raise _absent(own.path, package, "this gap adds a dependency to it")
    needed = _resolved(text, wanted, package, own.path)
    unit = _unit(f"{package}: {wanted.split(' ')[0]}")
    if needed in block.dependencies:
        owned += [unit] if unit.name in own.digests else []
        return text
    owned.append(unit)
    return _with_list(text, block, sorted([*block.dependencies, needed]))


def _with_list(text: str, block: _Block, dependencies: Sequence[str]) -> str:
    new = _list(dependencies)
    found = _LIST.search(block.text)
    body = (
        block.text[: found.start()] + new + block.text[found.end() :] if found else block.text + new
    )
    return text[: block.start] + body + text[block.end :]


def _list(dependencies: Sequence[str]) -> str:
    if not dependencies:
        return ""
    return "dependencies = [\n" + "".join(f' "{item}",\n' for item in dependencies) + "]\n"


def _resolved(text: str, wanted: str, package: str, path: str) -> str:
    """A dependency as cargo writes it: with its version where there are several."""
    name, _, version = wanted.partition(" ")
    there = [block for block in _blocks(text) if block.name == name]
    fitting = [block for block in there if block.version.startswith(version)]
    if not fitting:
        raise _absent(path, wanted, f"'{package}' needs it")
    if len(fitting) > 1:
        raise CheckoutError(
            f"{path}: there are several versions of '{name}' "
            f"({', '.join(block.version for block in fitting)}), and '{package}' needs one",
            "scaffold status shows what fits this checkout",
        )
    return name if len(there) == 1 else f"{name} {fitting[0].version}"


def _blocks(text: str) -> list[_Block]:
    found = []
    for match in _BLOCK.finditer(text if text.endswith("\n") else text + "\n"):
        fields = dict(_FIELD.findall(match[0]))
        name, version = fields.get("name", ""), fields.get("version", "")
        found.append(
            _Block(name, version, match.start(), match.end(), match[0], "source" not in fields)
        )
    return found


def _find(text: str, name: str) -> _Block | None:
    named = [block for block in _blocks(text) if block.name == name]
    return next((b for b in named if b.path_crate), named[0] if named else None)


def _place(text: str, block: _Block) -> Place:
    # Dependencies are cargo's to write; name and version tell what we wrote.
    return Place(_unit(block.name, block.version).digest, line_number(text, block.start))


def _unit(name: str, version: str = "") -> Unit:
    return Unit(f"package {name}", digest(f"{name} {version}"))


def _absent(path: str, name: str, why: str) -> CheckoutError:
    return CheckoutError(
        f"{path}: there is no package '{name}', and {why}",
        "scaffold status shows what fits this checkout",
    )
