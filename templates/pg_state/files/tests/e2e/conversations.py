"""Conversations of several turns through a gateway that keeps them."""

import time

import openai

KEPT_S = 30


def say(gateway, prompt, after=None, stream=False):
    """Sends one turn and returns the id of the response; its provider keeps no conversations."""
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="key", max_retries=0, timeout=60)
    previous = {"previous_response_id": after} if after else {}
    with client:
        answer = client.responses.create(
            model="anthropic/mock-claude", input=prompt, stream=stream, **previous
        )
        if not stream:
            return answer.id
        ended = [event.response.id for event in answer if event.type == "response.completed"]
        assert len(ended) == 1, f"expected one end of the stream, got {ended}"
        return ended[0]


def say_and_wait(gateway, database, prompt, after=None, stream=False):
    """Sends one turn, and returns its id once it is kept, which is after the response."""
    response_id = say(gateway, prompt, after, stream)
    wait_until_kept(database, response_id)
    return response_id


def wait_until_kept(database, response_id):
    """Returns once the database has the response."""
    deadline = time.monotonic() + KEPT_S
    while not is_kept(database, response_id):
        assert time.monotonic() < deadline, f"{response_id} is not kept after {KEPT_S} s"
        time.sleep(0.05)


def is_kept(database, response_id):
    """Whether the database has the response."""
    text = "SELECT 1 FROM conversation_states WHERE response_id = :'id'"
    return database.sql(text, id=response_id) == ["1"]
