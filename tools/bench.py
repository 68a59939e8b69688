"""`make bench`: ratios of whole commands, both sides of each measured in turn in one run.

Machines are noisy, so no figure here is an absolute time: every row is the median of pairwise
ratios, A B A B …, and the bound that the project sets itself.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
RUNS = int(os.environ.get("BENCH_RUNS", "9"))
Step = Callable[[], None]


@dataclass(frozen=True)
class Row:
    """One ratio and its bound."""

    name: str
    ratio: float
    bound: float | None

    def line(self) -> str:
        """The row as it is printed."""
        bound = f"at most {self.bound:g}" if self.bound else "(no bound)"
        verdict = "" if self.bound is None or self.ratio <= self.bound else "  ABOVE"
        return f"{self.name:<58} {self.ratio:6.2f}  {bound}{verdict}"


def command(*argv: str, cwd: Path, env: dict[str, str] | None = None) -> Step:
    """A step that runs a program to its end and insists on success."""

    def step() -> None:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, env={**os.environ, **(env or {})})
        if done.returncode != 0:
            sys.exit(
                f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.decode()[-500:]}"
            )

    return step


def seconds(step: Step) -> float:
    """Wall-clock seconds of one step."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def ratio(one: Step, other: Step, *, after: Step = lambda: None) -> float:
    """Median of pairwise ratios one/other; `after` undoes what `one` did and is not timed."""
    pairs = []
    for _ in range(RUNS + 1):
        first = seconds(one)
        after()
        pairs.append(first / seconds(other))
    return statistics.median(pairs[1:])


def scaffold(*arguments: str, cwd: Path) -> Step:
    """The real command."""
    return command(PYTHON, "-m", "scaffold", *arguments, cwd=cwd)


def start_up(tree: Path) -> list[Row]:
    """What the quick commands cost against an interpreter that does nothing."""
    bare = command(PYTHON, "-c", "pass", cwd=tree)
    return [
        Row(f"{name} / python -c pass", ratio(scaffold(*arguments, cwd=tree), bare), 8)
        for name, arguments in (("list", ["list"]), ("status", ["status"]), ("--help", ["--help"]))
    ]


def writing(tree: Path, scratch: Path) -> list[Row]:
    """`new` of one gap against one `copier copy` of the same template."""
    kit = scratch / "kit"
    kit.mkdir()
    shutil.copy(ROOT / "copier.yml", kit)
    shutil.copytree(ROOT / "templates", kit / "templates")

    def copy() -> None:
        target = scratch / "copied"
        command(
            str(Path(PYTHON).with_name("copier")),
            *["copy", "-q", "--defaults", "-d", "gap=targets", str(kit), str(target)],
            cwd=scratch,
        )()
        shutil.rmtree(target)

    new = scaffold("new", "--gap", "targets", cwd=tree)
    undo = scaffold("undo", cwd=tree)
    return [Row("new --gap targets / copier copy", ratio(new, copy, after=undo), 1.5)]


def durability(tree: Path) -> Row:
    """The share of `new` that the journal and its syncs take."""
    script = (
        "import time, sys\n"
        "from scaffold import journal\n"
        "spent = 0.0\n"
        "real = journal.commit\n"
        "def timed(*args):\n"
        "    global spent\n"
        "    started = time.perf_counter()\n"
        "    real(*args)\n"
        "    spent += time.perf_counter() - started\n"
        "journal.commit = timed\n"
        "from scaffold.cli import run\n"
        "started = time.perf_counter()\n"
        "code = run(['new', '--gap', 'targets', '--json'])\n"
        "sys.stderr.write(f'share {spent / (time.perf_counter() - started)}')\n"
        "sys.exit(code)\n"
    )
    shares = []
    for _ in range(RUNS):
        done = subprocess.run(
            [PYTHON, "-c", script], cwd=tree, capture_output=True, text=True, check=True
        )
        shares.append(float(done.stderr.rsplit("share ", 1)[1]))
        scaffold("undo", cwd=tree)()
    return Row("journal and fsync, share of new", statistics.median(shares), None)


def proving(tree: Path) -> list[Row]:
    """`verify` against the bare pytest run of the same suites."""
    scaffold("new", "--gap", "targets", cwd=tree)()
    bare = command(
        *[PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test"],
        cwd=tree / "cli",
        env={"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    verify = scaffold("verify", "targets", "--python", PYTHON, cwd=tree)
    return [Row("verify targets / bare pytest", ratio(verify, bare), 1.15)]


def release_tree(scratch: Path) -> Path:
    """A tree made of the installed release of planoai: the CLI package alone."""
    import planoai

    tree = scratch / "tree"
    package = Path(str(planoai.__file__)).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tree / "cli" / "planoai", ignore=ignored)
    return tree


def main() -> None:
    """Measure everything and print the table."""
    with tempfile.TemporaryDirectory(prefix="scaffold-bench-") as folder:
        scratch = Path(folder)
        tree = release_tree(scratch)
        rows = [*start_up(tree), *writing(tree, scratch), durability(tree), *proving(tree)]
    print(f"medians of {RUNS} pairs, one run, Python {sys.version.split()[0]}")
    for row in rows:
        print(row.line())


if __name__ == "__main__":
    main()
