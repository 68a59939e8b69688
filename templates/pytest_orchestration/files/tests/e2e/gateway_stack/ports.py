"""Ports of the loopback, each given once."""

import os
import random
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress


def ports_of_worker(environ: Mapping[str, str]) -> Iterator[int]:
    """Ports that no other worker of pytest-xdist has, in any order."""
    # A port is free until its program listens on it, seconds later, and Envoy would share it then
    # with another Envoy. These are below those that Linux (32768) and macOS (49152) hand out.
    worker = int(environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = range(20_000 + worker, 32_000, count)
    return iter(random.sample(ports, len(ports)))


PORTS = ports_of_worker(os.environ)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nothing uses, none of which was given before."""
    ports: list[int] = []
    while len(ports) < count:
        port = next(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
    return ports
