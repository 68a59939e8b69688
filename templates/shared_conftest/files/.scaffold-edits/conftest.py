import os
import time

import pytest
import requests


@pytest.fixture(scope="session")
def llm_gateway_endpoint():
    """Where the gateway takes chat completions for models."""
    return os.getenv(
        "LLM_GATEWAY_ENDPOINT", "http://localhost:12000/v1/chat/completions"
    )


@pytest.fixture(scope="session")
def chat_request():
    """Builds the body of a chat completions request with one message of a user."""

    def build(content, **fields):
        return {"messages": [{"role": "user", "content": content}], **fields}

    return build


@pytest.fixture(scope="session")
def get_data_chunks():
    """Reads the data of the first n events of a streaming response."""

    def read(stream, n=1):
        chunks = []
        for line in stream.iter_lines():
            if line:
                line = line.decode("utf-8")
                assert line.startswith("data: "), f"not an event: {line}"
                chunks.append(line.removeprefix("data: ").strip())
                if len(chunks) >= n:
                    break
        return chunks

    return read


@pytest.fixture(scope="session")
def wait_for_healthy():
    """Waits until a health check answers 200, and fails after the deadline."""

    def wait(url, timeout_s=30.0, pause_s=0.5):
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                answer = requests.get(url, timeout=5).status_code
            except requests.RequestException as error:
                answer = error
            if answer == 200:
                return
            if time.monotonic() > deadline:
                pytest.fail(f"{url} is not healthy after {timeout_s} s: {answer}")
            time.sleep(pause_s)

    return wait
