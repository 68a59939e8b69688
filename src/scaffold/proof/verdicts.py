"""Verdicts on mutants, kept by content, so that what did not change is not run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from scaffold.system.caching import recall, remember

FORMAT = "2"  # raise it when a runner judges differently


class VerdictCache:
    """Verdicts on the mutants of one target, given everything else that a verdict depends on."""

    def __init__(
        self,
        folder: Path | None,
        circumstances: Iterable[str | bytes],
        valid: Callable[[str], bool] = bool,
    ) -> None:
        """Read what is known; without a folder nothing is read or written.

        Args:
            folder: Where verdicts are kept.
            circumstances: All that a verdict depends on, but the mutant's own source.
            valid: Whether a kept word can be a verdict; another one is not believed.
        """
        self._valid = valid
        digest = hashlib.sha256(FORMAT.encode())
        for part in circumstances:
            data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
            digest.update(len(data).to_bytes(8, "big") + data)
        self._path = folder / "verdicts" / f"{digest.hexdigest()}.json" if folder else None
        self._known = self._read()

    def get(self, source: str) -> str | None:
        """The verdict on the mutant with this source, if it is known."""
        return self._known.get(_key(source))

    def put(self, verdicts: Mapping[str, str]) -> None:
        """Keep verdicts: mutated source -> word. A folder that cannot be written is left alone."""
        if self._path is None or not verdicts:
            return
        known = {**self._read(), **{_key(source): word for source, word in verdicts.items()}}
        remember(self._path, json.dumps(known, sort_keys=True).encode())

    def take_back(self) -> None:
        """Keep what was known at the start and nothing else."""
        if self._path is not None:
            remember(self._path, json.dumps(self._known, sort_keys=True).encode())

    def _read(self) -> dict[str, str]:
        if self._path is None:
            return {}
        kept = recall(self._path)
        try:
            data = json.loads(kept) if kept else {}
        except (ValueError, RecursionError):
            return {}
        items = data.items() if isinstance(data, dict) else ()
        return {key: word for key, word in items if isinstance(word, str) and self._valid(word)}


def _key(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
