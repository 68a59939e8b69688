"""The laws of edits, for every kind: what is put in, left, replaced, refused and taken out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.edits import EditResult
from scaffold.errors import CheckoutError, ConflictError, KitError
from support.edit_samples import SAMPLES, Sample, laid_out


def _has(sample: Sample, *fields: str) -> bool:
    return all(getattr(sample, field) not in (None, "") for field in fields)


def having(*fields: str) -> pytest.MarkDecorator:
    """Every kind whose sample has these fields."""
    found = [one for one in SAMPLES.values() if _has(one, *fields)]
    return pytest.mark.parametrize("sample", found, ids=[one.kind.name for one in found])


in_every_layout = pytest.mark.parametrize(
    ("sample", "layout"),
    [
        pytest.param(sample, layout, id=f"{name}-{layout}")
        for name, sample in SAMPLES.items()
        for layout in sample.layouts
    ],
)


def test_every_kind_has_a_sample() -> None:
    assert SAMPLES.keys() == edits.KINDS.keys()


@in_every_layout
def test_taking_back_gives_every_byte_back(sample: Sample, layout: str) -> None:
    text = laid_out(sample.text, layout)
    result = sample.kind.put(text)
    assert result.text != text and result.units
    assert sample.kind.take(result.text, result.units, created=text is None) == text


@in_every_layout
def test_the_second_time_changes_nothing(sample: Sample, layout: str) -> None:
    text = laid_out(sample.text, layout)
    first = sample.kind.put(text)
    again = sample.kind.put(first.text, owned=first.units, created=text is None)
    assert again == first


@in_every_layout
def test_the_line_ends_and_the_mark_of_the_file_are_kept(sample: Sample, layout: str) -> None:
    text = laid_out(sample.text, layout)
    result = sample.kind.put(text)
    assert result.text.count("\r\n") == (result.text.count("\n") if layout == "crlf" else 0)
    assert result.text.startswith("\ufeff") is (layout == "byte order mark")
    assert result.text.count("\ufeff") <= 1


@having()
def test_the_units_are_sorted_and_stand_in_the_file(sample: Sample) -> None:
    result = sample.kind.put(sample.text)
    assert list(result.units) == sorted(result.units)
    assert {unit.name for unit in edits.units(sample.kind.name, sample.kind.payload)} <= {
        unit.name for unit in result.units
    }
    assert set(sample.kind.standing(result.text, result.units).values()) == {"present"}


@having("text")
def test_what_was_taken_out_is_absent_and_not_missed(sample: Sample) -> None:
    result = sample.kind.put(sample.text)
    left = sample.kind.take(result.text, result.units)
    if sample.kind.name != "rust_extract":  # what it leaves is there or edited
        assert set(sample.kind.standing(left, result.units).values()) == {"absent"}
        assert sample.kind.take(left, result.units) == left


@having("text")
def test_an_empty_payload_does_nothing(sample: Sample) -> None:
    assert sample.kind.put(sample.text, "") == EditResult(sample.text, ())
    assert edits.units(sample.kind.name, "") == ()


@having("text")
def test_only_python_makes_a_file_that_is_missing(sample: Sample) -> None:
    if sample.kind.name == "python":
        assert sample.kind.put(None).wholly_ours
        return
    with pytest.raises(CheckoutError, match=f"{sample.kind.path} is not in this checkout"):
        sample.kind.put(None)
    assert sample.kind.put(None, "").units == ()


@pytest.mark.slow
@having("files")
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_the_file_it_comes_back(sample: Sample, data: st.DataObject) -> None:
    text = data.draw(sample.files)
    payload = None if sample.payloads is None else data.draw(sample.payloads)
    once = sample.kind.put(text, payload)
    assert sample.kind.put(once.text, payload, owned=once.units) == once
    assert sample.kind.take(once.text, once.units) == text


@having("more")
@pytest.mark.parametrize("first_goes_first", [True, False])
def test_two_gaps_go_in_any_order(sample: Sample, first_goes_first: bool) -> None:
    kind = sample.kind
    first = kind.put(sample.text)
    second = kind.put(first.text, sample.more, owned=first.units)
    owned = tuple(sorted({*first.units, *second.units}))
    gone, stays = (first, second) if first_goes_first else (second, first)
    left = kind.take(second.text, gone.units, owned=owned)
    assert set(kind.standing(left, stays.units).values()) == {"present"}
    assert kind.take(left, stays.units) == sample.text


@having("more")
def test_two_gaps_of_one_plan_own_what_each_put_in(sample: Sample) -> None:
    kind = sample.kind
    one = kind.put(sample.text)
    both = kind.put(one.text, sample.more, planned=one.units)
    assert not {unit.name for unit in one.units} & {unit.name for unit in both.units}
    shared = kind.put(both.text, planned=(*one.units, *both.units))
    assert (shared.text, shared.units) == (both.text, one.units)


@having("newer")
def test_a_payload_that_another_one_of_the_plan_contradicts_is_the_kits_fault(
    sample: Sample,
) -> None:
    one = sample.kind.put(sample.text)
    with pytest.raises(KitError, match=r"gap/x: '.*' differs from the one that another"):
        sample.kind.put(one.text, sample.newer, planned=one.units, created=True, origin="gap/x")


@having("same")
def test_what_a_person_wrote_the_same_way_is_left_alone_and_never_ours(sample: Sample) -> None:
    assert sample.kind.put(sample.same) == EditResult(sample.same, ())


@having("taken")
def test_another_version_of_a_person_is_a_conflict_with_its_line(sample: Sample) -> None:
    text, line = sample.taken
    there = rf"^{sample.kind.path}:{line}: .* is there already"
    with pytest.raises(ConflictError, match=there) as caught:
        sample.kind.put(text)
    assert caught.value.exit_code == 4
    assert caught.value.hint == "--on-conflict skip"


@having("taken")
def test_a_conflict_is_settled_as_asked(sample: Sample) -> None:
    kind, (text, _) = sample.kind, sample.taken
    wanted = {unit.name: unit for unit in edits.units(kind.name, kind.payload)}
    skipped = kind.put(text, on_conflict="skip")
    name = next(name for name in wanted if name not in {unit.name for unit in skipped.units})
    assert kind.standing(skipped.text, (wanted[name],)) == {name: "edited"}
    taken = kind.put(text, on_conflict="overwrite")
    assert wanted[name] in taken.units
    assert kind.standing(taken.text, taken.units)[name] == "present"
    with pytest.raises(ConflictError):
        kind.put(text, on_conflict="merge")


@having("edit")
def test_an_edited_unit_stays_and_is_not_removed(sample: Sample) -> None:
    first, edited, created = edited_by_a_person(sample)
    assert "edited" in sample.kind.standing(edited, first.units).values()
    again = sample.kind.put(edited, owned=first.units, created=created)
    assert (again.text, again.units) == (edited, first.units)
    assert not again.wholly_ours
    with pytest.raises(ConflictError, match="was edited since it was generated"):
        sample.kind.take(edited, first.units, created=created)


@having("edit")
def test_an_edited_unit_is_kept_or_dropped_as_asked(sample: Sample) -> None:
    first, edited, created = edited_by_a_person(sample)
    kept = sample.kind.take(edited, first.units, created=created, on_conflict="skip")
    assert sample.edit[1] in kept
    if sample.kind.name != "rust_extract":  # what stood there cannot be told any more
        gone = sample.kind.take(edited, first.units, created=created, on_conflict="overwrite")
        assert gone == sample.text


@having("newer")
def test_a_newer_payload_replaces_what_we_wrote(sample: Sample) -> None:
    first = sample.kind.put(sample.text)
    created = sample.text is None
    again = sample.kind.put(first.text, sample.newer, owned=first.units, created=created)
    assert again.text == sample.kind.put(sample.text, sample.newer).text
    assert again.units != first.units
    assert sample.kind.take(again.text, again.units, created=created) == sample.text


@having("newer", "edit")
def test_an_edit_and_a_newer_payload_are_a_conflict(sample: Sample) -> None:
    first, edited, created = edited_by_a_person(sample)
    known = {"owned": first.units, "created": created}
    with pytest.raises(ConflictError, match=f"^{sample.kind.path}:.*edited since it was generated"):
        sample.kind.put(edited, sample.newer, **known)
    skipped = sample.kind.put(edited, sample.newer, on_conflict="skip", **known)
    assert skipped.text == edited
    again = sample.kind.put(edited, sample.newer, owned=skipped.units, created=created)
    assert again.text == edited


@having("unparsed")
def test_a_file_that_does_not_parse_is_refused(sample: Sample) -> None:
    units = sample.kind.put(sample.text).units
    for work in (
        lambda: sample.kind.put(sample.unparsed, created=True),
        lambda: sample.kind.take(sample.unparsed, units),
        lambda: sample.kind.standing(sample.unparsed, units),
    ):
        with pytest.raises(CheckoutError, match=f"^{sample.kind.path}.*does not parse"):
            work()


@having("broken")
def test_a_broken_payload_is_the_kits_fault(sample: Sample) -> None:
    with pytest.raises(KitError, match="gap/x"):
        sample.kind.put(sample.text, sample.broken, origin="gap/x")
    with pytest.raises(KitError, match="gap/x"):
        edits.units(sample.kind.name, sample.broken, origin="gap/x")


def edited_by_a_person(sample: Sample) -> tuple[EditResult, str, bool]:
    """The result of the payload, its text with the person's edit, whether the file is ours."""
    first = sample.kind.put(sample.text)
    before, after = sample.edit
    assert first.text.count(before) == 1
    return first, first.text.replace(before, after), sample.text is None
