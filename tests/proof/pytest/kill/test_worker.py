"""The kill check on trees that are set up in another way: what is broken is what the tests run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from scaffold.errors import ProofError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.kill_check import check
from scaffold.proof.pool import Stopped
from scaffold.proof.pytest.kill.worker import Place, Worker
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.runner import Kills, Subject, SubjectTarget, VerifyOptions, load_runner
from scaffold.proof.tree_copy import copy_tree, list_tree
from support.suite import noisy_statements
from support.tree import write_files

pytestmark = pytest.mark.slow

OPTIONS = VerifyOptions(python=sys.executable, jobs=1, mutants="all")
CALC = "def add(a, b):\n    return a + b\n"
TEST = "from pkg.calc import add\n\n\ndef test_add():\n    assert add(5, 3) == 8\n"
FINDER = """\
import importlib.util, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "pkg":
            below = ["{src}/pkg"]
            place = "{src}/pkg/__init__.py"
            return importlib.util.spec_from_file_location(
                name, place, submodule_search_locations=below)
sys.meta_path.insert(0, Finder())
"""
NAMESPACE = """\
import importlib.machinery, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "pkg":
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = ["{src}/pkg"]
            return spec
sys.meta_path.append(Finder())
"""
INSTALLED = {
    "path": ("{src}\n", True),
    "finder": ("import editable_finder\n", True),
    "namespace": ("import editable_finder\n", False),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "checkout",
        {"src/pkg/__init__.py": "", "src/pkg/calc.py": CALC, "test/test_calc.py": TEST},
    )


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "checkout",
        {"pkg/__init__.py": "", "pkg/calc.py": CALC, "test/test_calc.py": TEST},
    )


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has pytest and nothing else of its own."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    site = next(place.glob("lib/python*/site-packages"))
    ours = [item for item in sys.path if item.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join(ours) + "\n")
    return place


def subject_of(root: Path) -> Subject:
    path = "src/pkg/calc.py" if (root / "src").is_dir() else "pkg/calc.py"
    return Subject(
        slug="calc",
        checkout=root,
        run=RunSpec("pytest", ".", ()),
        files=("test/test_calc.py",),
        targets=(SubjectTarget("calc", path, "pkg.calc"),),
    )


def kill(
    root: Path, options: VerifyOptions = OPTIONS, said: Callable[[str], None] = lambda line: None
) -> Kills:
    runner, subject = load_runner("pytest"), subject_of(root)
    evidence = runner.examine([subject], options, said)[0]
    assert not evidence.generated.red, evidence.generated.red
    return check(subject, evidence, options, said)


@pytest.mark.parametrize("how", INSTALLED)
def test_mutants_of_a_package_installed_for_development_are_killed(
    tree: Path, environment: Path, how: str
) -> None:
    """Each way of installing leads to the checkout; without a move every mutant would survive."""
    line, whole = INSTALLED[how]
    if not whole:
        (tree / "src/pkg/__init__.py").unlink()
    site = next(environment.glob("lib/python*/site-packages"))
    src = tree / "src"
    (site / "editable.pth").write_text(line.format(src=src))
    (site / "editable_finder.py").write_text(
        (NAMESPACE if how == "namespace" else FINDER).format(src=src)
    )

    kills = kill(tree, replace(OPTIONS, python=str(environment / "bin/python")))

    # 5 - 3 … 5 >> 3; all of them are another number than 8.
    assert kills.survivors == ()
    assert kills.killed == kills.viable >= 10


def test_a_target_that_cannot_be_imported_alone_is_broken_all_the_same(flat: Path) -> None:
    write_files(
        flat,
        {
            "conftest.py": "import sys\nsys.ready = True\n",
            "pkg/calc.py": "import sys\nassert sys.ready\nTEN = 10\n" + CALC,
            "test/test_calc.py": TEST + "    from pkg.calc import TEN\n    assert TEN == 10\n",
        },
    )

    kills = kill(flat)

    assert kills.survivors == ()
    assert kills.invalid == 0


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "cp1252"])
def test_a_target_in_the_encoding_that_it_names_is_broken(flat: Path, encoding: str) -> None:
    """Each byte that a mutant leaves alone stays what it is."""
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    source = f"# -*- coding: {name} -*-\nUMLAUT = 'ä'\nTEN = 10\n" + CALC
    (flat / "pkg/calc.py").write_bytes(source.encode(encoding))
    test = "    from pkg.calc import TEN, UMLAUT\n    assert (TEN, UMLAUT) == (10, '\\xe4')\n"
    write_files(flat, {"test/test_calc.py": TEST + test})

    kills = kill(flat)

    assert kills.survivors == ()
    assert kills.invalid == 0 and kills.killed > 10


def red(flat: Path, test: str, **files: str) -> ProofError:
    """What is said where a test is green in the checkout and red on its copy."""
    write_files(flat, {"test/test_calc.py": TEST + test})
    with pytest.raises(ProofError) as caught:
        kill(flat, replace(OPTIONS, mutants=1))
    assert not {"cold", "unviable", "warm", "hot"} & set(caught.value.fact.split())
    return caught.value


def test_a_red_copy_is_named_with_its_test_its_reason_and_a_command(flat: Path) -> None:
    (flat.parent / "beside.txt").write_text("beside")

    error = red(flat, "\n\ndef test_far():\n    assert open('../beside.txt').read()\n")

    assert error.fact.startswith(
        "the tests are red on an unbroken copy of the tree: test/test_calc.py::test_far: "
        "FileNotFoundError: [Errno 2] No such file or directory: '../beside.txt' (test_calc.py:"
    )
    done = subprocess.run(["bash", "-c", error.hint], capture_output=True, text=True)
    assert done.returncode == 1
    assert "No such file or directory: '../beside.txt'" in done.stdout


def test_what_is_missing_in_the_copy_is_named(flat: Path) -> None:
    write_files(flat, {"data/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"})
    write_files(flat, {"data/model.bin": "data"})

    error = red(flat, "\n\ndef test_data():\n    assert open('data/model.bin').read()\n")

    assert "not in the copy: data (it is marked as a cache by CACHEDIR.TAG)" in error.fact


def test_a_distribution_that_is_not_installed_is_named(flat: Path) -> None:
    """It is found beside the checkout, where the copy is not."""
    (flat.parent / "thing-1.0.dist-info").mkdir()
    (flat.parent / "thing-1.0.dist-info/METADATA").write_text("Name: thing\nVersion: 1.0\n")
    test = (
        "\n\ndef test_version(monkeypatch):\n    from importlib import metadata\n"
        "    monkeypatch.syspath_prepend('..')\n    assert metadata.version('thing')\n"
    )

    error = red(flat, test)

    assert "the package thing is not installed" in error.fact
    assert error.hint == f"{sys.executable} -m pip install -e {flat}"


def test_survivors_are_printed_as_they_are_found(flat: Path) -> None:
    write_files(flat, {"test/test_calc.py": TEST.replace("(5, 3) == 8", "(0, 0) == 0")})
    said: list[str] = []

    kills = kill(flat, said=said.append)

    assert [line for line in said if "survived: " in line] == [
        f"calc: survived: {item.file}:{item.line} {item.change}" for item in kills.survivors
    ]


NOISE = noisy_statements("ready")


@pytest.mark.parametrize("noise", NOISE)
def test_output_of_an_interpreter_changes_no_verdict(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise: str
) -> None:
    """A wrapper prints and closes what it inherits, sitecustomize prints, and so does a test."""
    write_files(flat, {"conftest.py": f"def pytest_runtest_setup():\n    {NOISE[noise]}\n"})
    write_files(flat, {"test/test_calc.py": TEST.replace("(5, 3) == 8", "(1, 0) == 1")})
    write_files(tmp_path / "site", {"sitecustomize.py": 'print(\'{"event": "probe"}\')\n'})
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\necho noise\nexec 3>&- 4>&-\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    sampled = replace(OPTIONS, mutants=6)
    quiet = kill(flat, sampled)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))

    runner, subject = load_runner("pytest"), subject_of(flat)
    loud = replace(sampled, python=str(wrapper))
    evidence = runner.examine([subject], loud, print)[0]
    kills = check(subject, evidence, loud, print)

    assert kills == quiet
    assert kills.survivors and kills.killed


SLEEPS = """

def test_sleeps():
    import os, subprocess, time
    child = subprocess.Popen(['sleep', '600'])
    open({pids!r}, 'a').write(f'{{os.getpid()}} {{child.pid}} ')
    time.sleep(0 if os.environ.get('AWAKE') else 600)
    child.kill()
"""


def test_a_worker_ends_within_a_second_and_leaves_nothing(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its test sleeps, and so does what the test started."""
    pids = tmp_path / "pids"
    write_files(flat, {"test/test_calc.py": TEST + SLEEPS.format(pids=str(pids))})
    monkeypatch.setenv("AWAKE", "1")
    trail = load_runner("pytest").examine([subject_of(flat)], OPTIONS, print)[0].trail
    assert isinstance(trail, Trail)
    env = {name: value for name, value in trail.env.items() if name != "AWAKE"}
    pids.unlink()
    listing, stop = list_tree(flat), threading.Event()
    place = Place(listing, copy_tree(listing, tmp_path / "copy"), ".", tmp_path / "t", stop)
    began = []

    def stop_soon() -> None:
        _wait(lambda: pids.exists() and len(pids.read_text().split()) == 2, 60)
        began.append(time.monotonic())
        stop.set()

    stopper = threading.Thread(target=stop_soon)
    stopper.start()
    with (
        pytest.raises(Stopped),
        Worker(place, ["test/test_calc.py"], replace(trail, env=env)) as worker,
    ):
        worker.ask("hot", worker.unbroken(), (1,))
    stopper.join()

    assert time.monotonic() - began[0] < 3
    for pid in pids.read_text().split():
        _wait(partial(lambda one: not _runs(int(one)), pid), 2)


def _wait(condition: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as handle:
        return handle.read().split()[2] != "Z"
