"""Frozen data classes that cost little to make: a quick command imports some thirty of them.

`dataclass` compiles each method of each class, and only `__init__` needs that.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """As `dataclass(frozen=True)`: compared, hashed and shown by its fields."""
    made = dataclass(eq=False, repr=False)(cls)
    for name in _SHARED - cls.__dict__.keys():
        setattr(made, name, _Methods.__dict__[name])
    return made


_SHARED = {"__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__"}


class _Methods:
    """What every frozen class shares."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __eq__(self, other: object) -> Any:
        return _values(self) == _values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(_values(self))

    def __repr__(self) -> str:
        shown = (f"{it.name}={getattr(self, it.name)!r}" for it in fields(self) if it.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: object) -> None:
        # `__init__` sets each field once.
        if name in self.__dict__ or name not in self.__dataclass_fields__:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, it.name) for it in fields(one) if it.compare)
