"""What a checkout holds, found by parsing alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.checkout.find import Checkout, open_checkout
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Kit
from support.tree import write_files


def test_the_root_is_found_from_any_folder_inside(tree: Path, kit: Kit) -> None:
    assert open_checkout(tree / "parcels", kit).root == tree
    assert open_checkout(tree, kit).root == tree


def test_the_nearest_root_wins(tree: Path, kit: Kit) -> None:
    inner = write_files(tree / "inner", {"parcels/__init__.py": ""})
    assert open_checkout(inner, kit).root == inner


def test_facts_are_the_path_the_module_and_the_symbols(checkout: Checkout, kit: Kit) -> None:
    facts = checkout.find(kit.gap("prices")).facts()["targets"]["prices"]
    assert (facts["path"], facts["module"]) == ("parcels/prices.py", "parcels.prices")
    assert facts["symbols"]["price"]["params"] == ["grams", "zone"]
    assert facts["symbols"]["price"]["defaults"] == {"zone": "'home'"}
    assert facts["symbols"]["RATES"] == {"kind": "constant"}


def test_the_first_place_that_exists_wins(checkout: Checkout, kit: Kit) -> None:
    write_files(checkout.root, {"parcels/tracking/__init__.py": "def latest(): ...\n"})
    (found,) = checkout.find(kit.gap("tracking")).targets
    assert (found.path, found.module) == ("parcels/tracking/__init__.py", "parcels.tracking")
    write_files(checkout.root, {"parcels/tracking.py": "x = 1\n"})
    (found,) = checkout.find(kit.gap("tracking")).targets
    assert found.path == "parcels/tracking.py"


def test_a_row_without_any_target_is_retired(checkout: Checkout, kit: Kit) -> None:
    findings = checkout.find(kit.gap("tracking"))
    assert findings.retired
    assert findings.left_out() == ["parcels/tracking.py: no such file in this checkout"]
    assert not checkout.has_target(kit.gap("tracking"))
    assert checkout.has_target(kit.gap("prices"))


def test_a_missing_symbol_is_reported(checkout: Checkout, kit: Kit) -> None:
    write_files(checkout.root, {"parcels/prices.py": "def base_price(grams): ...\n"})
    findings = checkout.find(kit.gap("prices"))
    assert not findings.retired
    assert findings.left_out() == ["parcels/prices.py: no price"]


def test_that_a_target_parses_is_remembered_and_that_one_does_not_is_not(
    checkout: Checkout, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    gap, target = kit.gap("labels"), checkout.root / "parcels" / "labels.py"
    checkout.check(gap)
    kept = list((tmp_path / "cache" / "scaffold" / "parsed").iterdir())
    assert len(kept) == 1, "one look for all targets of a row"
    before = [path.stat().st_mtime_ns for path in kept]
    checkout.check(gap)
    assert [path.stat().st_mtime_ns for path in kept] == before
    target.write_text("def broken(:\n")
    for _ in range(2):
        with pytest.raises(CheckoutError, match=r"labels\.py:1 does not parse"):
            checkout.check(gap)


def test_nothing_of_the_target_is_run(checkout: Checkout, kit: Kit) -> None:
    write_files(checkout.root, {"parcels/prices.py": "raise SystemExit('was run')\n"})
    assert checkout.find(kit.gap("prices")).targets[0].symbols == {}


@pytest.mark.parametrize("place", ["none", "parcels/__init__.py"])
def test_what_is_no_folder_is_refused(tree: Path, kit: Kit, place: str) -> None:
    with pytest.raises(CheckoutError, match="there is no folder"):
        open_checkout(tree / place, kit)


def test_a_folder_outside_is_refused(tmp_path: Path, kit: Kit) -> None:
    with pytest.raises(CheckoutError, match="is not a checkout of parcels"):
        open_checkout(tmp_path, kit)
