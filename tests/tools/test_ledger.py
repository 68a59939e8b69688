"""All checks of the ledger at once: what they compare is rendered in several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import field
import ledger
import mends
import renderings
from scaffold.kit.catalog import Kit
from support.tree import write_files

RETIRED = {"gap": "labels", "commit": "bbbb", "retired": True}
UNKNOWN = {"gap": "gone", "commit": "aaaa", "digest": "0"}
MENDED = {"gap": "prices", "commit": "aaaa", "mends": {"zero": {"verdict": "mended"}}}


def entry(**more: Any) -> Any:
    return {"gap": "labels", "commit": "aaaa", **more}


@pytest.fixture(autouse=True)
def facts(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows' facts at one commit, and no digest that is known yet."""
    write_files(tmp_path, {"aaaa.json": '{"labels": {}, "prices": {"step": "STEP"}}'})
    monkeypatch.setattr(renderings, "FACTS", tmp_path)
    monkeypatch.setattr(renderings, "ROOT", kit.root)
    monkeypatch.setattr(renderings, "KNOWN", {})
    ledger.own_kit.cache_clear()


def test_other_processes_find_the_digests_that_this_one_finds(kit: Kit) -> None:
    alone = {
        case: renderings.rendered_digest(kit, kit.gap("labels"), {}, case)
        for case in ("default", "few_serials")
    }
    ledger.render_all(kit, [entry(), entry(case="few_serials")], [])
    assert {case: digest for (_, _, case), digest in renderings.KNOWN.items()} == alone


def test_a_digest_that_is_known_is_not_rendered_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderings, "render", None)
    row = kit.gap("labels")
    renderings.KNOWN[renderings.rendering_key(row, {}, "default")] = "5"
    assert list(field.stale(kit, [entry(digest="5")])) == []
    assert list(field.stale(kit, [entry(digest="6")])) == ["labels aaaa"]


def test_each_entry_is_rendered_with_its_own_facts(kit: Kit) -> None:
    found = list(ledger.of_entries(kit, [entry(), RETIRED, UNKNOWN], [MENDED, UNKNOWN]))
    assert found == [
        (kit.gap("labels"), {}, "default"),
        (kit.gap("prices"), mends.facts_with_mends(MENDED), "default"),
    ]
    assert found[1][1] == {"step": "STEP", "mended": ["zero"]}
