"""Samples and cuts of mutants are the same on every machine."""

import pytest

from scaffold.proof.mutants import Mutant, sample, shard


def some(count: int) -> list[Mutant]:
    return [Mutant(f"id{n}", "a.py", "Op", n, "a -> b", "b") for n in range(count)]


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
def test_a_sample_is_nested_and_does_not_depend_on_the_order(order: int) -> None:
    pool = some(200)[::order]

    small, large = sample(pool, 50), sample(pool, 100)

    assert len(small) == 50
    assert {m.id for m in small} < {m.id for m in large}
    assert {m.id for m in small} == {m.id for m in sample(some(200), 50)}
    assert sample(pool, 1000) == pool


def test_shards_are_disjoint_and_together_everything() -> None:
    pool = some(300)

    cuts = [shard(pool, number, 4) for number in range(1, 5)]

    assert sorted(m.line for cut in cuts for m in cut) == list(range(300))
    assert all(40 < len(cut) < 110 for cut in cuts)
