"""A stranger's YAML, looked at entry by entry.

It is composed into nodes and never made into values, so an alias costs nothing, however often it
is used; how many entries and keys are looked at is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.checkout.files import read_file
from scaffold.errors import CheckoutError
from scaffold.system.invocation import quoted
from scaffold.system.reading import decoded

if TYPE_CHECKING:
    import yaml

MOST_BYTES = 256 << 10
"""The largest file that is parsed; real ones are a tenth of it."""
MOST_ENTRIES = 20_000
"""The most entries and keys that are looked at in one file; an alias counts each time."""


@dataclass
class Page:
    """A file, and how many more entries may be taken from it."""

    path: str
    root: yaml.Node
    left: int = MOST_ENTRIES

    def at(self, node: yaml.Node) -> str:
        """File and line of a node."""
        return f"{self.path}:{node.start_mark.line + 1}"

    def items(self, node: yaml.Node | None) -> Iterator[yaml.Node]:
        """The entries of a list; of a single value that alone."""
        for item in getattr(node, "value", ()) if _is(node, "sequence") else filter(None, [node]):
            self._count(1)
            yield item

    def texts(self, node: yaml.Node | None) -> tuple[str, ...]:
        """The values of a list, or a single one, as they are written."""
        return tuple(str(item.value) for item in self.items(node) if _is(item, "scalar"))

    def fields(self, node: yaml.Node | None) -> dict[str, yaml.Node]:
        """The keys of a mapping with their nodes; nothing where it is none."""
        pairs = node.value if node is not None and _is(node, "mapping") else ()
        self._count(len(pairs))
        return {str(key.value): value for key, value in pairs if _is(key, "scalar")}

    def _count(self, taken: int) -> None:
        self.left -= taken
        if self.left < 0:
            raise CheckoutError(
                f"{self.path} has more than {MOST_ENTRIES} entries", f"wc {quoted(self.path)}"
            )


def open_page(root: Path, path: str) -> Page | None:
    """A file of a checkout; None where there is none, or nothing in it.

    Raises:
        CheckoutError: It cannot be read, or does not parse.
    """
    content = read_file(root, path)
    if content is None:
        return None
    if len(content) > MOST_BYTES:
        raise CheckoutError(
            f"{path} is larger than {MOST_BYTES >> 10} KiB", f"wc -c {quoted(path)}"
        )
    import yaml

    try:
        node: Any = yaml.compose(decoded(path, content), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        line = mark.line + 1 if mark else 1
        raise CheckoutError(
            f"{path}:{line} does not parse: {problem}", f"cat {quoted(path)}"
        ) from error
    except RecursionError as error:
        raise CheckoutError(f"{path} is nested too deeply", f"cat {quoted(path)}") from error
    return Page(path, node) if node is not None else None


def _is(node: yaml.Node | None, kind: str) -> bool:
    return getattr(node, "id", None) == kind


def text_of(node: yaml.Node | None) -> str:
    """A single value as it is written; blank where it is none."""
    return str(node.value) if node is not None and _is(node, "scalar") else ""
