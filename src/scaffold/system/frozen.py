"""Frozen data classes that cost little to make: a quick command imports some thirty of them.

`dataclass` compiles each method of each class; here all classes share one of each.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """As `dataclass(frozen=True)`: compared, hashed and shown by its fields."""
    made = dataclass(init=False, eq=False, repr=False)(cls)
    for name in _SHARED - cls.__dict__.keys():
        setattr(made, name, _Methods.__dict__[name])
    return made


_SHARED = {"__init__", "__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__"}


class _Methods:
    """What every frozen class shares."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(self, *args: object, **named: object) -> None:
        known, given = self.__dataclass_fields__, self.__dict__
        given.update(zip(known, args, strict=False))
        if len(args) > len(known) or given.keys() & named.keys() or named.keys() - known.keys():
            raise TypeError(f"{type(self).__qualname__} takes {', '.join(known)}")
        given.update(named)
        if len(given) < len(known):
            for name in known.keys() - given.keys():
                given[name] = _default(known[name], type(self))

    def __eq__(self, other: object) -> Any:
        return _values(self) == _values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(_values(self))

    def __repr__(self) -> str:
        shown = (f"{it.name}={getattr(self, it.name)!r}" for it in fields(self) if it.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


def _default(it: Any, cls: type) -> object:
    if it.default is not MISSING:
        return it.default
    if it.default_factory is MISSING:
        raise TypeError(f"{cls.__qualname__} needs {it.name}")
    return it.default_factory()


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, it.name) for it in fields(one) if it.compare)
