"""Parallel requests through a gateway: each client gets its own answer, and soon."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway_clients import chat, heard
from parallel_clients import PARALLEL, ask_chat, ask_messages, ask_responses, both_clients

APIS = pytest.mark.parametrize("ask", [ask_chat, ask_responses, ask_messages])
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


async def ask_all(url, ask, prompts, stream):
    async with both_clients(url) as clients:
        return await asyncio.gather(*(ask(clients, prompt, stream) for prompt in prompts))


@APIS
@BOTH_WAYS
def test_parallel_answers_carry_their_own_token(mock_gateway, ask, stream):
    prompts = [f"token {number}" for number in range(PARALLEL)]

    answers = asyncio.run(ask_all(mock_gateway.url, ask, prompts, stream))

    assert answers == [f"You wrote: {prompt}" for prompt in prompts]


@BOTH_WAYS
def test_parallel_answers_of_several_apis_stay_apart(mock_gateway, stream):
    async def ask_every_api():
        async with both_clients(mock_gateway.url) as clients:
            asks = [ask_chat, ask_responses, ask_messages] * (PARALLEL // 3)
            prompts = [f"{ask.__name__} {number}" for number, ask in enumerate(asks)]
            return prompts, await asyncio.gather(
                *(ask(clients, prompt, stream) for ask, prompt in zip(asks, prompts))
            )

    prompts, answers = asyncio.run(ask_every_api())

    assert answers == [f"You wrote: {prompt}" for prompt in prompts]


@BOTH_WAYS
def test_parallel_failures_stay_with_their_requests(mock_gateway, stream):
    prompts = ["fault=rate-limit" if number % 2 else f"token {number}" for number in range(PARALLEL)]

    async def ask_with_failures():
        async with both_clients(mock_gateway.url) as clients:
            return await asyncio.gather(
                *(ask_chat(clients, prompt, stream) for prompt in prompts), return_exceptions=True
            )

    answers = asyncio.run(ask_with_failures())

    seen = [getattr(answer, "status_code", answer) for answer in answers]
    assert seen == [429 if "fault" in prompt else f"You wrote: {prompt}" for prompt in prompts]


@APIS
def test_parallel_turns_of_a_conversation_keep_its_history(mock_gateway, own_upstream, ask):
    history = [
        {"role": "user", "content": "The word is swordfish."},
        {"role": "assistant", "content": "Noted."},
    ]
    prompts = [f"turn {number}" for number in range(PARALLEL)]

    async def continue_all():
        async with both_clients(mock_gateway.url) as clients:
            return await asyncio.gather(
                *(ask(clients, prompt, False, history) for prompt in prompts)
            )

    before = len(own_upstream.requests)
    answers = asyncio.run(continue_all())

    assert answers == [f"You wrote: {prompt}" for prompt in prompts]
    requests = own_upstream.requests[before:]
    expected = [["The word is swordfish.", "Noted.", prompt] for prompt in prompts]
    assert sorted(map(heard, requests)) == sorted(expected)


def test_request_does_not_wait_for_another(clients, own_upstream):
    with ThreadPoolExecutor() as pool:
        other = pool.submit(chat, clients, "fault=paused")
        with own_upstream.paused():
            assert chat(clients, "token") == "You wrote: token"

        assert other.result() == "You wrote: fault=paused"
