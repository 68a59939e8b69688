"""The kill check of Rust targets: mutants made by cargo-mutants, judged by the gap's own tests.

cargo-mutants lists the mutants with their diffs. Building and running them here and not there
gives what it has not: verdicts kept by content, a sample and a cut that are the same on every
machine, and an end of each run at the first red test.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.edits import decode
from scaffold.edits.header import without_header
from scaffold.errors import BaselineError, MissingToolError
from scaffold.proof.cargo.bench import Bench, open_bench
from scaffold.proof.cargo.hunt import Hunt
from scaffold.proof.cargo.tree import Tree
from scaffold.proof.cargo.trial import RustMutant
from scaffold.proof.mutants import sample, shard
from scaffold.proof.runner import Evidence, Kills, Progress, Subject, VerifyOptions, tally
from scaffold.proof.verdicts import VerdictCache
from scaffold.system import process

INSTALL = "cargo install --locked cargo-mutants"
LIST_S = 300.0
BUILD_VARIABLES = ("CARGO_", "RUST", "CC", "CFLAGS", "CXX", "AR", "LD", "PKG_CONFIG", "PROTOC")
TOOLCHAIN_FILES = ("rust-toolchain.toml", "rust-toolchain")
WORDS = ("killed", "survived", "timeout", "invalid")
WHOLE_BODY = "FnValue"
_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_PLACE = re.compile(r"^\S+?:\d+:\d+: ")


def check(
    subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
) -> Kills:
    """Every chosen mutant judged.

    Raises:
        MissingToolError: cargo-mutants is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    if shutil.which("cargo-mutants") is None:
        raise MissingToolError("the kill check of Rust needs cargo-mutants", INSTALL)
    tree = Tree(subject.checkout, options)
    with tree.held(progress):
        bench = open_bench(tree, [subject], options)
        targets = bars_of(subject)
        mutants = choose(enumerate_mutants(bench, targets), options)
        names = {s: n for s, n in bench.own_names(subject, evidence).items() if n}
        labels = [suite.label(name) for suite, own in names.items() for name in own]
        caches = {
            path: VerdictCache(
                options.cache_dir,
                circumstances(bench, subject, [path], labels),
                valid=WORDS.__contains__,
            )
            for path in targets
        }
        known = {m.id: word for m in mutants if (word := caches[m.path].get(m.source))}
        rest = [mutant for mutant in mutants if mutant.id not in known]
        progress(f"{subject.slug}: {len(mutants)} mutants, {len(known)} verdicts known from before")
        found: dict[str, str] = {}
        for mutant, word in Hunt(bench, subject, names, options, progress).judge(rest):
            found[mutant.id] = word
            caches[mutant.path].put({mutant.source: word})
            progress(f"{subject.slug}: {len(found)}/{len(rest)} mutants tried")
    return tally(mutants, {**known, **found}, cached=len(known))


def bars_of(subject: Subject) -> list[str]:
    """The targets to be broken: those with a bar; all where none has one."""
    rust = [target for target in subject.targets if target.path.endswith(".rs")]
    held = [target for target in rust if target.kill_pct is not None]
    return [target.path for target in held or rust]


def enumerate_mutants(bench: Bench, targets: Sequence[str]) -> list[RustMutant]:
    """Every mutant that cargo-mutants makes of these files.

    Raises:
        BaselineError: cargo-mutants cannot read the workspace.
    """
    argv = ["cargo", "mutants", "--list", "--json", "--no-config", "--workspace"]
    inside = {PurePosixPath(path).relative_to(bench.root).as_posix(): path for path in targets}
    for path in inside:
        argv += ["--file", path]
    done = process.run(argv, cwd=bench.cargo.folder, env=bench.cargo.env, timeout_s=LIST_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise BaselineError(f"cargo-mutants lists no mutants: {said}", " ".join(argv))
    root = bench.tree.path
    texts = {path: decode((root / path).read_bytes(), path) for path in targets}
    items = [item for item in json.loads(done.stdout) if item["file"] in inside]
    items.sort(key=lambda i: (i["file"], i["span"]["start"]["line"], i["span"]["start"]["column"]))
    return list(_mutants(items, inside, texts))


def choose(mutants: list[RustMutant], options: VerifyOptions) -> list[RustMutant]:
    """The mutants that the options ask for: a sample of all files together, then the cut."""
    if isinstance(options.mutants, int):
        mutants = sample(mutants, options.mutants)
    if options.shard is not None:
        mutants = shard(mutants, *options.shard)
    return mutants


def circumstances(
    bench: Bench, subject: Subject, targets: Sequence[str], tests: Iterable[str]
) -> list[str | bytes]:
    """All that a verdict on these targets depends on, but the targets themselves.

    That is the tests' names, the compiler, and the sources of the crates that the tests are built
    from; of files elsewhere in the checkout those whose name a source mentions.
    """
    version = process.run(["rustc", "-vV"], cwd=bench.cargo.folder, env=bench.cargo.env).stdout
    parts: list[str | bytes] = ["cargo", version, *sorted(tests), *_settings(bench)]
    root = bench.tree.path.resolve()
    own = {root / path for path in subject.files}
    packages = bench.workspace.closure([suite.package for suite in bench.suites(subject)])
    top = bench.workspace.folder
    files = [path for package in packages for path in package.folder.rglob("*") if path.is_file()]
    files += [path for path in (top / "Cargo.toml", top / "Cargo.lock") if path.is_file()]
    mentioned: set[bytes] = set()
    skipped = {root / path for path in targets}
    for path in sorted(set(files)):
        content = path.read_bytes()
        content = without_header(content) if path in own else content
        mentioned |= set(re.findall(rb"[\w.-]+\.\w{1,6}\b", content))
        if path not in skipped:
            parts += [path.relative_to(root).as_posix(), content]
    for path in sorted(root.rglob("*")):
        if path.name.encode() in mentioned and path.is_file() and not path.is_relative_to(top):
            parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    return parts


def _settings(bench: Bench) -> list[str | bytes]:
    """What changes a build without a change of sources: variables, and the files cargo reads."""
    env = bench.cargo.env
    found: list[str | bytes] = [
        f"{name}={value}"
        for name, value in sorted(env.items())
        if name.startswith(BUILD_VARIABLES) and name != "CARGO_TARGET_DIR"
    ]
    top = bench.workspace.folder
    home = Path(env.get("CARGO_HOME") or Path.home() / ".cargo")
    places = [f / ".cargo" for f in (top, *top.parents)] + [home]
    files = [folder / name for folder in places for name in ("config.toml", "config")]
    files += [f / name for f in (top, bench.tree.path) for name in TOOLCHAIN_FILES]
    for path in dict.fromkeys(files):
        if path.is_file():
            found += [path.name, path.read_bytes()]
    return found


def _mutants(
    items: Sequence[dict[str, Any]], inside: dict[str, str], texts: dict[str, str]
) -> Iterable[RustMutant]:
    seen: Counter[str] = Counter()
    for item in items:
        path = inside[item["file"]]
        line = int(item["span"]["start"]["line"])
        change = _PLACE.sub("", item["name"])
        if item["genre"] != WHOLE_BODY:
            # The same operator may be replaced at several places of a function.
            text = texts[path].split("\n")[line - 1]
            change += f": {' '.join(text.split())}"
        key = f"{path}\0{change}"
        identity = hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:16]
        seen[key] += 1
        source = patched(texts[path], item["diff"])
        yield RustMutant(identity, path, line, item["genre"], change, source)


def patched(text: str, diff: str) -> str:
    """A text with a unified diff applied, whose line numbers are exact."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    result: list[str] = []
    at = 0
    for line in diff[diff.find("@@ -") :].split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            start = int(hunk[1]) - 1
            result += lines[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        elif line.startswith("-"):
            at += 1
        elif line.startswith(" "):
            result.append(lines[at])
            at += 1
    return newline.join([*result, *lines[at:]])
