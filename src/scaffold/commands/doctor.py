"""`scaffold doctor`: what is ready here, what is missing, and how to get it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.commands.options import as_json, checkout_folder, kit_folder, load, notes
from scaffold.system import invocation, output

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.kit.catalog import Gap, Kit, Need

GIT = ("git", "merges edits (--on-conflict merge)", "apt-get install git")


@dataclass(frozen=True)
class Check:
    """One line of the examination."""

    name: str
    ok: bool
    found: str
    hint: str = ""


@click.command(
    epilog=notes("scaffold doctor -C ~/checkout", "scaffold doctor --clear-cache", codes=(0, 2, 9))
)
@checkout_folder
@kit_folder
@click.option("--run", is_flag=True, help="Also start the checkout's own interpreters.")
@click.option("--clear-cache", is_flag=True, help="Remove what is kept, and stop.")
@as_json
def doctor(checkout: Path, kit: Path | None, run: bool, clear_cache: bool, json: bool) -> None:
    """Print what is ready, what is missing, and how to get it."""
    from scaffold.commands import report

    if clear_cache:
        checks = [_cleared()]
    else:
        loaded = load(kit)
        # First the checkout: nothing that lies in it is started below.
        about = _checkout(checkout, loaded)
        checks = [*_packages(), *_tools(), *_needs(loaded), _kit(loaded), *about.checks]
        command = invocation.command("scaffold doctor --run")
        checks += [_environment(about.checkout, gap, run, command) for gap in about.gaps]
        checks += _caches()
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
    for package in ("copier", "jinja2", "click", "questionary", "black", "pytest", "parso"):
        checks.append(Check(package, True, version(package)))
    return checks


def _tools() -> list[Check]:
    """The programs of the engine, of every language and of every runner."""
    from scaffold.languages import LANGUAGES, Tool, language_of
    from scaffold.proof import RUNNERS
    from scaffold.proof.runner import load_runner

    found = [Tool(*GIT)]
    for ending in LANGUAGES:
        language = language_of(f"a{ending}")
        found += language.TOOLS if language else ()
    for name in RUNNERS:
        found += load_runner(name).tools
    return [_tool(*tool) for tool in found]


def _tool(name: str, purpose: str, hint: str) -> Check:
    from scaffold.errors import MissingToolError
    from scaffold.system.process import run_tool

    program, *rest = name.replace(" ", "-", 1), *name.split()[1:]
    try:
        # A subcommand by its own program: cargo would ask its settings for an alias first.
        answer = run_tool([program, *rest, "--version"], timeout_s=20)
    except MissingToolError:
        return Check(name, False, f"not found; it {purpose}", hint)
    lines = (answer.stdout or answer.stderr).splitlines()
    if answer.returncode != 0:
        # What it says itself is nearer to the cause than how it is installed.
        said = f": {' '.join(lines)}" if lines else ""
        return Check(name, False, f"it {purpose}, and does not run{said}", "" if said else hint)
    return Check(name, True, lines[0] if lines else "found")


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
    # One program may be what several gaps need in words of their own.
    return list(dict.fromkeys(checks))


def _kit(kit: Kit) -> Check:
    ready = sum(gap.built for gap in kit.gaps.values())
    return Check("kit", True, f"{kit.name}, {ready} of {len(kit.gaps)} templates built")


@dataclass(frozen=True)
class _Found:
    """The checkout, and one gap for each runner and folder that its tests need."""

    checks: tuple[Check, ...]
    checkout: Checkout | None = None
    gaps: tuple[Gap, ...] = ()


def _checkout(start: Path, kit: Kit) -> _Found:
    from scaffold.checkout.find import open_checkout
    from scaffold.checkout.generation import read_whole
    from scaffold.checkout.state import in_git, read_state
    from scaffold.errors import ScaffoldError

    try:
        checkout = open_checkout(start, kit)
        state = read_whole(checkout.root, lambda: read_state(checkout.root, kit.name))
    except ScaffoldError as error:
        return _Found((Check("checkout", False, error.fact, error.hint),))
    gaps: dict[tuple[str, str], Gap] = {}
    for gap in kit.gaps.values():
        if gap.built and gap.run is not None and checkout.has_target(gap):
            gaps.setdefault((gap.run.runner, gap.run.root), gap)
    generated = f"{output.counted(len(state.gaps), 'gap')} generated"
    about = Check("checkout", True, f"{checkout.root}, {generated}")
    records = {
        "ignored": "ignored by git; carried with: scaffold new --state tracked",
        "tracked": "tracked in git; ignored with: scaffold new --state ignored",
    }.get(in_git(checkout.root), "written by an earlier version" if state.gaps else "none")
    kept = Check("records in .scaffold/", True, records)
    return _Found((about, kept), checkout, tuple(gaps.values()))


def _environment(checkout: Checkout | None, gap: Gap, ask: bool, command: str) -> Check:
    from scaffold.errors import ScaffoldError
    from scaffold.proof.runner import Subject, SubjectTarget, VerifyOptions
    from scaffold.proof.verify import at_hand, environment_of

    assert checkout is not None and gap.run is not None
    name = f"{gap.run.runner} in {gap.run.root}/"
    try:
        targets = tuple(
            SubjectTarget(item.target.name, item.path, item.module)
            for item in checkout.find(gap).targets
        )
        subject = Subject(gap.slug, checkout.root, gap.run, (), targets)
        if ask:
            return Check(name, True, environment_of(subject, VerifyOptions()))
        found = at_hand(subject, VerifyOptions())
    except ScaffoldError as error:
        return Check(name, False, error.fact, error.hint)
    return Check(name, True, f"{found}; not started, ask it with: {command}")


def _caches() -> list[Check]:
    from scaffold.system.caching import MIB, PARTS, cache_dir, size_of

    told = [
        f"{name} {size_of(cache_dir(name)) / MIB:.1f} of {most // MIB} MiB"
        for name, most in PARTS.items()
        if cache_dir(name).exists()
    ]
    sizes = ", ".join(told) or "nothing"
    hint = invocation.command("scaffold doctor --clear-cache")
    return [Check("cache", True, f"{cache_dir()}: {sizes}; removed by: {hint}")]


def _cleared() -> Check:
    from scaffold.system.caching import MIB, cache_dir, clear, size_of

    before = size_of(cache_dir())
    used = clear()
    if not cache_dir().is_dir():
        return Check("cache", True, f"nothing is kept: {cache_dir()} is no folder")
    freed = f"{(before - size_of(cache_dir())) / MIB:.1f} MiB removed from {cache_dir()}"
    kept = f"; in use and kept: {', '.join(used)}" if used else ""
    return Check("cache", True, freed + kept)
