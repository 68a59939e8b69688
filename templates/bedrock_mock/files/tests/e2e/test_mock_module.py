"""`python -m mock_upstream`, by which a person tries a gateway without keys."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mock_upstream import faults


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_module_serves_until_a_signal(name):
    command = [sys.executable, "-m", "mock_upstream"]
    folder = Path(faults.__file__).parents[1]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as served:
        url = served.stdout.readline().split()[-1]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/", timeout=10)
        served.send_signal(getattr(signal, name))

        assert served.wait(timeout=10) == 0, f"expected exit code 0 after {name}"
