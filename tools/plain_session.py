"""A cosmic-ray session that holds our sample of mutants and nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import WorkDB, use_db

from scaffold.proof.mutants import sample
from scaffold.proof.pytest.kill.mutants import enumerate_mutants


def plain_session(tree: Path, scratch: Path, count: int) -> Path:
    """The session, and its settings in `cosmic-ray.toml` beside it; both in the scratch folder."""
    path = "cli/planoai/targets.py"
    source = (tree / path).read_text("utf-8")
    chosen = {mutant.source for mutant in sample(enumerate_mutants(path, source), count)}
    (scratch / "cosmic-ray.toml").write_text(
        "[cosmic-ray]\n"
        'module-path = "planoai/targets.py"\ntimeout = 120.0\nexcluded-modules = []\n'
        f'test-command = "{sys.executable} -m pytest -x -q -p no:cacheprovider test"\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )
    before = Path.cwd()
    os.chdir(tree / "cli")
    try:
        with use_db(scratch / "all.sqlite", WorkDB.Mode.create) as everything:
            init([Path("planoai/targets.py")], everything, {})
            items = list(everything.work_items)
    finally:
        os.chdir(before)
    session = scratch / "session.sqlite"
    with use_db(session, WorkDB.Mode.create) as db:
        for item in items:
            spec = item.mutations[0]
            operator = plugins.get_operator(spec.operator_name)()
            if mutate_code(source, operator, spec.occurrence) in chosen:
                db.add_work_item(item)
    return session
