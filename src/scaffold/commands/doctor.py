"""`scaffold doctor`: what is ready here, what is missing, and how to get it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from scaffold import invocation, output
from scaffold.commands.options import HERE, Folder, Json, KitFolder, load

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.kit.catalog import Gap, Kit, Need, RunSpec

TOOLS = {
    "git": ("merges edits (--on-conflict merge)", "apt-get install git"),
    "uv": ("runs Python suites of projects that use uv", "pip install uv"),
    "cargo": ("proves Rust gaps", "install Rust with rustup"),
    "cargo mutants": ("breaks Rust targets", "cargo install --locked cargo-mutants"),
    "cargo llvm-cov": ("measures coverage of Rust", "cargo install --locked cargo-llvm-cov"),
    "cargo nextest": ("names a test that kills others", "cargo install --locked cargo-nextest"),
    "rustfmt": ("formats generated Rust", "rustup component add rustfmt"),
    "node": ("proves TypeScript gaps", "install Node.js 20 or newer"),
}
"""Command -> what it is for, and how to get it; a subcommand of cargo is a program of its own."""


@dataclass(frozen=True)
class Check:
    """One line of the examination."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(checkout: Folder = HERE, kit: KitFolder = None, json: Json = False) -> None:
    """Tools, versions and the checkout: what is ready, what is missing, how to get it."""
    from scaffold.commands import report

    loaded = load(kit)
    checks = [*_packages(), *_tools(), *_needs(loaded), _kit(loaded)]
    checks += _checkout(checkout, loaded)
    if json:
        body = [{**asdict(check), "hint": invocation.command(check.hint)} for check in checks]
        output.answer(report.to_json("doctor", {"checks": body}))
        return
    for check in checks:
        line = f"{'ok     ' if check.ok else 'missing'}  {check.name}: {check.found}"
        output.say(output.visible(line))
        if not check.ok and check.hint:
            hint = invocation.command(check.hint)
            output.say(output.visible(f"         get it with: {hint}"))


def _packages() -> list[Check]:
    import platform
    from importlib.metadata import version

    checks = [Check("python", True, platform.python_version())]
    for package in ("copier", "jinja2", "typer", "questionary", "black", "pytest", "cosmic-ray"):
        checks.append(Check(package, True, version(package)))
    return checks


def _tools() -> list[Check]:
    import shutil

    from scaffold.process import run

    checks = []
    for tool, (purpose, hint) in TOOLS.items():
        if shutil.which(tool.replace(" ", "-")) is None:
            checks.append(Check(tool, False, f"not found; it {purpose}", hint))
            continue
        answer = run([*tool.split(), "--version"], cwd=Path(), timeout_s=20)
        lines = (answer.stdout or answer.stderr).splitlines()
        if answer.returncode == 0:
            checks.append(Check(tool, True, lines[0] if lines else "found"))
        else:
            checks.append(Check(tool, False, f"found, but it does not run; it {purpose}", hint))
    return checks


def _needs(kit: Kit) -> list[Check]:
    """What single gaps need beside these tools, each once."""
    from scaffold.errors import MissingToolError
    from scaffold.proof.needs import find

    wanted: dict[Need, list[str]] = {}
    for gap in kit.gaps.values():
        for need in gap.needs if gap.built else ():
            wanted.setdefault(need, []).append(gap.slug)
    checks = []
    for need, slugs in wanted.items():
        proves = f"it proves {', '.join(slugs)}"
        try:
            found = find(need)
        except MissingToolError as error:
            told = f"{need.label} is wanted, and {error.fact}; {proves}"
            checks.append(Check(need.name, False, told, error.hint))
            continue
        told = f"{found.version} ({found.path})".strip()
        checks.append(Check(need.name, True, told))
    return checks


def _kit(kit: Kit) -> Check:
    ready = sum(gap.built for gap in kit.gaps.values())
    return Check("kit", True, f"{kit.name}, {ready} of {len(kit.gaps)} templates built")


def _checkout(start: Path, kit: Kit) -> list[Check]:
    from scaffold.checkout.find import open_checkout
    from scaffold.checkout.state import read_state
    from scaffold.errors import ScaffoldError

    try:
        checkout = open_checkout(start, kit)
        state = read_state(checkout.root, kit.name)
    except ScaffoldError as error:
        return [Check("checkout", False, error.fact, error.hint)]
    checks = [Check("checkout", True, f"{checkout.root}, {len(state.gaps)} gaps generated")]
    roots: set[tuple[str, str]] = set()
    for gap in kit.gaps.values():
        if not gap.built or gap.run is None or not checkout.has_target(gap):
            continue
        if (gap.run.runner, gap.run.root) not in roots:
            roots.add((gap.run.runner, gap.run.root))
            checks.append(_environment(checkout, gap, gap.run))
    return checks


def _environment(checkout: Checkout, gap: Gap, run: RunSpec) -> Check:
    from scaffold.errors import ScaffoldError
    from scaffold.proof.runner import Subject, SubjectTarget
    from scaffold.proof.verify import VerifyOptions, environment_of

    name = f"{run.runner} in {run.root}/"
    try:
        targets = tuple(
            SubjectTarget(item.target.name, item.path, item.module)
            for item in checkout.find(gap).targets
        )
        subject = Subject(gap.slug, checkout.root, run, (), targets)
        return Check(name, True, environment_of(subject, VerifyOptions()))
    except ScaffoldError as error:
        return Check(name, False, error.fact, error.hint)
