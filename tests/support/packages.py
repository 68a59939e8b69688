"""Real packages of the package index as checkouts: fetched once, pinned, checked by their hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "pypi"


@dataclass(frozen=True)
class Package:
    """A wheel, and where its modules lie in the checkout that is made of it.

    Attributes:
        requirement: What pip is asked for, with its exact version.
        sha256: The hash of the wheel.
        below: The folder that the modules are laid into: `src` as in the sdist, or `.`.
    """

    requirement: str
    sha256: str
    below: str = "."

    def lay_out(self, root: Path) -> Path:
        """The wheel below the root; its metadata too, as of a project installed for development."""
        with zipfile.ZipFile(self._wheel()) as wheel:
            wanted = [name for name in wheel.namelist() if not name.endswith(".pth")]
            wheel.extractall(root / self.below, wanted)
        return root

    def _wheel(self) -> Path:
        kept = CACHE / f"{self.requirement}-{self.sha256[:16]}.whl"
        if not kept.is_file():
            self._fetch(kept)
        found = hashlib.sha256(kept.read_bytes()).hexdigest()
        assert found == self.sha256, f"{kept} is not {self.requirement}: its SHA-256 is {found}"
        return kept

    def _fetch(self, kept: Path) -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as name:
            ask = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", name]
            done = subprocess.run(
                [sys.executable, "-m", "pip", *ask, "--disable-pip-version-check",
                 "--retries", "1", self.requirement],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (
                f"the package index cannot be reached for {self.requirement}, which this test "
                f"needs once: {done.stderr.strip().splitlines()[-1:]}"
            )
            (wheel,) = Path(name).glob("*.whl")
            wheel.replace(kept)
