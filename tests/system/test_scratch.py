"""The temporary folders of a run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from scaffold.system import scratch


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """A folder for temporary files that no run has used."""
    yield tmp_path
    scratch.finish()


def test_threads_that_begin_at_once_share_the_folder_of_the_run(base: Path) -> None:
    together = Barrier(8)

    def make(place: str) -> Path:
        together.wait()
        return scratch.make("copy", base=place)

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            place = base / str(number)
            place.mkdir()
            made = list(pool.map(make, [str(place)] * 8))

            assert len(set(made)) == 8
            assert len({folder.parent for folder in made}) == 1
