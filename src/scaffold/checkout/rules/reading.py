"""The pre-commit hooks and the workflows of a checkout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.checkout.files import HOOKS, rule_files
from scaffold.checkout.rules.page import Page, open_page, text_of
from scaffold.errors import CheckoutError
from scaffold.languages.rules import Hook, Job, Layout, OwnRules, Step

if TYPE_CHECKING:
    import yaml

    from scaffold.checkout.find import Checkout

EXPRESSION = re.compile(r"\$\{\{\s*(matrix|env)\.([\w-]+)\s*\}\}")


def read_rules(root: Path) -> OwnRules:
    """What the checkout demands of its files; what cannot be read is named in `faults`."""
    hooks: list[Hook] = []
    jobs: list[Job] = []
    faults: dict[str, str] = {}
    for path in rule_files(root):
        try:
            page = open_page(root, path)
            if page is None:
                continue
            if path == HOOKS:
                hooks += _hooks(page)
            else:
                jobs += _jobs(page)
        except CheckoutError as error:
            faults[path] = error.fact
    return OwnRules(tuple(hooks), tuple(jobs), faults)


def read_hooks(root: Path) -> OwnRules:
    """Only the hooks, for those who ask for a formatter."""
    try:
        page = open_page(root, HOOKS)
        return OwnRules(tuple(_hooks(page)) if page else ())
    except CheckoutError as error:
        return OwnRules(faults={HOOKS: error.fact})


def layout_of(checkout: Checkout, paths: Iterable[str]) -> Layout:
    """How a checkout wants these files laid out; its hooks are read once."""
    if HOOKS not in checkout.seen:
        checkout.seen[HOOKS] = read_hooks(checkout.root).hooks
    return Layout(checkout.seen[HOOKS], checkout.settings(paths))


def _hooks(page: Page) -> Iterator[Hook]:
    top = page.fields(page.root)
    files, excludes = page.texts(top.get("files")), page.texts(top.get("exclude"))
    stages = page.texts(top.get("default_stages"))
    for repo in page.items(top.get("repos")):
        about = page.fields(repo)
        for node in page.items(about.get("hooks")):
            given = page.fields(node)
            yield Hook(
                id=text_of(given.get("id")),
                place=page.at(node),
                repo=text_of(about.get("repo")),
                rev=text_of(about.get("rev")),
                entry=text_of(given.get("entry")),
                args=page.texts(given["args"]) if "args" in given else None,
                files=(*files, *page.texts(given.get("files"))),
                excludes=(*excludes, *page.texts(given.get("exclude"))),
                stages=page.texts(given.get("stages")) or stages,
            )


def _jobs(page: Page) -> Iterator[Job]:
    top = page.fields(page.root)
    everywhere = _variables(page, top.get("env"))
    for name, node in page.fields(top.get("jobs")).items():
        about = page.fields(node)
        matrix = _matrix(page, about)
        env = {**everywhere, **_variables(page, about.get("env"))}
        run = page.fields(page.fields(about.get("defaults")).get("run"))
        folder = text_of(run.get("working-directory"))
        steps = (
            _step(page, item, folder, {"matrix": matrix, "env": env})
            for item in (page.items(about["steps"]) if "steps" in about else ())
        )
        yield Job(name, page.at(node), tuple(steps))


def _matrix(page: Page, job: Mapping[str, yaml.Node]) -> dict[str, tuple[str, ...]]:
    """Each variable of the matrix with all its values, those of `include` too."""
    given = page.fields(page.fields(job.get("strategy")).get("matrix"))
    found = {
        name: page.texts(node) for name, node in given.items() if name not in ("include", "exclude")
    }
    for entry in page.items(given.get("include")):
        for name, node in page.fields(entry).items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *page.texts(node))))
    return found


def _variables(page: Page, node: yaml.Node | None) -> dict[str, tuple[str, ...]]:
    return {name: page.texts(value) for name, value in page.fields(node).items()}


def _step(
    page: Page,
    node: yaml.Node,
    folder: str,
    known: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> Step:
    about = page.fields(node)
    given = {name: page.texts(value) for name, value in page.fields(about.get("with")).items()}
    return Step(
        place=page.at(node),
        run=text_of(about.get("run")),
        uses=text_of(about.get("uses")),
        given={name: _settled(values, known) for name, values in given.items()},
        folder=text_of(about.get("working-directory")) or folder,
        env={
            name: " ".join(_settled(values, known))
            for name, values in {**known["env"], **_variables(page, about.get("env"))}.items()
        },
    )


def _settled(
    values: tuple[str, ...], known: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> tuple[str, ...]:
    """Values with each whole expression replaced by what it stands for, where that is known."""
    found: list[str] = []
    for value in values:
        asked = EXPRESSION.fullmatch(value.strip())
        found += known[asked[1]].get(asked[2], (value,)) if asked else [value]
    return tuple(found)
