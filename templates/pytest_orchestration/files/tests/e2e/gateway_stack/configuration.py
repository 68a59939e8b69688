"""What is changed in a configuration, so that several gateways run beside each other."""

import random
import re
import socket
from contextlib import suppress
from pathlib import Path

# Below the ports that Linux (32768) and macOS (49152) hand out to others by themselves. Each is
# given once, in any order: a port is free until its program listens on it.
PORTS = iter(random.sample(range(20_000, 32_000), 12_000))
LISTENER_PORT = re.compile(r"^([^#\n]*?\bport:\s*)(\d+)\b", re.MULTILINE)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nothing uses, none of which was given before."""
    ports: list[int] = []
    while len(ports) < count:
        port = next(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
    return ports


def on_port(text: str, port: int) -> str:
    """A configuration whose first listener has another port.

    Raises:
        ValueError: No listener has a port.
    """
    changed, count = LISTENER_PORT.subn(rf"\g<1>{port}", text, count=1)
    if not count:
        raise ValueError("no listener of the configuration has a port")
    return changed


def write_on_free_port(text: str, folder: Path) -> tuple[Path, int]:
    """The configuration in a file, and the free port that its first listener has."""
    (port,) = free_ports(1)
    place = folder / "config.yaml"
    place.write_text(on_port(text, port), "utf-8")
    return place, port
