"""One run of Vitest in one folder, and what its JSON reporter tells."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import ProofError
from scaffold.languages.typescript.tests import BETWEEN
from scaffold.proof.runner import in_folder
from scaffold.proof.vitest.installed import Installed, environment
from scaffold.system import process, scratch

_GLOB = re.compile(r"[\[\](){}*?!+@|\\]")
_PLACE = re.compile(r"(?:\(|at )(?:file://)?(/[^\s():]+):(\d+):\d+\)?")


@dataclass(frozen=True)
class Ran:
    """A test as Vitest reports it: passed, failed, skipped or todo."""

    name: str
    status: str
    message: str = ""
    seconds: float = 0.0


@dataclass
class Report:
    """What one run showed.

    Attributes:
        tests: Test file, relative to the checkout -> its tests, in order.
        broken: Test file -> why none of its tests ran.
        errors: What went wrong outside of every test.
        lines: Absolute path of a source -> line -> how often it ran.
        late: It did not end in time.
        seconds: How long it took.
    """

    tests: dict[str, list[Ran]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lines: dict[str, dict[int, int]] = field(default_factory=dict)
    late: bool = False
    seconds: float = 0.0

    def red(self, path: str) -> bool:
        """Whether anything of a file is not as it should be."""
        return path in self.broken or any(t.status == "failed" for t in self.tests.get(path, ()))


@dataclass(frozen=True)
class Vitest:
    """Vitest in one folder of a checkout, or of a copy that has the same packages."""

    root: Path
    installed: Installed

    @property
    def folder(self) -> Path:
        """Where it runs."""
        return self.root / self.installed.folder

    def run(
        self,
        files: Sequence[str],
        *,
        timeout_s: float,
        leave: Sequence[str] = (),
        measured: Sequence[str] = (),
        only: str = "",
    ) -> Report:
        """What the tests of some files did; of all files where none is named.

        Args:
            files: Test files, relative to the checkout.
            timeout_s: After this the whole group of processes is killed.
            leave: Files that are left out.
            measured: Sources whose lines are counted.
            only: A pattern that the name of a test must fit.

        Raises:
            ProofError: It ended without a report.
        """
        with scratch.folder("vitest") as place:
            report = place / "report.json"
            argv = [self.installed.node, str(self.installed.script), "run", "--passWithNoTests"]
            argv += ["--reporter=json", f"--outputFile.json={report}"]
            # The first reporter leaves out what was thrown outside of every test.
            argv += ["--reporter=dot", "--cache=false"]
            argv += [f"--exclude={_escaped(self._inside(path))}" for path in leave]
            argv += [f"--testNamePattern={only}"] if only else []
            argv += self._coverage(measured, place)
            argv += [self._inside(path) for path in files]
            done = process.run(argv, cwd=self.folder, env=environment(place), timeout_s=timeout_s)
            found = Report(late=done.timed_out, seconds=done.seconds)
            if done.timed_out:
                return found
            try:
                data = json.loads(report.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                raise ProofError(
                    f"Vitest ended without a report in '{self.installed.folder}': {_last(done)}",
                    f"{in_folder(self.installed.folder)}npx vitest run",
                ) from None
        self._read(found, data, set(files))
        if done.returncode != 0 and not any(found.red(p) for p in {*found.tests, *found.broken}):
            found.errors.append(_last(done))
        return found

    def _coverage(self, measured: Sequence[str], place: Path) -> list[str]:
        provider = self.installed.provider() if measured else ""
        if not provider:
            return ["--coverage.enabled=false"]
        inside = [_escaped(self._inside(path)) for path in measured]
        return [
            "--coverage.enabled=true",
            f"--coverage.provider={provider}",
            "--coverage.reporter=json",
            "--coverage.reportOnFailure=true",
            f"--coverage.reportsDirectory={place / 'coverage'}",
            *(f"--coverage.include={path}" for path in inside),
        ]

    def _inside(self, path: str) -> str:
        return os.path.relpath(path, self.installed.folder)

    def _read(self, found: Report, data: Mapping[str, Any], files: set[str]) -> None:
        top = self.root.resolve()
        for one in data.get("testResults", ()):
            place = Path(one["name"])
            if not place.is_relative_to(top):
                continue
            path = place.relative_to(top).as_posix()
            if files and path not in files:
                continue  # a name is looked for anywhere in a path
            results = one.get("assertionResults", [])
            if one.get("message") and not any(it["status"] == "failed" for it in results):
                found.broken[path] = self._plain(one["message"])
            found.tests[path] = [self._test(item) for item in results]
        for source, counts in (data.get("coverageMap") or {}).items():
            found.lines[source] = _lines(counts)

    def _test(self, item: Mapping[str, Any]) -> Ran:
        name = BETWEEN.join([*item.get("ancestorTitles", ()), item["title"]])
        failures = item.get("failureMessages") or []
        message = self._plain(failures[0]) if failures else ""
        return Ran(name, item["status"], message, (item.get("duration") or 0) / 1000)

    def _plain(self, message: str) -> str:
        """An error on one line, with the place in the test file."""
        text = " ".join(message.partition("\n    at ")[0].split())
        folder = f"{self.root.resolve()}/"
        places = (found for found in _PLACE.finditer(message) if "node_modules" not in found[1])
        place = next((p for p in places if p[1].startswith(folder)), None)
        return f"{text} ({Path(place[1]).name}:{place[2]})" if place else text


def _lines(counts: Mapping[str, Any]) -> dict[int, int]:
    """How often each line ran on which a statement begins."""
    found: dict[int, int] = {}
    for number, place in counts.get("statementMap", {}).items():
        line = place["start"]["line"]
        found[line] = max(found.get(line, 0), counts["s"][number])
    return found


def _escaped(path: str) -> str:
    return _GLOB.sub(lambda sign: f"\\{sign[0]}", path)


def _last(done: process.Completed) -> str:
    return next(_telling(done.stderr + "\n" + done.stdout), f"exit code {done.returncode}")


def _telling(output: str) -> Iterator[str]:
    """The lines that name an error, and then those that are not blank."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = [" ".join(line.split()) for line in plain.splitlines() if line.strip()]
    yield from (line[:300] for line in lines if re.search(r"\w*Error: ", line))
    yield from (line[:300] for line in lines)
