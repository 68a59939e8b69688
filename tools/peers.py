"""Other generators against ours: how many of the same mutants the tests of each kill.

    python tools/peers.py [--release 0.4.8]           Pynguin, the Hypothesis ghostwriter and ours
    python tools/peers.py --upstream [COMMIT=]DIR     the suites of a real checkout and ours
    python tools/peers.py --table                     docs/peers.md from field/peers.json

All are scored on copies of the same tree, on the mutants of every module that the kit's Python
rows are about, by the engine's own kill check. What a peer wrote runs as it is, but a test that is
red on the unbroken tree is dropped, one by one. The home folder is an empty one and `docker` does
nothing, since Pynguin runs the code under test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from field import IGNORED, named, say, scaffold
from peer_scores import Contender, Part, Score, score
from peer_tables import write_table
from peer_tools import CACHE, PEERS, Effort, Peer, environment, make
from release_trees import release_tree, released_wheel
from releases import BULK
from renderings import ROOT
from scaffold.checkout.find import Checkout
from scaffold.errors import ScaffoldError
from scaffold.kit.catalog import load_kit
from scaffold.proof.runner import SubjectTarget, VerifyOptions
from scaffold.system.caching import cache_dir

RESULTS = ROOT / "field" / "peers.json"
TABLE = ROOT / "docs" / "peers.md"
FOLDER = "cli"
OURS = "scaffold"
THEIRS = "upstream"


def main() -> int:
    """Run one of the three."""
    options = parse()
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    if not options.table:
        name, contest = "release", against_peers
        if options.upstream:
            name, contest = "upstream", against_upstream
        results[name] = contest(options)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write_table(results, TABLE)
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--release", default="0.4.8", metavar="VERSION")
    what.add_argument("--upstream", metavar="[COMMIT=]DIR")
    what.add_argument("--table", action="store_true")
    parser.add_argument("--seed", type=int, default=Effort.seed)
    parser.add_argument("--seconds", type=int, default=Effort.search_s, help="Pynguin, a module")
    parser.add_argument("--mutants", type=int, help="so many a module instead of all")
    parser.add_argument("--python", default=sys.executable, help="what all are scored with")
    parser.add_argument("--jobs", type=int, default=0)
    return parser.parse_args()


def against_peers(options: argparse.Namespace) -> dict[str, Any]:
    """The result of all generators on a release."""
    released_wheel(options.release)
    env = environment(options.release)
    effort = Effort(options.seed, options.seconds)
    with tempfile.TemporaryDirectory(prefix="scaffold-peers-") as name:
        scratch = Path(name)
        shelter(scratch)
        tree = release_tree(options.release, scratch / "tree")
        targets = targets_of(tree)
        contenders = [ours(tree, targets, scratch)]
        contenders += [written_by(peer, env, tree, targets, effort, scratch) for peer in PEERS]
        scores = score_all(contenders, options)
    return {
        "version": options.release,
        "seed": effort.seed,
        "seconds": effort.search_s,
        "mutants": options.mutants or "all",
        "peers": {peer.name: peer.version for peer in PEERS},
        "modules": {target.module: row(target, scores) for target in targets},
    }


def against_upstream(options: argparse.Namespace) -> dict[str, Any]:
    """The result of the suites that a checkout has, and of ours beside them."""
    commit, folder = named(options.upstream)
    with tempfile.TemporaryDirectory(prefix="scaffold-peers-") as name:
        scratch = Path(name)
        shelter(scratch)
        tree = Path(shutil.copytree(folder, scratch / "tree", ignore=IGNORED, symlinks=True))
        targets = targets_of(tree)
        suites = sorted((tree / FOLDER / "test").rglob("test_*.py"))
        files = tuple(path.relative_to(tree).as_posix() for path in suites)
        theirs = Contender(
            THEIRS,
            Path(shutil.copytree(tree, scratch / THEIRS, symlinks=True)),
            tuple(Part(files, target) for target in targets),
        )
        scores = score_all([ours(tree, targets, scratch), theirs], options)
    return {
        "commit": commit,
        "mutants": options.mutants or "all",
        "dropped": list(scores[THEIRS].dropped),
        "modules": {target.module: row(target, scores) for target in targets},
    }


def shelter(scratch: Path) -> None:
    """From here on there is no home folder and no docker; caches stay."""
    os.environ["XDG_CACHE_HOME"] = str(cache_dir().parent)
    home = scratch / "home"
    shim = home / "bin" / "docker"
    shim.parent.mkdir(parents=True)
    shim.write_text("#!/bin/sh\nexit 1\n")
    shim.chmod(0o755)
    os.environ["HOME"] = str(home)
    os.environ["PATH"] = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"


def targets_of(tree: Path) -> list[SubjectTarget]:
    """Every file that a finished Python row is about, as this tree has it."""
    gaps = [
        gap
        for gap in load_kit(ROOT).gaps.values()
        if (gap.state, gap.kind, gap.language) == ("ready", "gap", "python")
    ]
    return [
        SubjectTarget(found.target.name, found.path, found.module)
        for gap in gaps
        for found in Checkout(tree).find(gap).targets
    ]


def ours(tree: Path, targets: Sequence[SubjectTarget], scratch: Path) -> Contender:
    """What `scaffold` writes; the tests of a row are run together."""
    copy = Path(shutil.copytree(tree, scratch / OURS, symlinks=True))
    scaffold(*BULK, "-C", str(copy), "--json")
    gaps = load_kit(ROOT).gaps
    parts = []
    for record in sorted((copy / ".scaffold" / "gaps").glob("*.json")):
        files = json.loads(record.read_text("utf-8"))["files"]
        paths = {found.path for found in Checkout(copy).find(gaps[record.stem]).targets}
        parts += [Part(tuple(files), target) for target in targets if target.path in paths]
    return Contender(OURS, copy, tuple(parts))


def written_by(
    peer: Peer,
    env: Path,
    tree: Path,
    targets: Sequence[SubjectTarget],
    effort: Effort,
    scratch: Path,
) -> Contender:
    """What a peer writes, module by module, in a copy of the tree."""
    copy = Path(shutil.copytree(tree, scratch / peer.package, symlinks=True))
    place = copy / FOLDER / "test"
    place.mkdir(exist_ok=True)
    (place / "conftest.py").write_text(peer.conftest)
    parts, notes = [], {}
    for target in targets:
        say(f"{peer.name}: {target.module}")
        made = make(peer, env, tree / FOLDER, target.module, effort)
        path = place / f"test_{target.name}_{peer.package}.py"
        notes[target.module] = {
            "file": path.relative_to(copy / FOLDER).as_posix(),
            "seconds": made.seconds,
            "said": made.said,
        }
        if made.source:
            path.write_text(made.source, encoding="utf-8")
        files = (path.relative_to(copy).as_posix(),) if made.source else ()
        parts.append(Part(files, target))
    return Contender(peer.name, copy, tuple(parts), notes)


def score_all(contenders: Sequence[Contender], options: argparse.Namespace) -> dict[str, Score]:
    """Who -> score, all on the same mutants."""
    chosen = VerifyOptions(
        mutants=options.mutants or "all",
        jobs=options.jobs,
        python=options.python,
        cache_dir=CACHE,
    )
    return {one.name: score(one, FOLDER, chosen, say) for one in contenders}


def row(target: SubjectTarget, scores: Mapping[str, Score]) -> dict[str, Any]:
    """What is told of a module: the viable mutants, and of everybody what it killed."""
    invalid = frozenset[str]().union(*(one.invalid for one in scores.values()))
    viable = next(iter(scores.values())).mutants[target.path] - invalid
    killed = {name: one.killed & viable for name, one in scores.items()}
    rivals = {name: mutants for name, mutants in killed.items() if name != OURS}
    return {
        "viable": len(viable),
        **{
            name: {
                **one.told(target),
                "killed": len(killed[name]),
                **({"both": len(killed[name] & killed[OURS])} if name in rivals else {}),
            }
            for name, one in scores.items()
        },
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ScaffoldError as error:
        print(f"error: {error.fact}\n\nhint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
