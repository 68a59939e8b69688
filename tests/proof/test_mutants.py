"""Mutants made by cosmic-ray, against cosmic-ray's own way of making them."""

import pytest

from scaffold.proof.mutants import Mutant, enumerate_mutants, sample, shard

SOURCE = '''\
"""A module."""

import functools

LIMIT = 10


@functools.lru_cache
def grade(points: int, *, bonus=1) -> str:
    """The grade."""
    total = points + bonus
    if total == LIMIT or not points > 3:
        return "same"
    for step in range(3):
        if step in (1, 2) and total is not None:
            break
        continue
    while total < 0:
        total -= -1
    return "more" if total >= 12 else "less"


class Counter:
    """Counts."""

    start = 0

    def up(self, by=1):
        try:
            return self.start + by * 2
        except (TypeError, ValueError):
            return True
'''


def cosmic_ray_mutants(source):
    """What cosmic-ray's command would try: (operator, occurrence) -> mutated source."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    found = {}
    for name in plugins.operator_names():
        operator_class = plugins.get_operator(name)
        if operator_class.arguments():
            continue
        operator = operator_class()
        count = sum(1 for n in ast_nodes(get_ast(source)) for _ in operator.mutation_positions(n))
        for occurrence in range(count):
            found[name.split("/")[1], occurrence] = mutate_code(source, operator, occurrence)
    return found


def test_every_mutant_is_the_one_that_cosmic_ray_makes():
    theirs = cosmic_ray_mutants(SOURCE)

    mutants = enumerate_mutants("pkg/grade.py", SOURCE)

    assert len(mutants) > 60
    for mutant in mutants:
        assert mutant.source == theirs[mutant.operator, mutant.occurrence]


def test_only_twins_and_what_changes_nothing_are_left_out():
    ours = {(m.operator, m.occurrence) for m in enumerate_mutants("pkg/grade.py", SOURCE)}

    for key, source in cosmic_ray_mutants(SOURCE).items():
        if key in ours:
            continue
        operator = key[0]
        is_twin = operator.startswith("ReplaceComparisonOperator") and (
            operator.endswith(("_Is", "_IsNot"))
        )
        assert is_twin or source == SOURCE or not compiles(source), key


def compiles(source):
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def test_each_mutant_compiles_and_says_what_it_changes():
    mutants = enumerate_mutants("pkg/grade.py", SOURCE)

    assert all(compiles(mutant.source) and mutant.source != SOURCE for mutant in mutants)
    limits = [mutant.change for mutant in mutants if mutant.line == 5]
    assert limits == ["LIMIT = 10 -> LIMIT = 11", "LIMIT = 10 -> LIMIT = 9"]
    assert [m.line for m in mutants] == sorted(m.line for m in mutants)


def test_ids_are_unique_and_stay_where_lines_move():
    before = enumerate_mutants("pkg/grade.py", SOURCE)
    moved = enumerate_mutants(
        "pkg/grade.py", SOURCE.replace("import functools\n", "import functools\nimport os\n")
    )

    assert len({mutant.id for mutant in before}) == len(before)
    assert [mutant.id for mutant in moved] == [mutant.id for mutant in before]
    assert [mutant.line for mutant in moved] == [mutant.line + 1 for mutant in before]
    elsewhere = enumerate_mutants("pkg/other.py", SOURCE)
    assert not {m.id for m in elsewhere} & {m.id for m in before}


def some(count):
    return [Mutant(f"id{n}", "a.py", "Op", n, n, "a -> b", "b") for n in range(count)]


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
def test_a_sample_is_nested_and_does_not_depend_on_the_order(order):
    pool = some(200)[::order]

    small, large = sample(pool, 50), sample(pool, 100)

    assert len(small) == 50
    assert {m.id for m in small} < {m.id for m in large}
    assert {m.id for m in small} == {m.id for m in sample(some(200), 50)}
    assert sample(pool, 1000) == pool


def test_shards_are_disjoint_and_together_everything():
    pool = some(300)

    cuts = [shard(pool, number, 4) for number in range(1, 5)]

    assert sorted(m.occurrence for cut in cuts for m in cut) == list(range(300))
    assert all(40 < len(cut) < 110 for cut in cuts)


def test_where_cosmic_ray_gives_up_the_other_mutants_are_made():
    source = "import json\n\ntry:\n    A = 1\nexcept (json.JSONDecodeError, OSError):\n    A = 2\n"

    mutants = enumerate_mutants("a.py", source)

    replaced = [m for m in mutants if m.operator == "ExceptionReplacer"]
    assert [(m.occurrence, m.change.partition(" -> ")[2]) for m in replaced] == [
        (1, "except (json.JSONDecodeError, CosmicRayTestingException):")
    ]
    assert {m.operator for m in mutants} == {"ExceptionReplacer", "NumberReplacer"}
