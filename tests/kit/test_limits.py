"""A template that does not end, or does not fit, is stopped and named."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scaffold.errors import KitError
from scaffold.kit import limits
from scaffold.kit.catalog import load_kit
from scaffold.kit.render import render
from support.tinykit import gap_toml, write_kit

LOOP = "[% for a in range(99999) %][% for b in range(99999) %][% for c in range(99999) %]"
END = "[% endfor %][% endfor %][% endfor %]"
BAD = {
    "nested loops": LOOP + END,
    "nested loops with output": LOOP + "x" * 100 + END,
    "a range beyond the sandbox": "[% for a in range(10**9) %]x[% endfor %]",
    "a long text": "[[ 'x' * 10**10 ]]",
    "a large text": "[[ 'x' * (100 * 1024 * 1024) ]]",
    "a power": "[[ (10 ** (10 ** 9)) | string | length ]]",
    "a list of lists": "[% set a = [1] * 9999999 %][% set b = a * 9999999 %]",
    "a width": "[[ '%2000000000d' % 1 ]]",
    "a macro of itself": "[% macro m() %][[ m() ]][% endmacro %][[ m() ]]",
    "an include of itself": "[% include 'templates/row/files/a.txt.jinja' %]",
    "deep brackets": "[[ " + "(" * 50_000 + "1" + ")" * 50_000 + " ]]",
    "a deep sum": "[[ " + "1+" * 50_000 + "1 ]]",
    "the insides of a class": "[[ ''.__class__.__mro__[1].__subclasses__() ]]",
}


def children() -> set[str]:
    """The processes that this one started and did not wait for (Linux; elsewhere none)."""
    place = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(place.read_text().split()) if place.exists() else set()


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD)
def test_a_template_without_end_is_stopped_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setattr(limits, "CPU_S", 2)
    kit = load_kit(
        write_kit(tmp_path, {"row/gap.toml": gap_toml(), "row/files/a.txt.jinja": BAD[bad]})
    )
    before = children()
    with pytest.raises(KitError, match=r"the template of 'row' is broken: .") as caught:
        render(kit, kit.gap("row"), {}, {}, "1")
    assert "\n" not in caught.value.fact
    assert children() == before


def test_what_is_written_is_bounded_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ALL_BYTES", 1000)

    def work() -> None:
        (tmp_path / "a").write_bytes(b"x" * 1001)
        time.sleep(60)

    started = time.monotonic()
    with pytest.raises(limits.OverLimitError, match="all its files are larger"):
        limits.bounded(work, tmp_path)
    assert time.monotonic() - started < 30


def test_work_that_waits_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WALL_S", 0.5)
    with pytest.raises(limits.OverLimitError, match="takes longer than"):
        limits.bounded(lambda: time.sleep(600), tmp_path)


def test_a_result_and_an_error_come_back(tmp_path: Path) -> None:
    assert limits.bounded(lambda: {"a": 1}, tmp_path) == {"a": 1}
    with pytest.raises(KitError) as caught:
        limits.bounded(lambda: (_ for _ in ()).throw(KitError("fact", "hint")), tmp_path)
    assert (caught.value.fact, caught.value.hint) == ("fact", "hint")
