"""`make bench`: ratios of whole commands, both sides of each measured in turn in one run.

Machines are noisy, so no figure here is an absolute time: every row is the median of pairwise
ratios, A B A B …, of the processor time of a command and all that it starts, and the bound that the
project sets itself. Beside it stands the ratio by the clock, which is right on a quiet machine
alone. The rows of the Rust gaps need a checkout of Plano, which is copied: `make bench PLANO=DIR`.
That of TypeScript needs one in which `js_vitest` is written and the packages are installed: `make
bench INSTALLED=DIR`.
"""

from __future__ import annotations

import compileall
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
RUNS = int(os.environ.get("BENCH_RUNS", "9"))
MUTANTS = int(os.environ.get("BENCH_MUTANTS", "100"))
PLANO = os.environ.get("PLANO", "")
INSTALLED = os.environ.get("INSTALLED", "")
Step = Callable[[], None]


class Ratio(NamedTuple):
    """What one step takes over another, by the processor and by the clock."""

    processor: float
    clock: float

    @classmethod
    def of(cls, one: tuple[float, float], other: tuple[float, float]) -> Ratio:
        """Of what `seconds` gives for two steps."""
        return cls(*(mine / theirs for mine, theirs in zip(one, other, strict=True)))

    def __truediv__(self, number: float) -> Ratio:
        """The share of each of so many steps."""
        return Ratio.of(self, (number, number))


@dataclass(frozen=True)
class Row:
    """One ratio and its bound, which is one of the processor's time; a lower one is of both."""

    name: str
    ratio: Ratio
    at_most: float | None = None
    at_least: float | None = None

    def line(self) -> str:
        """The row as it is printed."""
        bound, missed = "(no bound)", False
        if self.at_most is not None:
            bound, missed = f"at most {self.at_most:g}", self.ratio.processor > self.at_most
        elif self.at_least is not None:
            # By the clock too: a process that nobody waited for has cost nothing by the other.
            bound, missed = f"at least {self.at_least:g}", min(self.ratio) < self.at_least
        verdict = "" if bound == "(no bound)" else "  MISSED" if missed else "  holds"
        figures = f"{self.ratio.processor:6.2f}  (clock {self.ratio.clock:5.2f})"
        return f"{self.name:<58} {figures}  {bound}{verdict}"


def command(*argv: str, cwd: Path, env: dict[str, str] | None = None) -> Step:
    """A step that runs a program to its end and insists on success."""

    def step() -> None:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, env={**os.environ, **(env or {})})
        if done.returncode != 0:
            sys.exit(
                f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.decode()[-500:]}"
            )

    return step


def seconds(step: Step) -> tuple[float, float]:
    """Seconds of one step: of the processor, with all that the step starts, and of the clock."""
    before, started = spent(), time.perf_counter()
    step()
    return spent() - before, time.perf_counter() - started


def spent() -> float:
    """Seconds of the processor so far, of this process and of all that ended below it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def ratio(
    one: Step, other: Step, *, after: Step = lambda: None, after_other: Step = lambda: None
) -> Ratio:
    """Medians of pairwise ratios one/other; `after` undoes what `one` did and is not timed."""
    pairs = []
    for _ in range(RUNS + 1):
        first = seconds(one)
        after()
        second = seconds(other)
        after_other()
        pairs.append(Ratio.of(first, second))
    return Ratio(*map(statistics.median, zip(*pairs[1:], strict=True)))


def scaffold(*arguments: str, cwd: Path) -> Step:
    """The real command."""
    return command(PYTHON, "-m", "scaffold", *arguments, cwd=cwd)


def start_up(tree: Path, *commands: str, of: str) -> list[Row]:
    """What quick commands cost against an interpreter that does nothing."""
    bare = command(PYTHON, "-c", "pass", cwd=tree)
    return [
        Row(f"{name}{of} / python -c pass", ratio(scaffold(name, cwd=tree), bare), 8)
        for name in commands
    ]


def in_the_demo(scratch: Path) -> list[Row]:
    """The quick commands on the miniature checkout, before and after a row is proved in it."""
    package = ROOT / "src" / "scaffold" / "_demo"
    tree = scratch / "demo"
    shutil.copytree(package / "checkout", tree)
    os.environ["SCAFFOLD_KIT"] = str(package / "kit")
    try:
        rows = start_up(tree, "--help", "list", "status", of=", demo")
        scaffold("new", "--gap", "prices", cwd=tree)()
        scaffold("verify", "prices", "--mutants", "all", "--python", PYTHON, cwd=tree)()
        return [*rows, *start_up(tree, "status", of=", demo with a proved row")]
    finally:
        del os.environ["SCAFFOLD_KIT"]


def writing(tree: Path, kit: Path) -> list[Row]:
    """`new` of one gap against one `copier copy` of the same template."""
    new = scaffold("new", "--gap", "targets", cwd=tree)
    undo = scaffold("undo", cwd=tree)
    copy = copies(kit, "targets")
    part = scaffold("new", "--gap", "targets", "--part", "script", cwd=tree)
    alone = ratio(part, new, after=undo, after_other=undo)
    return [
        Row("new --gap targets / copier copy", ratio(new, copy, after=undo), 1.5),
        Row("new --gap targets --part script / new --gap targets", alone, 1),
    ]


def plain_kit(scratch: Path) -> Path:
    """The kit as Copier takes it."""
    kit = scratch / "kit"
    kit.mkdir()
    shutil.copy(ROOT / "copier.yml", kit)
    shutil.copytree(ROOT / "templates", kit / "templates")
    return kit


def copies(kit: Path, *gaps: str) -> Step:
    """One `copier copy` for each of these gaps, into a folder that goes again."""
    exe = str(Path(PYTHON).with_name("copier"))

    def step() -> None:
        target = kit.with_name("copied")
        for gap in gaps:
            data = ["-d", f"gap={gap}", str(kit), str(target / gap)]
            command(exe, "copy", "-q", "--defaults", *data, cwd=kit.parent)()
        shutil.rmtree(target)

    return step


def durability(tree: Path) -> Row:
    """The share of `new` that the journal and its syncs take."""
    script = (
        "import time, sys\n"
        "from scaffold.checkout import journal\n"
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
    share = statistics.median(shares)  # syncing takes the clock's time alone
    return Row("journal and fsync, share of new", Ratio(share, share), 0.1)


def proving(tree: Path) -> list[Row]:
    """`verify` of the four Python rows against pytest runs of the same suites."""
    scaffold("new", "--all", "--kind", "gap", "--language", "python", cwd=tree)()
    files = ",".join(f"planoai/{name}.py" for name in ("core", "docker_cli", "main", "trace_cmd"))
    measuring = ["coverage", "run", f"--include=planoai/targets.py,{files}", "-m"]
    counted, bare = (
        command(
            *[PYTHON, "-m", *before, "pytest", "-q", "-p", "no:cacheprovider", "test"],
            cwd=tree / "cli",
            env={"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for before in (measuring, [])
    )
    verify = scaffold("verify", "--all", "--no-rules", "--python", PYTHON, cwd=tree)
    name = "verify of the four Python rows"
    return [
        # Before Python 3.12 the lines alone, which `verify` counts, take half as long as the tests.
        Row(f"{name} / pytest under coverage", ratio(verify, counted), 1.15),
        Row(f"{name} / bare pytest", ratio(verify, bare)),
    ]


def mending(tree: Path) -> list[Row]:
    """`verify --mends` of a row against as many plain runs as it needs, one after the other."""
    scaffold("new", "--gap", "docker_cli", cwd=tree)()
    argv = ["verify", "docker_cli", "--jobs", "1", "--python", PYTHON]
    whole = [PYTHON, "-m", "scaffold", *argv, "--mends", "--json"]
    done = subprocess.run(whole, cwd=tree, capture_output=True, check=True)
    mends = json.loads(done.stdout)["outcomes"][0]["mends"]
    # Each mend, the copy that is not changed, and the checkout.
    runs = sum(one["verdict"] == "turned" for one in mends) + 2
    share = ratio(scaffold(*argv, "--mends", cwd=tree), scaffold(*argv, cwd=tree)) / runs
    scaffold("undo", cwd=tree)()
    return [Row(f"verify --mends / the {runs} plain runs it needs", share, 1.15)]


def rust_rows(plano: Path, scratch: Path, kit: Path) -> list[Row]:
    """The P0 rows written at once, and one of them proved, in a copy of a real checkout."""
    tree = scratch / "plano"
    ignored = shutil.ignore_patterns("target", ".git", "node_modules", ".scaffold")
    shutil.copytree(plano, tree, symlinks=True, ignore=ignored)
    quick = start_up(tree, "list", "status", of=", checkout")
    first, urgent = written_at_once(tree, kit, "--priority", "P0")
    every, whole = written_at_once(tree, kit, "--all")
    scaffold("new", "--gap", "llm_gateway", cwd=tree)()
    verify = scaffold("verify", "llm_gateway", "--no-rules", cwd=tree)
    verify()
    quick += start_up(tree, "status", of=", checkout with a row")
    bare = command(
        *["cargo", "test", "--locked", "--offline", "-p", "llm_gateway", "--lib"],
        cwd=tree / "crates",
        env={"CARGO_TARGET_DIR": str(scratch / "target"), "CARGO_PROFILE_TEST_DEBUG": "0"},
    )
    return [
        *quick,
        Row(f"new --priority P0 / {first} copier copies", urgent, 1.5),
        Row(f"{every} copier copies / new --all", Ratio.of((1, 1), whole), at_least=5),
        Row("verify llm_gateway / cargo test, both warm", ratio(verify, bare), 1.3),
    ]


def written_at_once(tree: Path, kit: Path, *rows: str) -> tuple[int, Ratio]:
    """How many rows such a `new` writes, and its time over that of a `copier copy` for each."""
    dry = [PYTHON, "-m", "scaffold", "new", *rows, "--dry-run", "--json"]
    done = subprocess.run(dry, cwd=tree, capture_output=True, check=True)
    slugs = [gap["gap"] for gap in json.loads(done.stdout)["gaps"]]
    new, undo = scaffold("new", *rows, cwd=tree), scaffold("undo", cwd=tree)
    return len(slugs), ratio(new, copies(kit, *slugs), after=undo)


def typescript_row(tree: Path) -> Row:
    """`verify` of the row against the bare runs of the same packages."""
    runs = [
        command("npx", "vitest", "run", cwd=tree / folder, env={"CI": "true"})
        for folder in ("apps/www", "packages/ui")
    ]

    def bare() -> None:
        for run in runs:
            run()

    verify = scaffold("verify", "js_vitest", "--no-rules", cwd=tree)
    return Row("verify js_vitest / bare vitest", ratio(verify, bare), 1.15)


def killing(tree: Path, scratch: Path) -> list[Row]:
    """A plain cosmic-ray run against our kill check, over the same mutants of targets.py."""
    if find_spec("cosmic_ray") is None:
        print("left out without cosmic-ray (pip install cosmic-ray==8.7.0): the kill check")
        return []
    from cosmic_ray.work_db import use_db

    from plain_session import plain_session

    scaffold("new", "--gap", "targets", cwd=tree)()
    session = plain_session(tree, scratch, MUTANTS)
    config = scratch / "cosmic-ray.toml"
    exe = str(Path(PYTHON).with_name("cosmic-ray"))
    quiet = {"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"}
    plain = seconds(command(exe, "exec", str(config), str(session), cwd=tree / "cli", env=quiet))
    with use_db(session) as db:
        results = {job: result.test_outcome for job, result in db.results}
        theirs = sum(str(outcome).endswith("SURVIVED") for outcome in results.values())
    record = scratch / "ours.json"
    argv = ["verify", "targets", "--mutants", str(MUTANTS), "--no-cache", "--jobs", "1", "--json"]

    def ours() -> None:
        done = subprocess.run(
            [PYTHON, "-m", "scaffold", *argv, "--python", PYTHON],
            cwd=tree,
            capture_output=True,
            check=False,
        )
        record.write_bytes(done.stdout)

    own = seconds(ours)
    scaffold("undo", cwd=tree)()
    outcome = json.loads(record.read_text("utf-8"))["outcomes"][0]
    survived = len(outcome["survivors"]) + outcome["invalid"]
    verdicts = "same verdicts" if survived == theirs + outcome["invalid"] else "OTHER VERDICTS"
    name = f"cosmic-ray exec / our kill check, {MUTANTS} mutants, {verdicts}"
    return [Row(name, Ratio.of(plain, own), at_least=5)]


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
    # As an installed package is, whatever PYTHONDONTWRITEBYTECODE says here.
    compileall.compile_dir(ROOT / "src" / "scaffold", quiet=1)
    with tempfile.TemporaryDirectory(prefix="scaffold-bench-") as folder:
        scratch = Path(folder)
        tree = release_tree(scratch)
        kit = plain_kit(scratch)
        print(f"medians of {RUNS} pairs, one run, Python {sys.version.split()[0]}")
        for row in measured(tree, kit, scratch):
            print(row.line(), flush=True)


def measured(tree: Path, kit: Path, scratch: Path) -> Iterator[Row]:
    """Each row as soon as it is measured."""
    yield from in_the_demo(scratch)
    yield from writing(tree, kit)
    yield durability(tree)
    yield from killing(tree, scratch)
    yield from mending(tree)
    yield from proving(tree)
    if PLANO:
        yield from rust_rows(Path(PLANO).resolve(), scratch, kit)
    if INSTALLED:
        yield typescript_row(Path(INSTALLED).resolve())


if __name__ == "__main__":
    main()
