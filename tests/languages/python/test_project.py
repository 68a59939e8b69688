"""The import root of a target: found by reading what a project's own tools would read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.kit.catalog import RunSpec
from scaffold.languages.python.project import module_of, pytest_settings, root_of
from support.tree import write_files

HATCH = "[tool.hatch.build.targets.wheel]\n"
LAYOUTS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # what it is: (run root, target, module, files)
    "flat": (".", "pkg/a.py", "pkg.a", {"pkg/__init__.py": ""}),
    "below the runner's folder": ("cli", "cli/pkg/a.py", "pkg.a", {"cli/pkg/__init__.py": ""}),
    "a single module": (".", "a.py", "a", {}),
    "the package itself": (".", "src/pkg/__init__.py", "pkg", {"src/pkg/__init__.py": ""}),
    "src": (".", "src/pkg/a.py", "pkg.a", {"src/pkg/__init__.py": ""}),
    "src that is a package": (".", "src/a.py", "src.a", {"src/__init__.py": ""}),
    "src as a plain folder by pythonpath": (
        ".", "src/a.py", "src.a", {"pytest.ini": "[pytest]\npythonpath = .\n"}),
    "namespace package": (".", "company/product/a.py", "company.product.a", {}),
    "namespace package in src": (
        ".", "src/company/product/a.py", "company.product.a",
        {"src/company/product/__init__.py": "", "pyproject.toml": ""}),
    "a package called target": (".", "target/a.py", "target.a", {"target/__init__.py": ""}),
    "a package called build": (".", "build/lib/a.py", "build.lib.a", {"build/__init__.py": ""}),
    "a folder that no import can name": (".", "my-service/app/a.py", "app.a", {}),
    "a project below": (".", "libs/core/core_pkg/a.py", "core_pkg.a", {"libs/core/setup.py": ""}),
    "the runner's folder is a package": ("pkg", "pkg/a.py", "pkg.a", {"pkg/__init__.py": ""}),
    "pythonpath in pytest.ini": (
        ".", "lib/python/pkg/a.py", "pkg.a", {"pytest.ini": "[pytest]\npythonpath = lib/python\n"}),
    "pythonpath in pyproject.toml": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['tests', 'lib']\n"}),
    "pythonpath in the newest table": (
        ".", "lib/pkg/a.py", "pkg.a", {"pyproject.toml": "[tool.pytest]\npythonpath = ['lib']\n"}),
    "pythonpath in pytest.toml": (
        ".", "lib/pkg/a.py", "pkg.a", {"pytest.toml": "[pytest]\npythonpath = ['lib']\n"}),
    "pythonpath in tox.ini": (
        ".", "lib/pkg/a.py", "pkg.a", {"tox.ini": "[pytest]\npythonpath=lib"}),
    "pythonpath in setup.cfg": (
        ".", "lib/pkg/a.py", "pkg.a", {"setup.cfg": "[tool:pytest]\npythonpath = lib\n"}),
    "pythonpath above the runner's folder": (
        "app", "app/lib/pkg/a.py", "pkg.a", {"pytest.ini": "[pytest]\npythonpath = app/lib\n"}),
    "pythonpath below it, beside the suites": (
        ".", "lib/pkg/a.py", "pkg.a", {"tests/pytest.ini": "[pytest]\npythonpath = ../lib\n"}),
    "setuptools package-dir": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.setuptools.package-dir]\n'' = 'lib'\n"}),
    "setuptools package-dir by name": (
        ".", "sources/a.py", "pkg.sub.a",
        {"pyproject.toml": "[tool.setuptools.package-dir]\n'pkg.sub' = 'sources'\n"}),
    "setuptools find": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['lib']\n"}),
    "setup.cfg package_dir": (
        ".", "lib/pkg/a.py", "pkg.a", {"setup.cfg": "[options]\npackage_dir =\n    = lib\n"}),
    "setup.cfg find": (
        ".", "lib/pkg/a.py", "pkg.a", {"setup.cfg": "[options.packages.find]\nwhere = lib\n"}),
    "setup.py package_dir": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"setup.py": "from setuptools import setup\nsetup(package_dir={'': 'lib'})\n"}),
    "setup.py find_packages": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"setup.py": "import setuptools as s\ns.setup(packages=s.find_packages('lib'))\n"}),
    "poetry from": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.poetry]\npackages = [{include='pkg', from='lib'}]\n"}),
    "hatch packages": (
        ".", "lib/pkg/a.py", "pkg.a", {"pyproject.toml": HATCH + "packages = ['lib/pkg']\n"}),
    "hatch sources": (
        ".", "lib/a.py", "pkg.a", {"pyproject.toml": HATCH + "sources = {'lib' = 'pkg'}\n"}),
    "uv module-root": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.uv.build-backend]\nmodule-root = 'lib'\n"}),
    "pdm package-dir": (
        ".", "lib/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.pdm.build]\npackage-dir = 'lib'\n"}),
    "maturin python-source": (
        ".", "python/pkg/a.py", "pkg.a",
        {"pyproject.toml": "[tool.maturin]\npython-source = 'python'\n"}),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_module_is_what_an_import_calls_it(layout: str, tmp_path: Path) -> None:
    run_root, path, module, files = LAYOUTS[layout]
    write_files(tmp_path, {path: "", **files})
    run = RunSpec("pytest", run_root, ("tests",))

    assert module_of(tmp_path, path, run, {}) == module


def test_the_folder_of_a_module_lets_python_import_it(tmp_path: Path) -> None:
    """Python itself is asked; a name that the build renames has no folder."""
    for number, (_, path, module, files) in enumerate(LAYOUTS.values()):
        top = write_files(tmp_path / str(number), {path: "", **files})
        root = root_of(path, module)
        if root is None:
            assert module in ("pkg.sub.a", "pkg.a")
            continue
        code = f"import {module} as m; print(m.__file__)"
        env = {**os.environ, "PYTHONPATH": str(top / root), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-Sc", code], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert done.stdout.strip() == str(top / path), done.stderr


def test_the_kit_names_the_import_root_where_nothing_else_does(tmp_path: Path) -> None:
    write_files(tmp_path, {"app/parts/pkg/a.py": ""})
    run = RunSpec("pytest", "app", (), "parts")

    assert module_of(tmp_path, "app/parts/pkg/a.py", run, {}) == "pkg.a"


def test_a_file_that_will_be_there_counts(tmp_path: Path) -> None:
    planned = {"src/__init__.py": b"", "src/a.py": b""}

    assert module_of(tmp_path, "src/a.py", RunSpec("pytest", "."), planned) == "src.a"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pyproject.toml", "[tool\n"),
        ("pyproject.toml", "tool = 5\n"),
        ("pyproject.toml", "[tool.setuptools]\npackage-dir = [1]\npackages = 7\n"),
        ("pyproject.toml", "[tool.poetry]\npackages = ['lib', 5]\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = {a = 1}\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['/etc', '../..', '']\n"),
        ("setup.cfg", "no section\n"),
        ("setup.py", "def (:\n"),
        ("setup.py", "setup(package_dir=unknown(), packages=find_packages(where=here))\n"),
        ("pytest.ini", "[pytest]\npythonpath = 'half\n"),
    ],
)
def test_settings_that_make_no_sense_are_as_none(name: str, content: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"src/pkg/a.py": "", name: content})

    assert module_of(tmp_path, "src/pkg/a.py", RunSpec("pytest", "."), {}).endswith("pkg.a")


def test_settings_that_are_a_pipe_are_never_waited_for(tmp_path: Path) -> None:
    write_files(tmp_path, {"src/pkg/a.py": ""})
    os.mkfifo(tmp_path / "pyproject.toml")

    assert module_of(tmp_path, "src/pkg/a.py", RunSpec("pytest", "."), {}) == "pkg.a"


@pytest.mark.slow
@pytest.mark.parametrize("start", ["", "below", "below/deeper"])
def test_the_settings_are_those_that_pytest_finds(start: str, tmp_path: Path) -> None:
    """The same files as pytest itself, by its own header."""
    write_files(
        tmp_path,
        {
            "pyproject.toml": "[tool.pytest.ini_options]\nmarkers = 'top: x'\n",
            "below/tox.ini": "[other]\n",
            "below/setup.cfg": "[tool:pytest]\nmarkers = below: x\n",
            "below/deeper/pytest.ini": "",
            "below/deeper/test_x.py": "",
            "test_x.py": "",
            "below/test_x.py": "",
        },
    )
    asked = [
        sys.executable,
        "-m",
        "pytest",
        "--co",
        "-pno:cacheprovider",
        f"{start or '.'}/test_x.py",
    ]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
    found = pytest_settings(tmp_path / start, tmp_path)

    assert found is not None
    folder = "rootdir: " + str(found.folder)
    assert folder in [line.strip() for line in done.stdout.splitlines()], done.stdout
