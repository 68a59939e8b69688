"""A checkout full of traps: whatever of it is run or imported leaves a mark outside of it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.command import Ran
from support.tinykit import DEMO_KIT, gap_toml
from support.tree import write_files

PROGRAMS = """
basename bash biome black cargo cargo-llvm-cov cargo-mutants cargo-nextest cat cc clang copier
cosmic-ray dash diff direnv docker env fish gcc git git-merge-file gpg hostname id ld ldconfig
less locale make merge-file mise mkdir more most mypy nice node npm npx perl pip pip3 pre-
commit ps pyenv pytest python python3 python3.11 readlink rg rm ruff rustc rustdoc rustfmt
rustup sccache sed sh ssh stty sudo tput tr uname uv uvx vi vim which xdg-open zsh
"""
FOLDERS = (".", "bin", "sub", ".venv/bin", "node_modules/.bin", "toolchain/bin", "scripts")
OURS = ("black", "blib2to3", "click", "copier", "coverage", "jinja2", "markupsafe", "pathspec",
    "platformdirs", "plumbum", "prompt_toolkit", "pydantic", "pydantic_core", "pygments",
    "questionary", "rich", "shellingham", "tree_sitter", "tree_sitter_json", "tree_sitter_rust",
    "tree_sitter_typescript", "typer", "uvloop", "typing_extensions", "yaml", "_yaml", "wcwidth",
    "dateutil", "funcy", "tokenize_rt",
    "IPython")  # fmt: skip
"""Modules that scaffold imports from its environment, or that one of these tries to import."""
HOOKS = ("post-checkout", "post-index-change", "pre-commit", "fsmonitor-watchman", "post-merge")


@dataclass(frozen=True)
class Trapped:
    """A checkout with its traps, the kit for it, and the folder of the marks."""

    tree: Path
    kit: Path
    marks: Path
    links: Path

    def marked(self) -> list[str]:
        """What of the checkout was run or imported."""
        return sorted(path.name for path in self.marks.iterdir())

    def environment(self) -> dict[str, str]:
        """What a careless person exported: much of it leads into the checkout."""
        tree = self.tree
        entries = ["", ".", "bin", "./node_modules/.bin", str(self.links)]
        entries += [str(tree / folder) for folder in FOLDERS]
        rustup = os.environ.get("RUSTUP_HOME") or os.path.expanduser("~/.rustup")
        return {
            **os.environ,
            "HOME": str(self.marks.with_name("home")),
            "RUSTUP_HOME": rustup,
            "PATH": os.pathsep.join([*entries, os.environ["PATH"]]),
            "SCAFFOLD_KIT": str(self.kit),
            "XDG_CACHE_HOME": str(tree / ".cache"),
            "BLACK_CACHE_DIR": str(tree / ".cache" / "black"),
            "XDG_CONFIG_HOME": str(tree / ".config"),
            "COPIER_SETTINGS_PATH": str(tree / ".config" / "copier.yml"),
            "PYTHONPATH": str(tree / "lib"),
            "PAGER": str(tree / "bin" / "less"),
            "EDITOR": str(tree / "bin" / "vi"),
            "SHELL": str(tree / "bin" / "sh"),
            "RUSTUP_TOOLCHAIN": str(tree / "toolchain"),
            "RUSTC_WRAPPER": str(tree / "bin" / "sccache"),
            "RUSTFMT": str(tree / "bin" / "rustfmt"),
            "CARGO_HOME": str(tree / ".cargo"),
            "GIT_EXEC_PATH": str(tree / "bin"),
            "GIT_EXTERNAL_DIFF": str(tree / "bin" / "diff"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.fsmonitor",
            "GIT_CONFIG_VALUE_0": str(tree / "bin" / "sh"),
            "NODE_OPTIONS": f"--require {tree / 'evil.js'}",
            "BASH_ENV": str(tree / ".env"),
            "ENV": str(tree / ".env"),
            "LESSOPEN": f"||{tree / 'bin' / 'sh'} %s",
            "VIRTUAL_ENV": str(tree / ".venv"),
            "TMPDIR": str(tree / "tmp"),
        }  # fmt: skip

    def run(self, starter: Sequence[str], *argv: str, cwd: Path) -> Ran:
        """Run the command in the careless person's environment, under strace where there is one.

        Raises:
            AssertionError: A program was started that the checkout holds or decides about.
        """
        log = self.marks.with_name("strace.log")
        tracer = shutil.which("strace")
        prefix = [tracer, "-f", "-qq", "-s", "4096", "-e", "trace=execve,execveat",
            "-o", str(log)] if tracer else []  # fmt: skip
        done = subprocess.run(
            [*prefix, *starter, *argv],
            cwd=cwd,
            env=self.environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        if tracer:
            self._check()
        return Ran(done.returncode, done.stdout, done.stderr)

    def started(self) -> list[str]:
        """The programs that the last run started, or tried to, after the command itself."""
        log = self.marks.with_name("strace.log")
        text = log.read_text("utf-8", errors="replace") if log.exists() else ""
        return re.findall(r'exec(?:ve|veat)\((?:[^",]+, )?"([^"]*)"', text)[1:]

    def _check(self) -> None:
        # Tried counts as well: the program could have been there.
        for name in self.started():
            assert os.path.isabs(name), f"{name} was looked for in the current folder"
            for place in {os.path.abspath(name), os.path.realpath(name)}:
                assert not Path(place).is_relative_to(self.tree), f"{place} was started"


def set_traps(tree: Path, beside: Path, *, our_package: bool) -> Trapped:
    """The miniature checkout with its kit, and traps in every place that some tool looks at.

    Args:
        tree: A copy of the miniature checkout.
        beside: A folder for the marks, the links into the checkout and the kit.
        our_package: Also a package `scaffold`, which `python -m scaffold` cannot but prefer.
    """
    trapped = Trapped(tree, beside / "kit", beside / "marks", beside / "links")
    for folder in (trapped.marks, trapped.links, beside / "home", tree / "tmp"):
        folder.mkdir()
    _write_kit(trapped.kit)
    for path in FOLDERS:
        for name in PROGRAMS.split():
            _program(trapped, f"{path}/{name}")
    for name in PROGRAMS.split():
        (trapped.links / name).symlink_to(tree / "bin" / name)
    _modules(trapped, our_package)
    _settings(trapped)
    return trapped


def _write_kit(kit: Path) -> None:
    """The demo kit with a row of Rust, so that both formatters are at work."""
    shutil.copytree(DEMO_KIT, kit, ignore=shutil.ignore_patterns("__pycache__"))
    target = {"name": "lib", "paths": ["src/lib.rs"]}
    run = {"runner": "cargo", "root": "."}
    need = {"name": "node", "program": "node", "version": ["--version"], "least": "1",
        "hint": "install node"}  # fmt: skip
    crate = gap_toml(language="rust", targets=[target], run=run, needs=[need])
    tests = "#[test]\nfn   it_adds( ) { assert_eq!(1+1,2); }\n"
    write_files(kit / "templates" / "crate", {"gap.toml": crate, "questions.yml": "",
        "README.md": "# Crate\n", "files/tests/adds.rs.jinja": tests})  # fmt: skip


def _program(trapped: Trapped, relative: str) -> None:
    place = trapped.tree / relative
    place.parent.mkdir(parents=True, exist_ok=True)
    mark = trapped.marks / f"ran-{relative.replace('/', '-')}"
    # It answers as the tool would, so that one that is believed is noticed later as well.
    place.write_text(f"#!/bin/sh\n: > '{mark}'\necho '{place.name} 1.2.3'\n")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)


def _import_mark(trapped: Trapped, relative: str) -> str:
    mark = trapped.marks / f"imported-{relative.replace('/', '-')}"
    return f"open({str(mark)!r}, 'w').close()\n"


def _modules(trapped: Trapped, our_package: bool) -> None:
    """Modules that somebody imports: ours, of the standard library, of Python itself, of pytest."""
    tree = trapped.tree
    for path in [*tree.rglob("*.py")]:
        relative = path.relative_to(tree).as_posix()
        path.write_text(path.read_text("utf-8") + "\n\n" + _import_mark(trapped, relative))
    standard = sorted(sys.stdlib_module_names - set(sys.builtin_module_names))
    if not our_package:
        standard = ["ast", "json", "logging", "pickle", "platform", "subprocess", "tomllib", "uuid"]
    own = [
        "conftest",
        "sitecustomize",
        "usercustomize",
        "evil_plugin",
        "setup",
        "__main__",
        "noxfile",
    ]
    for name in [*standard, *OURS, *own]:
        for place in (f"{name}.py", *((f"lib/{name}.py",) if name in OURS else ())):
            write_files(tree, {place: _import_mark(trapped, place)})
    site = ".venv/lib/python3.11/site-packages"
    files = [
        f"{site}/sitecustomize.py",
        f"{site}/yaml.py",
        f"{site}/pytest.py",
        "tests/conftest.py",
    ]
    files += ["scaffold/__init__.py", "scaffold/cli.py", "scaffold/__main__.py"] * our_package
    for place in files:
        write_files(tree, {place: _import_mark(trapped, place)})
    points = "\n".join(
        f"[{group}]\nevil = evil_plugin\n"
        for group in ("pydantic", "pytest11", "copier.jinja_extensions", "console_scripts",
            "cosmic_ray.operator_providers", "pygments.lexers", "click.plugins")
    )  # fmt: skip
    for folder in ("evil.egg-info", "lib/evil-1.dist-info", f"{site}/evil-1.dist-info"):
        write_files(tree, {f"{folder}/entry_points.txt": points,
            f"{folder}/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n"})  # fmt: skip


def _settings(trapped: Trapped) -> None:
    """Settings that tools read upwards, or in the current folder, and that start something."""
    tree, program = trapped.tree, f"{trapped.tree}/bin/sh"
    write_files(tree, {
        "rust-toolchain.toml": f'[toolchain]\npath = "{tree}/toolchain"\n',
        "rustfmt.toml": "tab_spaces = 1\n",
        ".cargo/config.toml": f'[build]\nrustc = "{program}"\nrustc-wrapper = "{program}"\n'
        f'[alias]\nmutants = "run"\nllvm-cov = "run"\n[env]\nPATH = "{tree}/bin"\n',
        "Cargo.toml": '[package]\nname = "trap"\nversion = "0.1.0"\nbuild = "build.rs"\n',
        "build.rs": f'fn main() {{ std::fs::write("{trapped.marks}/build.rs", "").unwrap(); }}\n',
        "src/lib.rs": "pub fn one() -> u8 { 1 }\n",
        "setup.cfg": "[tool:pytest]\naddopts = -p evil_plugin\n",
        "tox.ini": "[pytest]\naddopts = -p evil_plugin\n",
        "pytest.ini": "[pytest]\naddopts = -p evil_plugin\n",
        ".coveragerc": "[run]\nplugins = evil_plugin\n",
        ".env": f"touch {trapped.marks}/env\n",
        ".envrc": f"touch {trapped.marks}/envrc\n",
        ".tool-versions": "rust 1.2.3\n",
        "evil.js": f"require('fs').writeFileSync('{trapped.marks}/evil.js', '')\n",
        "package.json": f'{{"scripts": {{"prepare": "{program}"}}}}\n',
        ".config/copier.yml": "trust: ['/']\n",
        ".config/git/config": f"[core]\nfsmonitor = {program}\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.7\n",
        ".gitattributes": "* filter=evil diff=evil merge=evil\n",
        ".git/HEAD": "ref: refs/heads/main\n",
        ".git/objects/info/keep": "",
        ".git/refs/heads/keep": "",
        ".git/config": f"[core]\nrepositoryformatversion = 0\nfsmonitor = {program}\n"
        f"pager = {program}\nhooksPath = {tree}/bin\n[diff]\nexternal = {program}\n"
        f'[alias]\nmerge-file = !{program}\n[filter "evil"]\nclean = {program}\n'
        f'smudge = {program}\n[diff "evil"]\ntextconv = {program}\n'
        f'[merge "evil"]\ndriver = {program}\n',
    })  # fmt: skip
    for hook in HOOKS:
        _program(trapped, f".git/hooks/{hook}")
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as handle:
        handle.write(
            '\n[tool.black]\nline-length = 7\n[tool.coverage.run]\nplugins = ["evil_plugin"]\n'
        )
