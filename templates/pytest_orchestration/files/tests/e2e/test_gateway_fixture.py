"""The fixture `stack`, as test files use it: one a worker, stopped however the run ends."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway_stack.programs import ask
from stand_ins import CONFIG, make_stack

FOLDER = Path(__file__).parent
USES = """
import os, threading, pytest
CONFIG = pytest.mark.parametrize("stack", ["config.yaml"], indirect=True)

@CONFIG
@pytest.mark.parametrize("number", range(4))
def test_url(stack, number):
    with open("urls", "a") as urls:
        urls.write(os.environ.get("PYTEST_XDIST_WORKER", "alone") + " " + stack.url + "\\n")

@CONFIG
def test_red(stack):
    assert False

@CONFIG
def test_forever(stack):
    print("waiting at", stack.url, flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A repository with this folder's fixtures, a stack of small programs and three tests."""
    (tmp_path / "healthz").touch()
    make_stack(tmp_path)
    folder = tmp_path / "tests/e2e"
    folder.mkdir(parents=True)
    # What conftest.py imports lies beside it.
    for module in FOLDER.glob("*.py"):
        if not module.name.startswith("test_"):
            shutil.copy(module, folder)
    for package in FOLDER.glob("*/__init__.py"):
        shutil.copytree(package.parent, folder / package.parent.name)
    (folder / "test_uses.py").write_text(USES)
    (folder / "pytest.ini").touch()
    (tmp_path / "config.yaml").write_text(CONFIG)
    for name in ("PLANO_GATEWAY_URL", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLANO_BINARIES", str(tmp_path / "named"))
    return folder


@contextlib.contextmanager
def start_pytest(folder, *words):
    """pytest in a process that ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "--basetemp=base", "-p", "no:cacheprovider", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def output_of(folder, *words):
    with start_pytest(folder, *words) as run:
        return run.communicate(timeout=120)[0]


def urls_of(folder, output):
    """What each test wrote down: its worker, and where its gateway is."""
    urls = folder / "urls"
    assert urls.exists(), f"expected tests that passed, got\n{output}"
    return [tuple(line.split()) for line in urls.read_text().splitlines()]


def wait_until_gone(url, within_s=15):
    deadline = time.monotonic() + within_s
    while (answer := ask(url)).isdigit():
        assert time.monotonic() < deadline, f"{url} answers {answer} after {within_s} s"
        time.sleep(0.05)


def test_stack_is_one_for_a_session(suite):
    output = output_of(suite, "-k", "url")

    urls = urls_of(suite, output)
    assert (len(urls), len(set(urls))) == (4, 1), output
    wait_until_gone(urls[0][1])


def test_stack_is_one_for_each_worker(suite):
    pytest.importorskip("xdist")

    output = output_of(suite, "-k", "url", "-n", "2")

    found = set(urls_of(suite, output))
    assert {worker for worker, _ in found} == {"gw0", "gw1"}, output
    assert len({url for _, url in found}) == 2, found
    for _, url in found:
        wait_until_gone(url)


def test_stack_attaches_its_log_to_a_failure(suite):
    output = output_of(suite, "-k", "red")

    assert re.search(r"-- log of http://\S+ --+\n(?s:.*)the log of envoy", output), output


def test_stack_is_skipped_with_the_reasons(suite, monkeypatch):
    monkeypatch.delenv("PLANO_BINARIES")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    output = output_of(suite, "-k", "red", "-rs")

    assert "1 skipped" in output
    assert "no gateway: PLANO_GATEWAY_URL does not name a running gateway" in output


def test_stack_that_is_not_ready_fails_with_its_log(suite, monkeypatch):
    (suite.parents[1] / "named/envoy").write_text("#!/bin/sh\necho bad timeout\n")

    output = output_of(suite, "-k", "red")

    assert "1 error" in output
    assert "--- envoy.log\nbad timeout" in output


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_stack_is_stopped_after_a_signal(suite, name):
    with start_pytest(suite, "-k", "forever", "-s") as run:
        found = None
        while not found:
            line = run.stdout.readline()
            assert line, f"expected a running test, got exit code {run.wait()}"
            found = re.search(r"waiting at (\S+)", line)
        os.kill(run.pid, getattr(signal, name))
        run.communicate(timeout=60)

    wait_until_gone(found[1])
