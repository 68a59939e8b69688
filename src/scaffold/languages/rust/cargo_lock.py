"""The edit kind `cargo_lock`: a path crate in Cargo.lock, so that `--locked` still holds, offline.

A payload is TOML of

- `[[package]]` with name, version and dependencies: the unit `package NAME`, put in its place by
  name, as cargo writes it;
- `[[package]]` with a name and dependencies but no version: each dependency is a unit
  `package NAME: DEPENDENCY` of a package that is there.

Dependencies must be in the file already: nothing is fetched. Where it holds several versions of
one, the payload names the beginning of that which is meant (`"rand 0.8"`), and a dependency is
written with its version, as cargo does.

The file is read as TOML and written in cargo's layout, which is the same for all files. One that
would not come out byte for byte is refused.
"""

from __future__ import annotations

import tomllib
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    check_planned,
    digest,
    existing,
    local,
    ours,
)
from scaffold.errors import CheckoutError, KitError
from scaffold.system.invocation import edit, mending, quoted

_BELOW = ("\n[[patch.unused]]\n", "\n[metadata]\n")
"""What may come after the packages."""
Package = dict[str, Any]


@dataclass
class _Lock:
    """A lock file: its packages, and the text above and below them."""

    path: str
    head: str
    packages: list[Package]
    tail: str

    @staticmethod
    def read(text: str, path: str, *, exact: bool = True) -> _Lock:
        """The lock file of a text.

        Raises:
            CheckoutError: It does not parse; or is not laid out as cargo does, and must be `exact`.
        """
        plain = text.replace("\r\n", "\n")
        plain += "" if plain.endswith("\n") else "\n"
        try:
            packages = _tables(tomllib.loads(plain).get("package"))
        except tomllib.TOMLDecodeError as fault:
            raise CheckoutError(f"{path} does not parse: {fault}", edit(path)) from fault
        head, _, rest = plain.partition("[[package]]\n")
        below = min((at for mark in _BELOW if (at := rest.find(mark)) >= 0), default=len(rest))
        lock = _Lock(path, head, packages, rest[below:])
        if exact and (not packages or lock.text(text) != text):
            manifest = path.replace("Cargo.lock", "Cargo.toml")
            mends_lines = f"perl -pi -e 's/\\r$//' {quoted(path)}"
            mends_all = f"cargo update --workspace --manifest-path {quoted(manifest)}"
            raise CheckoutError(
                f"{path} is not laid out as cargo does it, so it cannot be edited",
                mending(mends_all if local(plain, text).startswith(text) else mends_lines, path),
            )
        return lock

    def text(self, like: str) -> str:
        """The file as cargo writes it, with the line ends of a text, of which the last may miss."""
        whole = self.head + "\n".join(map(_written, self.packages)) + self.tail
        return local(whole if like.endswith("\n") else whole.removesuffix("\n"), like)

    def find(self, name: str) -> Package | None:
        """The package of that name, one of this checkout before one of a registry."""
        named = [package for package in self.packages if package.get("name") == name]
        return next((one for one in named if "source" not in one), named[0] if named else None)

    def place(self, package: Package) -> Occurrence:
        """Where a package stands. Its dependencies are cargo's; name and version tell ours."""
        above = map(_written, self.packages[: self.packages.index(package)])
        line = (self.head + "".join(f"{one}\n" for one in above)).count("\n") + 1
        return Occurrence(_unit(package["name"], package.get("version", "")).digest, line)

    def add(self, package: Package, there: Package | None) -> None:
        """Put a package in its place by name, or in that of another one."""
        if there is not None:
            self.packages[self.packages.index(there)] = package
        else:
            insort(self.packages, package, key=lambda one: (one["name"], one["version"]))

    def resolved(self, wanted: str, package: str) -> str:
        """A dependency as cargo writes it: with its version where there are several.

        Raises:
            CheckoutError: It is not in the file, or in several versions.
        """
        name, _, version = wanted.partition(" ")
        there = [one["version"] for one in self.packages if one["name"] == name]
        fitting = [one for one in there if one.startswith(version)]
        if not fitting:
            raise _absent(self.path, wanted, f"'{package}' needs it")
        if len(fitting) > 1:
            raise CheckoutError(
                f"{self.path}: there are several versions of '{name}' ({', '.join(fitting)}), and "
                f"'{package}' needs one",
                "scaffold status",
            )
        return name if len(there) == 1 else f"{name} {fitting[0]}"


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The lock file with the packages and dependencies of the payload.

    Raises:
        CheckoutError: The file is not there or not as cargo writes it, or lacks a package.
        ConflictError: A package of that name is there in another version, and is not ours.
        KitError: The payload is broken, or another payload of this plan differs.
    """
    origin = options.get("origin", "payload")
    packages = _read(payload, origin)
    if not packages:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    check_planned(units(payload, origin=origin), planned, origin)
    own = ours(path, options, planned)
    text = existing(text, path)
    lock = _Lock.read(text, path)
    owned: list[Unit] = []
    for package in sorted(packages, key=lambda item: "version" not in item):
        if "version" in package:
            _add_package(lock, package, own, owned)
        else:
            for name in package["dependencies"]:
                _add_dependency(lock, package["name"], name, own, owned)
    return EditResult(lock.text(text), tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The lock file without the packages and dependencies; a package of a registry stays.

    Raises:
        CheckoutError: The file is not as cargo writes it.
        ConflictError: A package was given another version since.
    """
    own = ours(path, options, drop)
    lock = _Lock.read(text, path)
    for unit in drop:
        name, dependency = _names(unit)
        package = lock.find(name)
        if package is None:
            continue
        if dependency:
            left = [one for one in _needs(package) if one.split(" ")[0] != dependency]
            package["dependencies"] = left
        elif "source" not in package and own.may_drop(unit.name, lock.place(package)):
            lock.packages.remove(package)
    return lock.text(text)


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    found = []
    for package in _read(payload, origin):
        name = package["name"]
        if "version" in package:
            found.append(_unit(name, package["version"]))
        else:
            found += [_unit(f"{name}: {one.split(' ')[0]}") for one in package["dependencies"]]
    return tuple(sorted(found))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, edited or absent.

    Raises:
        CheckoutError: The file does not parse.
    """
    lock = _Lock.read(text, path, exact=False)
    places: dict[str, Occurrence] = {}
    for unit in owned:
        name, dependency = _names(unit)
        package = lock.find(name)
        if package is not None and not dependency:
            places[unit.name] = lock.place(package)
        elif package is not None and dependency in {one.split(" ")[0] for one in _needs(package)}:
            places[unit.name] = Occurrence(unit.digest, 1)
    return ours(path, {"owned": owned}).standing(places)


def _read(payload: str, origin: str) -> list[Package]:
    try:
        data = tomllib.loads(payload)
    except tomllib.TOMLDecodeError as fault:
        raise KitError(f"{origin}: {fault}") from fault
    packages = data.get("package", [])
    if data.keys() - {"package"} or _tables(packages) != packages:
        raise KitError(f"{origin}: holds more than packages")
    for package in packages:
        needs = package.setdefault("dependencies", [])
        words = [package.get("name"), package.get("version", ""), *_needs(package)]
        known = package.keys() <= {"name", "version", "dependencies"}
        if not (known and isinstance(needs, list) and all(isinstance(w, str) for w in words)):
            raise KitError(f"{origin}: a package has name, version and dependencies only")
    return list(packages)


def _add_package(lock: _Lock, package: Package, own: Ours, owned: list[Unit]) -> None:
    name = package["name"]
    unit, there = _unit(name, package["version"]), lock.find(name)
    step, mine = own.decide(unit, lock.place(there) if there else None)
    if mine:
        owned.append(unit)
    if step is not Step.LEAVE:
        needed = sorted(lock.resolved(item, name) for item in package["dependencies"])
        lock.add({**package, "dependencies": needed}, there)


def _add_dependency(lock: _Lock, name: str, wanted: str, own: Ours, owned: list[Unit]) -> None:
    package = lock.find(name)
    if package is None:
        raise _absent(lock.path, name, "this gap adds a dependency to it")
    needed = lock.resolved(wanted, name)
    unit = _unit(f"{name}: {wanted.split(' ')[0]}")
    if needed not in _needs(package) or unit.name in own.digests:
        owned.append(unit)
    package["dependencies"] = sorted({*_needs(package), needed})


def _written(package: Package) -> str:
    """A package as cargo writes it; what cargo does not write is left out."""
    fields = [f for f in ("name", "version", "source", "checksum") if f in package]
    needs = "".join(f' "{item}",\n' for item in _needs(package))
    return (
        "[[package]]\n"
        + "".join(f'{field} = "{package[field]}"\n' for field in fields)
        + (f"dependencies = [\n{needs}]\n" if needs else "")
    )


def _needs(package: Package) -> list[Any]:
    found = package.get("dependencies")
    return found if isinstance(found, list) else []


def _tables(value: object) -> list[Package]:
    found = value if isinstance(value, list) else []
    return [item for item in found if isinstance(item, dict)]


def _unit(name: str, version: str = "") -> Unit:
    return Unit(f"package {name}", digest(f"{name} {version}"))


def _names(unit: Unit) -> tuple[str, str]:
    """The package of a unit, and its dependency; that is empty for the package itself."""
    name, _, dependency = unit.name.removeprefix("package ").partition(": ")
    return name, dependency


def _absent(path: str, name: str, why: str) -> CheckoutError:
    return CheckoutError(
        f"{path}: there is no package '{name}', and {why}",
        "scaffold status",
    )
