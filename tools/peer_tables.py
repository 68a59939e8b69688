"""docs/peers.md from field/peers.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tables import table

Json = Mapping[str, Any]
OURS = "scaffold"
THEIRS = "upstream"
HEAD = """\
# Other generators, and upstream's own tests, against ours

Made by `make peers` (`tools/peers.py`) from `field/peers.json`; not written by hand. Killed: of the
viable mutants of a module (those that no test can tell apart from the original included), by the
tests that were written for it. Every contender meets the same mutants, tried by the kill check of
`scaffold verify`. Tests: those that run a line of the module. The columns of ours are of the rows
as they were when this was measured; what their tests of today kill stands in the
[ledger](ledger.md), without the mutants that no test can tell apart."""


def write_table(results: Json, path: Path) -> None:
    """Write what there is."""
    parts = [HEAD]
    if "release" in results:
        parts.append(release_part(results["release"]))
    if "upstream" in results:
        parts.append(upstream_part(results["upstream"]))
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def release_part(found: Json) -> str:
    """Generators on a release."""
    names = [OURS, *found["peers"]]
    header = [OURS, *(f"{name} {version}" for name, version in found["peers"].items())]
    rows = (
        [module, str(row["viable"]), *(generator_cell(row, name) for name in names)]
        for module, row in found["modules"].items()
    )
    return "\n".join(
        [
            f"## Generators, on planoai {found['version']}",
            "",
            f"`python tools/peers.py --release {found['version']} --seed {found['seed']} "
            f"--seconds {found['seconds']}{sampled(found)}`",
            "",
            f"Pynguin searches {found['seconds']} s a module from seed {found['seed']}. The",
            "ghostwriter (`hypothesis write MODULE`) has no seed; its tests draw the same examples",
            "each time. Dropped: tests that are red on the unbroken code. A generator that wrote",
            "nothing, or nothing that is green, killed 0 %.",
            "",
            *table(["module", "mutants", *header], rows),
            *remarks(found),
        ]
    )


def generator_cell(row: Json, name: str) -> str:
    """Share, number, tests."""
    one = row[name]
    killed = f"{share(one['killed'], row['viable'])} ({one['killed']})"
    dropped = f", {one['dropped']} dropped" if one.get("dropped") else ""
    return f"{killed} · {one['tests']} tests{dropped}"


def remarks(found: Json) -> Iterator[str]:
    """Why a generator wrote nothing."""
    said = [
        f"- {name}, {module}: nothing written (“{row[name]['said']}”)"
        for module, row in found["modules"].items()
        for name in found["peers"]
        if row[name].get("said")
    ]
    if said:
        yield ""
        yield from said


def upstream_part(found: Json) -> str:
    """The suites of a checkout and ours."""
    lines = [
        f"## Upstream's own suite, at {found['commit']}",
        "",
        f"`python tools/peers.py --upstream {found['commit']}=DIR{sampled(found)}`",
        "",
        *table(
            ["module", "mutants", "killed by upstream's suite", "by ours", "by both",
             "by upstream's alone", "by none"],
            (upstream_row(module, row) for module, row in found["modules"].items()),
        ),
    ]  # fmt: skip
    if found["dropped"]:
        names = ", ".join(f"`{name}`" for name in found["dropped"])
        lines += ["", f"Dropped, since red on the unbroken tree: {names}."]
    return "\n".join(lines)


def upstream_row(module: str, row: Json) -> list[str]:
    """One module."""
    viable, theirs, ours = row["viable"], row[THEIRS], row[OURS]
    alone = theirs["killed"] - theirs["both"]
    none = viable - ours["killed"] - alone
    cells = [f"{share(one['killed'], viable)} ({one['killed']})" for one in (theirs, ours)]
    return [module, str(viable), *cells, str(theirs["both"]), str(alone), str(none)]


def sampled(found: Json) -> str:
    """The option that made it, where not all mutants were tried."""
    return "" if found["mutants"] == "all" else f" --mutants {found['mutants']}"


def share(part: int, whole: int) -> str:
    """In percent, never rounded up to all of them."""
    if part == whole or not whole:
        return "100 %" if whole else "0 %"
    return f"{min(100 * part / whole, 99.9):.1f} %"
