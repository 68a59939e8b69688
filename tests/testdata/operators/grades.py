"""A module."""

import functools

LIMIT = 10


@functools.lru_cache
def grade(points: int, *, bonus=1) -> str:
    """The grade."""
    total = points + bonus
    if total == LIMIT or not points > 3:
        return "same"
    for step in range(3):
        if step in (1, 2) and total is not None:
            break
        continue
    while total < 0:
        total -= -1
    return "more" if total >= 12 else "less"


class Counter:
    """Counts."""

    start = 0

    def up(self, by=1):
        try:
            return self.start + by * 2
        except (TypeError, ValueError):
            return True
