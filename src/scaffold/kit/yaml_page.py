"""YAML of a kit, read strictly: one meaning a key, no alias, no tag, every value with its line."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from scaffold.errors import KitError
from scaffold.kit.reader import Keys, Page, read_text
from scaffold.system.invocation import edit

INCLUDE = "!include"
"""Copier's own tag: the only one that is read, as the text after it."""


def read_yaml(path: Path) -> list[Page]:
    """The documents of a YAML file of the kit; an empty one holds nothing.

    Raises:
        KitError: It cannot be read, does not parse, or uses what a kit may not.
    """
    return _pages(path, read_text(path))


@functools.lru_cache(maxsize=256)
def _pages(path: Path, text: str) -> list[Page]:
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
        return [_page(path, node) for node in nodes]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise _broken(path, mark.line + 1 if mark else 1, problem) from error
    except RecursionError as error:
        raise _broken(path, 1, "nested too deeply") from error
    except ValueError as error:
        # A date that there is not, an integer of too many digits.
        raise _broken(path, 1, str(error)) from error


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases, anchors and tags."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="an anchor or an alias is not allowed", problem_mark=event.start_mark
            )
        tag = getattr(event, "tag", None)
        if tag is not None and tag != INCLUDE:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {tag} is not allowed", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)


def _page(path: Path, root: yaml.Node) -> Page:
    lines: dict[Keys, int] = {}
    data = _value(path, root, (), lines)

    def line_of(keys: Keys) -> int:
        while keys and keys not in lines:
            keys = keys[:-1]
        return lines.get(keys, 1)

    return Page(path, data, line_of)


def _value(path: Path, node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(keys, line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(path, node, keys, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item, (*keys, n), lines) for n, item in enumerate(node.value)]
    if node.tag == INCLUDE:
        return f"{INCLUDE} {node.value}"
    return yaml.SafeLoader("").construct_object(node)


def _mapping(
    path: Path, node: yaml.MappingNode, keys: Keys, lines: dict[Keys, int]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
            raise _broken(path, line, "a key must be a word")
        if key in found:
            raise _broken(path, line, f"the key '{key}' is there twice")
        lines[*keys, key] = line
        found[key] = _value(path, value_node, (*keys, key), lines)
    return found


def _broken(path: Path, line: int, why: str) -> KitError:
    return KitError(f"{path}:{line}: {why}", edit(path))
