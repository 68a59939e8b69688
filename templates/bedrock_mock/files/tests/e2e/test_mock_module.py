"""`python -m mock_upstream`, by which a person tries a gateway without keys."""

import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mock_upstream import faults


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_module_serves_until_a_signal(name):
    command = [sys.executable, "-m", "mock_upstream", "--host", "0.0.0.0"]
    folder = Path(faults.__file__).parents[1]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as served:
        try:
            place = urlsplit(served.stdout.readline().split()[-1])
            connection = HTTPConnection(place.hostname, place.port, timeout=10)
            connection.request("GET", "/")
            assert connection.getresponse().status == 404
            connection.close()
            served.send_signal(getattr(signal, name))

            assert served.wait(timeout=10) == 0, f"expected exit code 0 after {name}"
        finally:
            served.kill()
