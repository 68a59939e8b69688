"""Programs that a guard runs: they end with the tests, however those end."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway_stack.ports import free_ports
from gateway_stack.programs import Command, NotReady, Plan, running, wait_until_ready

FOLDER = Path(__file__).parent
OWNER = """
import signal
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from gateway_stack.programs import Command, Plan, running

# A job in the background of a script has inherited that it ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, port = Path(sys.argv[2]), int(sys.argv[3])
words = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
plan = Plan(run=[Command([*words, "--directory", str(folder)], str(folder / "served.log"))])
with running(plan, f"http://127.0.0.1:{port}/healthz", folder, 20):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def served(tmp_path):
    """A folder whose health check is answered with 200."""
    (tmp_path / "healthz").touch()
    return tmp_path


def server(folder, port):
    words = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    return Command([*words, "--directory", str(folder)], str(folder / "served.log"))


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until_closed(port, within_s=15):
    deadline = time.monotonic() + within_s
    while listens(port):
        assert time.monotonic() < deadline, f"port {port} is open after {within_s} s"
        time.sleep(0.05)


def test_running_yields_the_processes_and_stops_them(served):
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/healthz"

    with running(Plan(run=[server(served, port)]), url, served, 20) as pids:
        assert len(pids) == 1
        assert listens(port)

    assert not listens(port)


def test_running_stops_programs_that_ignore_sigterm(served):
    (port,) = free_ports(1)
    stubborn = server(served, port)
    shell = f"trap '' TERM; {' '.join(stubborn.argv)} & wait; wait"
    plan = Plan(run=[Command(["sh", "-c", shell], stubborn.log)])

    with running(plan, f"http://127.0.0.1:{port}/healthz", served, 20):
        assert listens(port)

    assert not listens(port)


def test_running_runs_commands_before_and_after(served):
    (port,) = free_ports(1)
    notes = served / "notes"
    plan = Plan(
        before=[Command(["sh", "-c", f"echo before >> {notes}"], str(served / "b.log"))],
        run=[server(served, port)],
        after=[Command(["sh", "-c", f"echo after >> {notes}"], str(served / "a.log"))],
    )

    with running(plan, f"http://127.0.0.1:{port}/healthz", served, 20):
        assert notes.read_text() == "before\n"

    assert notes.read_text() == "before\nafter\n"


def test_running_reports_a_command_that_fails(served):
    shell = "echo no such provider; exit 3"
    plan = Plan(before=[Command(["sh", "-c", shell], str(served / "up.log"))])

    with pytest.raises(NotReady, match="--- up.log\nno such provider"):
        with running(plan, "http://127.0.0.1:1/healthz", served, 20):
            pass


def test_running_reports_a_program_that_ends(served):
    shell = "echo cannot bind; exit 1"
    plan = Plan(run=[Command(["sh", "-c", shell], str(served / "envoy.log"))])

    with pytest.raises(NotReady, match="a program ended before .*\n--- envoy.log\ncannot"):
        with running(plan, "http://127.0.0.1:1/healthz", served, 20):
            pass


def test_running_reports_a_gateway_that_never_gets_ready(tmp_path):
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/healthz"
    plan = Plan(run=[server(tmp_path, port)])

    with pytest.raises(NotReady, match="did not answer 200 in 5 s: .*\n--- served.log"):
        with running(plan, url, tmp_path, 5):
            pass

    assert not listens(port)


def test_running_refuses_a_port_that_is_taken(served):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        plan = Plan(run=[server(served, port)])

        with pytest.raises(NotReady, match="Address already in use"):
            with running(plan, f"http://127.0.0.1:{port}/healthz", served, 20):
                pass


def test_wait_until_ready_reports_a_server_of_another_protocol():
    def answer():
        with other.accept()[0] as client:
            client.recv(4096)
            client.sendall(b"no HTTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=answer, daemon=True).start()
        url = f"http://127.0.0.1:{other.getsockname()[1]}/healthz"

        assert wait_until_ready(url, 0, lambda: False).startswith(f"{url} did not answer 200 in 0 s: ")


def test_wait_until_ready_returns_at_the_first_200(served):
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/healthz"

    with running(Plan(run=[server(served, port)]), url, served, 20):
        assert wait_until_ready(url, 0, lambda: False) == ""
        assert wait_until_ready(f"{url}/no", 0, lambda: False).endswith("0 s: 404")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_programs_end_with_their_owner(served, name):
    (port,) = free_ports(1)
    words = [sys.executable, "-c", OWNER, str(FOLDER), str(served), str(port)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as owner:
        try:
            assert owner.stdout.readline() == b"ready\n"
            owner.send_signal(getattr(signal, name))

            assert owner.wait(20) != 0, f"expected an exit code after {name}"
        finally:
            owner.kill()

    wait_until_closed(port)
