"""Packages of the index, each of another layout, are proved as a plain loop proves them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from scaffold.proof.mutants import Mutant, sample
from scaffold.proof.pytest.kill.mutants import find_mutants
from support.command import started
from support.packages import Package
from support.tinykit import DEMO_KIT, KIT_TOML, gap_toml
from support.tree import snapshot, write_files

MUTANTS = 20
QUESTION = "row_note:\n  type: str\n  default: none\n  help: A note?\n"

HUMANIZE = """\
import pytest

from humanize import i18n


def test_a_language_is_taken_and_given_back():
    assert i18n.get_translation() is i18n.deactivate() or i18n.get_translation()
    taken = i18n.activate("de_DE")
    assert i18n.activate("de_DE") is taken is i18n.get_translation()
    assert i18n.thousands_separator() == "."
    assert i18n.decimal_separator() == ","
    assert i18n._gettext("now") == "jetzt"
    i18n.deactivate()
    assert i18n._gettext("now") == "now"
    assert (i18n.thousands_separator(), i18n.decimal_separator()) == (",", ".")


def test_an_unknown_language_is_refused():
    with pytest.raises(FileNotFoundError):
        i18n.activate("xx_XX")


def test_marks_change_nothing():
    assert i18n._gettext_noop("a") == "a"
    assert i18n._ngettext_noop("a", "b") == ("a", "b")
    assert i18n._ngettext("a", "b", 2) == "b"
"""
INFLECTION = """\
import pytest

import inflection


@pytest.mark.parametrize(("one", "many"), [("post", "posts"), ("sheep", "sheep"), ("ox", "oxen")])
def test_a_plural_and_back(one, many):
    assert inflection.pluralize(one) == many
    assert inflection.singularize(many) == one


@pytest.mark.parametrize(("number", "text"), [(1, "1st"), (2, "2nd"), (11, "11th"), (-3, "-3rd")])
def test_ordinals(number, text):
    assert inflection.ordinalize(number) == text


def test_cases():
    assert inflection.camelize("device_type") == "DeviceType"
    assert inflection.camelize("device_type", False) == "deviceType"
    assert inflection.underscore("DeviceType") == "device_type"
"""
ZOPE = """\
import pytest
import zope.event
from zope.event import classhandler


@pytest.fixture(autouse=True)
def nothing_registered():
    yield
    classhandler.registry.clear()
    del zope.event.subscribers[:]


def test_handlers_are_called_in_the_order_of_the_classes():
    seen = []

    class Above:
        pass

    class Below(Above):
        pass

    classhandler.handler(Above, lambda event: seen.append("above"))

    @classhandler.handler(Below)
    def below(event):
        seen.append("below")

    zope.event.notify(Below())
    assert seen == ["below", "above"]
    zope.event.notify(Above())
    assert seen == ["below", "above", "above"]
"""


@dataclass(frozen=True)
class Layout:
    """A package, one target of it, and a small file of tests."""

    package: Package
    target: str
    module: str
    tests: str


LAYOUTS = {
    "src": Layout(
        Package(
            "humanize==4.9.0",
            "ce284a76d5b1377fd8836733b983bfb0b76f1aa1c090de2566fcf008d7f6ab16",
            "src",
        ),
        "src/humanize/i18n.py",
        "humanize.i18n",
        HUMANIZE,
    ),
    # The wheel holds a module and a package of the same name; an import finds the package.
    "flat": Layout(
        Package(
            "inflection==0.5.1", "f38b2b640938a4f35ade69ac3d053042959b62a0f1076a5bbaa1b9526605a8a2"
        ),
        "inflection/__init__.py",
        "inflection",
        INFLECTION,
    ),
    "namespace": Layout(
        Package(
            "zope.event==5.0", "2832e95014f4db26c47a13fdaef84cef2f4df37e66b59d8f1f4a8f319a632c26"
        ),
        "zope/event/classhandler.py",
        "zope.event.classhandler",
        ZOPE,
    ),
}


def write_kit(root: Path, layout: Layout) -> Path:
    """A kit of one row about the target."""
    gap = gap_toml(
        run={"runner": "pytest", "root": "."},
        targets=[{"name": "it", "paths": [layout.target], "line_pct": 1, "kill_pct": 1}],
    )
    return write_files(
        root,
        {
            "copier.yml": (DEMO_KIT / "copier.yml").read_bytes(),
            "templates/kit.toml": KIT_TOML.replace("app.py", layout.target),
            "templates/row/gap.toml": gap,
            "templates/row/README.md": "# row\nProves a little.\n",
            "templates/row/cases.toml": "[default]\n",
            "templates/row/questions.yml": QUESTION,
            "templates/row/files/tests/test_row.py.jinja": layout.tests,
        },
    )


def pytest_of(tree: Path, root: str, *before: str) -> subprocess.CompletedProcess[str]:
    """A plain run of the tests, as a person types it."""
    path = os.pathsep.join([root, "."])
    return subprocess.run(
        [sys.executable, *before, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         "-o", "addopts=", "tests/test_row.py"],
        cwd=tree, env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
             "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def coverage_of(tree: Path, layout: Layout, scratch: Path) -> float:
    """What `coverage run -m pytest` gives for the target."""
    data, out = scratch / "data", scratch / "out.json"
    done = pytest_of(tree, layout.package.below, "-m", "coverage", "run", f"--data-file={data}")
    assert done.returncode == 0, done.stdout
    subprocess.run(
        [sys.executable, "-m", "coverage", "json", f"--data-file={data}", "-o", out, "-q",
         f"--include={tree / layout.target}"],
        cwd=tree, check=True,
    )  # fmt: skip
    (found,) = json.loads(out.read_text())["files"].values()
    return float(found["summary"]["percent_covered"])


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_package_is_proved_as_a_plain_loop_proves_it(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    tree = layout.package.lay_out(tmp_path / "tree")
    kit = ("--kit", write_kit(tmp_path / "kit", layout), "-C", tree)
    before = snapshot(tree)

    made = started("new", "--gap", "row", *kit)
    assert made.code == 0, made.err
    how = ["--mutants", str(MUTANTS), "--json", "--python", sys.executable]
    ran = started("verify", "row", *how, *kit)
    assert "outcomes" in json.loads(ran.out), ran.err
    record = json.loads(ran.out)["outcomes"][0]
    assert record["verdict"] in ("proved", "green"), record["problems"]
    assert record["failed"] == 0

    (target,) = record["targets"]
    assert target["line_cov_pct"] == round(coverage_of(tree, layout, tmp_path), 1)

    read = name != "src"  # `from __future__ import annotations`, and nothing that reads them
    source = (tree / layout.target).read_text("utf-8")
    found = find_mutants(layout.target, source, annotations_read=read)
    assert record["annotations"] == len(found.annotations)
    assert record["equal_code"] == len(found.equal_code)
    assert (len(found.annotations) > 0) is (name == "src")

    survived = {(item["operator"], item["line"], item["change"]) for item in record["survivors"]}
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    viable = tried_plainly(copy, layout, sample(found.mutants, MUTANTS), survived)
    assert record["viable"] == viable
    assert record["killed"] == viable - len(survived)

    assert started("undo", *kit).code == 0
    assert snapshot(tree) == before


def tried_plainly(
    copy: Path, layout: Layout, mutants: list[Mutant], survived: set[tuple[str, int, str]]
) -> int:
    """How many mutants can be imported; each is judged by a run of pytest of its own."""
    viable = 0
    for mutant in mutants:
        (copy / layout.target).write_text(mutant.source, "utf-8")
        red = pytest_of(copy, layout.package.below).returncode != 0
        alone = subprocess.run(
            [sys.executable, "-c", f"import {layout.module}"], cwd=copy / layout.package.below,
            env={**os.environ, "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, check=False,
        )  # fmt: skip
        viable += alone.returncode == 0
        here = (mutant.operator, mutant.line, mutant.change)
        assert (here not in survived) is red, mutant
    return viable
