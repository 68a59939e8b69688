"""What is changed in a configuration, so that several gateways run beside each other."""

import re
from pathlib import Path

from .ports import free_ports

LISTENER_PORT = re.compile(r"^([^#\n]*?\bport:\s*)(\d+)\b", re.MULTILINE)


def on_port(text: str, port: int) -> str:
    """A configuration whose first listener has another port.

    Raises:
        ValueError: No listener has a port.
    """
    changed, count = LISTENER_PORT.subn(rf"\g<1>{port}", text, count=1)
    if not count:
        raise ValueError("no listener of the configuration has a port")
    return changed


def replaced(text: str, old: str, new: str) -> str:
    """A configuration with another value.

    Raises:
        ValueError: The old one is not in it, so that something else would be used.
    """
    if old not in text:
        raise ValueError(f"the configuration does not name {old}, which {new} has to replace")
    return text.replace(old, new)


def write_on_free_port(text: str, folder: Path) -> tuple[Path, int]:
    """The configuration in a file, and the free port that its first listener has."""
    (port,) = free_ports(1)
    place = folder / "config.yaml"
    place.write_text(on_port(text, port), "utf-8")
    return place, port
