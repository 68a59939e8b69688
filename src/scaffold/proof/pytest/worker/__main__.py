"""Runs pytest inside the checkout's interpreter; a script, never imported by scaffold.

It and the modules beside it know the standard library and pytest only, since nothing
else is sure to be there. It reads one JSON request on stdin and answers with JSON lines through the
named pipe that it is started with: whatever else is printed, by the interpreter, a wrapper or the
tests, goes into a log.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

PACKAGE = "scaffold_worker"


def main() -> None:
    """Import the folder of this file as a package, and answer the request on stdin."""
    here = os.path.dirname(os.path.abspath(__file__))
    # Not by the path: a name like `settings` must not hide a module of the checkout.
    sys.path[:] = [item for item in sys.path if os.path.abspath(item or ".") != here]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    importlib.import_module(PACKAGE + ".start").main()
    importlib.import_module(PACKAGE + ".channel").leave(0)


if __name__ == "__main__":
    main()
