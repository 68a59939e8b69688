"""Frozen data classes: as those of the standard library, but for what they cost."""

import dataclasses
from dataclasses import field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.system.frozen import frozen


@frozen
class Ours:
    name: str
    size: int = 0
    notes: tuple[str, ...] = field(default=(), compare=False)
    seen: dict[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Theirs:
    name: str
    size: int = 0
    notes: tuple[str, ...] = field(default=(), compare=False)
    seen: dict[str, int] = field(default_factory=dict, compare=False, repr=False)


VALUES = st.tuples(st.text(max_size=2), st.integers(0, 1), st.tuples(st.text(max_size=1)))


@given(VALUES, VALUES)
def test_it_compares_hashes_and_shows_as_a_frozen_data_class(one: Any, other: Any) -> None:
    assert (Ours(*one) == Ours(*other)) == (Theirs(*one) == Theirs(*other))
    assert hash(Ours(*one)) == hash(Theirs(*one))
    assert repr(Ours(*one)) == repr(Theirs(*one)).replace("Theirs", "Ours")


def test_it_is_equal_to_nothing_of_another_class() -> None:
    theirs: object = Theirs("a")
    assert Ours("a") != theirs


@pytest.mark.parametrize("name", ["name", "size", "unknown"])
def test_no_attribute_is_set_or_deleted_afterwards(name: str) -> None:
    one = Ours("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match=name):
        setattr(one, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match=name):
        delattr(one, name)
    assert one == Ours("a")


def test_a_copy_with_other_values_is_made_by_replace() -> None:
    assert replace(Ours("a", 1), name="b") == Ours("b", 1)


@pytest.mark.parametrize(
    ("args", "named"),
    [((), {}), (("a", 1, (), {}, 5), {}), (("a",), {"name": "b"}), (("a",), {"sise": 1})],
)
def test_it_refuses_what_a_data_class_refuses(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    for made in (Ours, Theirs):
        with pytest.raises(TypeError):
            made(*args, **named)


def test_a_default_of_one_is_not_that_of_another() -> None:
    Ours("a").seen["x"] = 1
    assert Ours("a").seen == {}
