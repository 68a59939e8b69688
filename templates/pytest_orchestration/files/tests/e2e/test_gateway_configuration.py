"""Configurations on other ports, so that several stacks run at once."""

import pytest

from gateway_stack import native
from gateway_stack.configuration import on_port, replaced, write_on_free_port
from gateway_stack.ports import free_ports, ports_of_worker
from gateway_stack.programs import NotReady

CONFIG = """\
version: v0.3.0
listeners:
  - type: model
    name: model_listener
    port: 12000
  - type: agent
    port: 8001
"""
ENVOY = """\
admin: {address: {socket_address: {port_value: 9901}}}
static_resources:
  listeners:
    - port_value: LISTENER
    - port_value: 12001
      filename: "/etc/envoy/proxy-wasm-plugins/llm_gateway.wasm"
      path: "/var/log/access.log"
  clusters:
    - port_value: 12001
    - port_value: 9091
    - port_value: 443
      key: $MOCK_KEY ${MOCK_KEY} $UNKNOWN_KEY
      trusted: /etc/ssl/certs/ca-certificates.crt
"""
GENERATOR = """
import os, re, sys
from pathlib import Path
config = Path(os.environ["PLANO_CONFIG_FILE"]).read_text()
if "broken" in config:
    sys.exit("broken is not a field")
if "uninstalled" in config:
    import uninstalled
port = re.search(r"port: (\\d+)", config)[1]
template = Path(os.environ["TEMPLATE_ROOT"], os.environ["ENVOY_CONFIG_TEMPLATE_FILE"]).read_text()
Path(os.environ["ENVOY_CONFIG_FILE_RENDERED"]).write_text(template.replace("LISTENER", port))
Path(os.environ["PLANO_CONFIG_FILE_RENDERED"]).write_text("key: $MOCK_KEY")
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a config generator and a template of four ports."""
    package = tmp_path / "cli/planoai"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "config_generator.py").write_text(GENERATOR)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/envoy.template.yaml").write_text(ENVOY)
    monkeypatch.setattr(native, "REPOSITORY", tmp_path)
    monkeypatch.setenv("MOCK_KEY", "key-17")


@pytest.fixture
def folder(tmp_path):
    """Where the files of a stack lie."""
    place = tmp_path / "stack"
    place.mkdir()
    return place


def test_free_ports_are_given_once():
    # Of 400 ports out of 12,000 some two are equal, unless those before are left out.
    ports = [port for _ in range(400) for port in free_ports(1)]

    assert len(set(ports)) == 400


def test_free_ports_of_workers_are_different():
    workers = [
        set(ports_of_worker({"PYTEST_XDIST_WORKER": f"gw{number}", "PYTEST_XDIST_WORKER_COUNT": "3"}))
        for number in range(3)
    ]

    assert [len(ports) for ports in workers] == [4000] * 3
    assert set.union(*workers) == set(ports_of_worker({})) == set(range(20_000, 32_000))


def test_on_port_changes_the_first_listener_alone():
    assert on_port(CONFIG, 5).replace("port: 5", "port: 12000") == CONFIG


@pytest.mark.parametrize(
    "listener",
    ["- port: 12000", "egress_traffic: {address: localhost, port: 12000}", "  port:   12000  # llm"],
)
def test_on_port_finds_a_listener_in_any_layout(listener):
    text = f"# port: 12000\nlisteners:\n  {listener}\n"

    assert on_port(text, 5) == text[:15] + text[15:].replace("12000", "5")


def test_on_port_refuses_a_configuration_without_port():
    with pytest.raises(ValueError, match="no listener"):
        on_port("version: v0.3.0\n", 5)


def test_replaced_changes_a_value_that_is_there():
    assert replaced("url: a\nport: 1\n", "url: a", "url: b") == "url: b\nport: 1\n"


def test_replaced_refuses_a_configuration_without_the_value():
    with pytest.raises(ValueError, match="does not name http://a, which http://b has to replace"):
        replaced("url: http://c\n", "http://a", "http://b")


def test_write_on_free_port_returns_what_it_wrote(tmp_path):
    place, port = write_on_free_port(CONFIG, tmp_path)

    assert place.read_text() == CONFIG.replace("12000", str(port))


def test_native_stack_keeps_the_port_of_the_configuration(repository, folder):
    config, port = write_on_free_port(CONFIG, folder)

    native.plan_of(folder, config, port)

    assert f"- port_value: {port}\n" in (folder / "envoy.yaml").read_text()


def test_native_stacks_share_no_port(repository, folder):
    ports = []
    for name in ("one", "two"):
        (folder / name).mkdir()
        config, port = write_on_free_port(CONFIG, folder / name)
        brightstaff, _ = native.plan_of(folder, config, port).run
        rendered = (config.parent / "envoy.yaml").read_text()
        metrics = int(brightstaff.env["METRICS_BIND_ADDRESS"].removeprefix("127.0.0.1:"))
        ports.append({metrics, *(int(found[2]) for found in native.PORT.finditer(rendered))} - {443})

    assert [len(one) for one in ports] == [5, 5]
    assert ports[0] & ports[1] == set()
    assert (ports[0] | ports[1]) & {9901, 12000, 12001, 9091, 9092} == set()


def test_native_stack_reaches_itself_on_its_ports(repository, folder):
    config, port = write_on_free_port(CONFIG, folder)

    brightstaff, envoy = native.plan_of(folder, config, port).run

    rendered = (folder / "envoy.yaml").read_text()
    *_, inside, cluster, own, public = [found[2] for found in native.PORT.finditer(rendered)]
    assert (inside, public) == (cluster, "443")
    assert brightstaff.env["LLM_PROVIDER_ENDPOINT"] == f"http://localhost:{cluster}"
    assert brightstaff.env["BIND_ADDRESS"] == f"127.0.0.1:{own}"
    assert native.models_url(native.Plan(run=[brightstaff])) == f"http://127.0.0.1:{own}/v1/models"
    assert str(folder / "envoy.yaml") in envoy.argv


def test_native_stack_uses_local_files(repository, folder):
    config, port = write_on_free_port(CONFIG, folder)

    native.plan_of(folder / "bin", config, port)

    rendered = (folder / "envoy.yaml").read_text()
    assert f'filename: "{folder}/bin/llm_gateway.wasm"' in rendered
    assert f'path: "{folder}/access.log"' in rendered


@pytest.mark.parametrize(
    ("platform", "authorities"),
    [("linux", "/etc/ssl/certs/ca-certificates.crt"), ("darwin", "/etc/ssl/cert.pem")],
)
def test_native_stack_trusts_the_authorities_of_the_system(
    repository, folder, monkeypatch, platform, authorities
):
    monkeypatch.setattr(native.sys, "platform", platform)
    config, port = write_on_free_port(CONFIG, folder)

    native.plan_of(folder, config, port)

    assert f"trusted: {authorities}\n" in (folder / "envoy.yaml").read_text()


def test_native_stack_fills_in_keys_of_the_environment(repository, folder):
    config, port = write_on_free_port(CONFIG, folder)

    native.plan_of(folder, config, port)

    assert (folder / "plano.yaml").read_text() == "key: key-17"
    assert "key: key-17 key-17 $UNKNOWN_KEY" in (folder / "envoy.yaml").read_text()


def test_native_stack_reports_a_refused_configuration(repository, folder):
    config, port = write_on_free_port(f"{CONFIG}broken: true\n", folder)

    with pytest.raises(NotReady, match="broken is not a field"):
        native.plan_of(folder, config, port)


def test_native_stack_without_its_generator_says_uv_sync(repository, folder):
    config, port = write_on_free_port(f"{CONFIG}uninstalled: true\n", folder)

    with pytest.raises(NotReady, match="lacks a package of the generator: run `uv sync` in cli/"):
        native.plan_of(folder, config, port)
