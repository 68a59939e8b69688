"""A person writes into a file that was open since before a run, as an editor that writes in place.

    python -m support.held_open SCRATCH

`new` is killed at each of its steps, and the person writes then: into the file wherever it was
moved. Every file and step is tried; the law is that of `support.adversary`. Once the run was done
with the file, what is written cannot be told from damage: then the taking back refuses and names
it, and only a loss is broken.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from support.adversary import EDITED, GONE, Person, World
from support.noted_fork import child


def broken_by(world: World, path: str, step: int) -> list[str]:
    """What is broken where the run is killed at a step and the person writes into this file."""
    world.fresh()
    person = Person(world.tree, world.outside, world.log, random.Random(0))
    person.at = {step: "kill"}

    def work() -> int:
        person.arm()
        return world.run(["new", "--all"])

    token = f"<{path} {step}>"
    with (world.tree / path).open("ab") as handle:
        child(work, world.note)
        handle.write(token.encode())
    notes = ({"touched": path}, {"token": token, "path": path})
    world.log.write_text("".join(f"{json.dumps(note)}\n" for note in notes), "utf-8")
    problems = world.recovered([])
    refused = f"does not hold what {path} held before" in world.note.read_text("utf-8")
    return [one for one in problems if one.startswith("lost")] if refused else problems


def main(scratch: str) -> int:
    """Every file and step; 1 where the law was broken."""
    world = World(Path(scratch), None, None)
    tried = [(p, n) for p in sorted(EDITED | GONE) for n in range(1, world.steps + 1)]
    broken = {one: found for one in tried if (found := broken_by(world, *one))}
    print(f"{len(tried)} tried, broken: {broken}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
