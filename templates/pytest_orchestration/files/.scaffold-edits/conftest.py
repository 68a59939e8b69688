import contextlib
from pathlib import Path

import pytest

from gateway_stack.programs import NotReady
from gateway_stack.ways import Gateway, Unavailable, open_gateway


@contextlib.contextmanager
def stack_of(config, folder):
    """A gateway for the text of a configuration; skips the test where there is none."""
    with contextlib.ExitStack() as opened:
        try:
            gateway = opened.enter_context(open_gateway(config, folder))
        except Unavailable as reason:
            pytest.skip(str(reason))
        except NotReady as problem:
            pytest.fail(str(problem), pytrace=False)
        yield gateway


@pytest.fixture(scope="session")
def stack(request, tmp_path_factory):
    """A gateway with the configuration that the test names by its path from the repository:

    @pytest.mark.parametrize("stack", ["tests/e2e/config.yaml"], indirect=True)
    """
    config = Path(__file__).parents[2] / request.param
    with stack_of(config.read_text("utf-8"), tmp_path_factory.mktemp("stack")) as gateway:
        yield gateway


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Adds the log of each gateway that a failed test used to its report."""
    report = yield
    if report.failed:
        used = getattr(item, "funcargs", {}).values()
        gateways = [value for value in used if isinstance(value, Gateway)]
        report.sections += [(f"log of {one.url}", one.log()) for one in gateways]
    return report
