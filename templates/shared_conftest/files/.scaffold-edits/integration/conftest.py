from urllib.parse import urljoin

import pytest


@pytest.fixture(scope="session")
def llm_gateway_endpoint(llm_gateway_endpoint, wait_for_healthy):
    """The shared endpoint, once the gateway of docker-compose.yaml is ready."""
    wait_for_healthy(urljoin(llm_gateway_endpoint, "/healthz"))
    return llm_gateway_endpoint


@pytest.fixture(scope="session")
def httpserver_listen_address():
    """Where llm_gateway.yaml has the endpoint of weather_forecast_service."""
    return ("0.0.0.0", 51001)
