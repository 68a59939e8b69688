"""Every check of what was proved on real checkouts, at once.

    python tools/ledger.py check     red where one of field.py, mends.py, field_parts.py or
                                     python_314.py is; what they compare is rendered once

Most of the time goes into rendering each row with the facts of each commit: all processors do it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import field
import field_parts
import mends
import python_314
import renderings
from checkouts import end
from entries import Entry, key_of, read_entries
from scaffold.kit.catalog import Gap, Kit, load_kit


def main() -> int:
    """1 where one of the four is red."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["check"])
    parser.parse_args()
    kit = load_kit(renderings.ROOT)
    ledger, mended = field.read_ledger(), read_entries(mends.RESULTS)
    render_all(kit, ledger, mended)
    return max(
        field.check(kit, ledger),
        mends.check(kit, mended),
        field_parts.check(kit, ledger, read_entries(field_parts.PARTS)),
        python_314.check(kit, ledger, read_entries(python_314.RESULTS)),
    )


def render_all(kit: Kit, ledger: list[Entry], mended: list[Entry]) -> None:
    """Give `renderings` the digests of all renderings that these entries are compared with."""
    wanted = {
        renderings.rendering_key(gap, facts, case): (gap.slug, facts, case)
        for gap, facts, case in of_entries(kit, ledger, mended)
    }
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        renderings.KNOWN.update(zip(wanted, pool.map(digest, wanted.values()), strict=True))


def of_entries(
    kit: Kit, ledger: list[Entry], mended: list[Entry]
) -> Iterator[tuple[Gap, Mapping[str, Any], str]]:
    """Row, facts and case of each entry."""
    for entry in ledger:
        if entry["gap"] in kit.gaps and not entry.get("retired"):
            yield kit.gap(entry["gap"]), renderings.facts_of(entry), key_of(entry)[2]
    for entry in mended:
        if entry["gap"] in kit.gaps:
            yield kit.gap(entry["gap"]), mends.facts_with_mends(entry), "default"


def digest(rendering: tuple[str, Mapping[str, Any], str]) -> str:
    """Digest of one rendering; runs in a process of its own."""
    slug, facts, case = rendering
    kit = own_kit()
    return renderings.rendered_digest(kit, kit.gap(slug), facts, case)


@cache
def own_kit() -> Kit:
    """The kit, read once a process."""
    return load_kit(renderings.ROOT)


if __name__ == "__main__":
    end(main)
