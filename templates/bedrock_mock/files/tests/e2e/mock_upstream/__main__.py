"""Serves the mock upstream until Ctrl-C or SIGTERM: `python -m mock_upstream --port 9000`.

A gateway in Docker reaches it with `--host 0.0.0.0`.
"""

import argparse
import signal

from .faults import answer
from .server import MockUpstream


def main() -> None:
    """Prints the URL, and serves until a signal."""
    parser = argparse.ArgumentParser(prog="python -m mock_upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="the address that it listens on")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with MockUpstream(answer, options.port, options.host) as upstream:
        print(f"mock upstream: {upstream.url}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
