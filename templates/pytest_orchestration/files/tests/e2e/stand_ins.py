"""Small programs in place of planoai, Envoy and brightstaff: they answer when they are asked."""

import sys

CONFIG = "listeners:\n  - port: 12000\n"
PLANOAI = f"""\
#!/bin/sh
stop() {{
  kill $(tr -dc 0-9 < "$HOME/.plano/run/plano.pid")
  rm "$HOME/.plano/run/plano.pid"
}}
case $1 in
up)
  [ ! -e "$HOME/.plano/run/plano.pid" ] || stop
  port=$(sed -n 's/.*port: //p' "$2")
  cd "$HOME"
  {sys.executable} -m http.server $port --bind 127.0.0.1 >served.log 2>&1 &
  mkdir -p .plano/run
  echo "{{\\"envoy_pid\\": $!}}" > .plano/run/plano.pid ;;
logs) echo "$@" >> "$HOME/calls"; echo "the log of planoai" ;;
down) echo "$@" >> "$HOME/calls"; stop ;;
esac
"""
ENVOY = f"""\
#!/bin/sh
echo "the log of envoy"
cd "$HOME"
exec {sys.executable} -m http.server $(sed -n '1s/port_value: //p' "$2") --bind 127.0.0.1
"""
BRIGHTSTAFF = f"""\
#!/bin/sh
mkdir -p "$HOME/models/v1"
touch "$HOME/models/v1/models"
cd "$HOME/models"
exec {sys.executable} -m http.server ${{BIND_ADDRESS#*:}} --bind 127.0.0.1
"""
GENERATOR = """
import os, re
from pathlib import Path
port = re.search(r"port: (\\d+)", Path(os.environ["PLANO_CONFIG_FILE"]).read_text())[1]
Path(os.environ["ENVOY_CONFIG_FILE_RENDERED"]).write_text(f"port_value: {port}\\n  port_value: 12001")
Path(os.environ["PLANO_CONFIG_FILE_RENDERED"]).touch()
"""


def make_program(place, text):
    """An executable file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o755)


def make_stack(repository):
    """All that a native stack consists of, in the folder `named`, and a config generator."""
    make_program(repository / "cli/planoai/config_generator.py", GENERATOR)
    (repository / "cli/planoai/__init__.py").touch()
    make_program(repository / "named/envoy", ENVOY)
    make_program(repository / "named/brightstaff", BRIGHTSTAFF)
    for name in ("llm_gateway.wasm", "prompt_gateway.wasm"):
        (repository / "named" / name).touch()
