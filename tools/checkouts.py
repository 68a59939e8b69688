"""The command line of the tools that measure rows on copies of real checkouts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from field import FieldError, named
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit


def arguments(doc: str) -> argparse.Namespace:
    """What was typed: `run` or `check`, checkouts, rows and an interpreter."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("action", choices=["run", "check"])
    parser.add_argument("checkouts", nargs="*", metavar="[NAME=]DIR")
    parser.add_argument("--gap", action="append", help="only this row; may repeat")
    parser.add_argument("--python", help="interpreter with the checkout's dependencies")
    return parser.parse_intermixed_args()


def finished(kit: Kit, named_rows: Iterable[str] | None = None) -> list[Gap]:
    """The finished rows, and those that are built where a person names them."""
    more = set(named_rows or ())
    return [gap for gap in kit.gaps.values() if gap.state == "ready" or gap.slug in more]


def chosen(options: argparse.Namespace, rows: Iterable[Gap]) -> Iterator[tuple[Gap, str, Path]]:
    """Each row that was asked for and is not retired, with the commit and its checkout."""
    gaps = [gap for gap in rows if not options.gap or gap.slug in options.gap]
    for given in options.checkouts:
        commit, folder = named(given)
        for gap in gaps:
            if not Checkout(folder).find(gap).retired:
                yield gap, commit, folder


def end(main: Callable[[], int]) -> NoReturn:
    """Run a tool to its end; a row that did not do what it must is a sentence."""
    try:
        sys.exit(main())
    except FieldError as error:
        sys.exit(f"error: {error}")
