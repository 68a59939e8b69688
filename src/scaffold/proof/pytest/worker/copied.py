"""Makes what lies in a checkout come from its copy; loaded by `start.py` for the kill check.

A package that is installed for development leads every import to the checkout, by a line in a
`.pth` file or by its own finder. In the kill check it has to lead to the copy, or no mutant
would ever be run.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

Json = dict[str, Any]


def install(request: Json) -> None:
    """From here on, whatever would be imported from the checkout is imported from the copy."""
    places = Places(request["origin"], request["copy"])
    sys.path[:] = [places.moved(item) or item for item in sys.path]
    sys.meta_path.insert(0, FromCopy(places))


class Places:
    """A checkout and its copy."""

    def __init__(self, origin: str, copy: str) -> None:
        """Both are folders."""
        self.origin, self.copy = os.path.realpath(origin), os.path.realpath(copy)

    def moved(self, path: str | None) -> str:
        """Where the copy has what lies at this place of the checkout; empty where it has not."""
        if not path:
            return ""
        real = os.path.realpath(path)
        if real != self.origin and not real.startswith(self.origin + os.sep):
            return ""
        if real == self.copy or real.startswith(self.copy + os.sep):
            return ""
        place = os.path.normpath(os.path.join(self.copy, os.path.relpath(real, self.origin)))
        return place if os.path.exists(place) else ""


class FromCopy:
    """A finder that lets all others find, and moves what they found into the copy."""

    def __init__(self, places: Places) -> None:
        """It has to stand before the others."""
        self.places = places

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """What the first of the finders after this one finds, in the copy where it is there."""
        if name.partition(".")[0] == __package__:
            return None  # the worker itself may be installed in the checkout
        after = sys.meta_path[sys.meta_path.index(self) + 1 :]
        for finder in after:
            look = getattr(finder, "find_spec", None)
            spec = look(name, path, target) if look else None
            if spec is not None:
                return self.move(spec)
        return None

    def move(self, spec: Any) -> Any:
        """The spec, or one for the same module in the copy."""
        below = spec.submodule_search_locations
        folders = None if below is None else [self.places.moved(f) or f for f in below]
        file = self.places.moved(spec.origin) if spec.has_location else ""
        if file:
            return importlib.util.spec_from_file_location(
                spec.name, file, submodule_search_locations=folders
            )
        if spec.origin is None and folders is not None and folders != list(below):
            moved = importlib.machinery.ModuleSpec(spec.name, None, is_package=True)
            moved.submodule_search_locations = folders
            return moved
        return spec


def elsewhere(job: Json) -> list[list[str]]:
    """Names and files of modules that should have come from the copy and did not."""
    places = Places(job["origin"], job["copy"])
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        target = job["targets"].get(name)
        wrong = target is not None and os.path.realpath(file) != os.path.realpath(target)
        # pytest gives all conftest.py one name.
        wrong = wrong and os.path.basename(file) != "conftest.py"
        if wrong or places.moved(file):
            found.append([name, file])
    return found
