"""A gateway of Envoy, both filters and brightstaff, each stack on other ports."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .ports import free_ports
from .programs import Command, NotReady, Plan

REPOSITORY = Path(__file__).parents[3]
BINARIES = ("envoy", "brightstaff", "llm_gateway.wasm", "prompt_gateway.wasm")
BRIGHTSTAFF_PORT = 9091
METRICS_PORT = 9092
LLM_PORT = 12001
LINUX_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
MACOS_AUTHORITIES = "/etc/ssl/cert.pem"
RENDER_S = 120
PORT = re.compile(r"(port_value: )(\d+)\b")


def plan_of(binaries: Path, config: Path, port: int) -> Plan:
    """The programs of a stack whose first listener has the port; its files lie beside `config`.

    Raises:
        NotReady: The config generator refuses the configuration.
    """
    folder = config.parent
    rendered = render(config)
    moved = other_ports(rendered.read_text("utf-8"), port)
    text = PORT.sub(lambda found: found[1] + str(moved.get(int(found[2]), found[2])), rendered.read_text("utf-8"))
    text = text.replace("/etc/envoy/proxy-wasm-plugins/", f"{binaries}/")
    text = text.replace("/var/log/", f"{folder}/")
    if sys.platform == "darwin":
        text = text.replace(LINUX_AUTHORITIES, MACOS_AUTHORITIES)
    rendered.write_text(text, "utf-8")
    for file in (rendered, folder / "plano.yaml"):
        file.write_text(expand(file.read_text("utf-8")), "utf-8")
    return Plan(run=[brightstaff(binaries, folder, moved), envoy(binaries, folder)])


def render(config: Path) -> Path:
    """Envoy's configuration, as the config generator of this repository writes it."""
    folder = config.parent
    files = {
        "PLANO_CONFIG_FILE": config,
        "PLANO_CONFIG_FILE_RENDERED": folder / "plano.yaml",
        "ENVOY_CONFIG_FILE_RENDERED": folder / "envoy.yaml",
        "PLANO_CONFIG_SCHEMA_FILE": REPOSITORY / "config/plano_config_schema.yaml",
        "TEMPLATE_ROOT": REPOSITORY / "config",
        "ENVOY_CONFIG_TEMPLATE_FILE": "envoy.template.yaml",
        "PYTHONPATH": REPOSITORY / "cli",
    }
    installed = REPOSITORY / "cli/.venv/bin/python"
    python = str(installed if installed.exists() else sys.executable)
    try:
        done = subprocess.run(
            [python, "-m", "planoai.config_generator"],
            env={**os.environ, **{name: str(value) for name, value in files.items()}},
            capture_output=True,
            text=True,
            timeout=RENDER_S,
        )
    except subprocess.TimeoutExpired:
        raise NotReady(f"the config generator did not end within {RENDER_S} s") from None
    if done.returncode:
        lacks = "ModuleNotFoundError" in done.stderr
        hint = f"{python} lacks a package of the generator: run `uv sync` in cli/\n" if lacks else ""
        raise NotReady(f"{hint}the config generator failed:\n{done.stdout}{done.stderr}")
    return folder / "envoy.yaml"


def other_ports(rendered: str, kept: int) -> dict[int, int]:
    """A free port for each one that the stack listens on, except `kept`."""
    listeners = rendered.partition("\n  clusters:")[0]
    ports = {BRIGHTSTAFF_PORT, METRICS_PORT, *(int(found[2]) for found in PORT.finditer(listeners))} - {kept}
    return dict(zip(sorted(ports), free_ports(len(ports))))


def expand(text: str) -> str:
    """The text with the variables of the environment, as `planoai up` fills them in."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: os.environ.get(found[1], found[0]), text)


def brightstaff(binaries: Path, folder: Path, ports: Mapping[int, int]) -> Command:
    """The program that picks models and keeps conversations."""
    return Command(
        [str(binaries / "brightstaff")],
        str(folder / "brightstaff.log"),
        {
            "RUST_LOG": "info",
            "PLANO_CONFIG_PATH_RENDERED": str(folder / "plano.yaml"),
            "BIND_ADDRESS": f"127.0.0.1:{ports[BRIGHTSTAFF_PORT]}",
            "METRICS_BIND_ADDRESS": f"127.0.0.1:{ports[METRICS_PORT]}",
            "LLM_PROVIDER_ENDPOINT": f"http://localhost:{ports[LLM_PORT]}",
        },
    )


def models_url(plan: Plan) -> str:
    """Where the brightstaff of a stack lists its models."""
    return f"http://{plan.run[0].env['BIND_ADDRESS']}/v1/models"


def envoy(binaries: Path, folder: Path) -> Command:
    """Envoy with both filters; hot restart would allow one stack a machine."""
    argv = [str(binaries / "envoy"), "-c", str(folder / "envoy.yaml"), "--disable-hot-restart"]
    return Command([*argv, "--component-log-level", "wasm:info"], str(folder / "envoy.log"))
