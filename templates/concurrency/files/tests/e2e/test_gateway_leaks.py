"""What parallel and cancelled requests leave in the processes of a gateway: nothing."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from parallel_clients import PARALLEL, ask_chat, both_clients

SETTLE_S = 15
ARRIVE_S = 60
SLACK = 2
ROUNDS = 4


@pytest.fixture
def gateway_pids(mock_gateway):
    """The processes of the gateway, where they can be looked into."""
    if not mock_gateway.pids:
        pytest.skip(f"the processes of the gateway at {mock_gateway.url} are not known")
    if not Path("/proc/self/fd").exists():
        pytest.skip("open descriptors are counted in /proc, which this system does not have")
    return mock_gateway.pids


def held_by(pids):
    """How many sockets, descriptors and threads the processes hold."""
    held = {"sockets": 0, "descriptors": 0, "threads": 0}
    for pid in pids:
        held["threads"] += len(os.listdir(f"/proc/{pid}/task"))
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            held["descriptors"] += 1
            held["sockets"] += target_of(descriptor).startswith("socket:")
    return held


def target_of(descriptor):
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""


def more_than(before, pids):
    """What the processes still hold in addition once they settle, or after the deadline."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        now = held_by(pids)
        more = {what: count - before[what] for what, count in now.items()}
        more = {what: count for what, count in more.items() if count > SLACK}
        if not more or time.monotonic() > deadline:
            return more
        time.sleep(0.1)


def growth(ask, pids):
    """What ROUNDS rounds add in all. Connections are pooled, so rounds come before that fill the pools."""
    for _ in range(ROUNDS):
        before = held_by(pids)
        ask()
        if not more_than(before, pids):
            break
    before = held_by(pids)
    for _ in range(ROUNDS):
        ask()
    return more_than(before, pids)


async def ask_at_once(url, stream):
    async with both_clients(url) as clients:
        prompts = [f"token {number}" for number in range(PARALLEL)]
        return await asyncio.gather(*(ask_chat(clients, prompt, stream) for prompt in prompts))


async def cancel_at_once(url, upstream):
    """Streams that come byte by byte, whose clients go away after the first chunk."""
    async with both_clients(url) as clients:

        async def ask_and_leave():
            messages = [{"role": "user", "content": f"{'word ' * 200}fault=drip"}]
            stream = await clients.openai.chat.completions.create(
                model="openai/mock", messages=messages, stream=True
            )
            async for _ in stream:
                break
            await stream.close()

        await asyncio.gather(*(ask_and_leave() for _ in range(PARALLEL)))


async def arrive(upstream, count):
    """Returns once the provider has had so many requests."""
    while len(upstream.requests) < count:
        await asyncio.sleep(0.05)


async def give_up_at_once(url, upstream):
    """Requests whose clients go away while the provider has not answered."""
    expected = len(upstream.requests) + PARALLEL
    async with both_clients(url) as clients:
        tasks = [
            asyncio.create_task(ask_chat(clients, "fault=late", False)) for _ in range(PARALLEL)
        ]
        await asyncio.wait_for(arrive(upstream, expected), ARRIVE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_parallel_requests_leave_nothing_open(mock_gateway, gateway_pids, stream):
    asyncio.run(ask_at_once(mock_gateway.url, stream))

    more = growth(lambda: asyncio.run(ask_at_once(mock_gateway.url, stream)), gateway_pids)

    assert more == {}, f"expected nothing more after {ROUNDS} rounds, got {more} more"


@pytest.mark.parametrize("leave", [cancel_at_once, give_up_at_once])
def test_clients_that_go_away_leave_nothing_open(mock_gateway, own_upstream, gateway_pids, leave):
    asyncio.run(ask_at_once(mock_gateway.url, True))

    more = growth(lambda: asyncio.run(leave(mock_gateway.url, own_upstream)), gateway_pids)

    assert more == {}, f"expected nothing more after {ROUNDS} rounds, got {more} more"


def test_gateway_answers_after_clients_went_away(mock_gateway, own_upstream):
    asyncio.run(cancel_at_once(mock_gateway.url, own_upstream))
    asyncio.run(give_up_at_once(mock_gateway.url, own_upstream))

    answers = asyncio.run(ask_at_once(mock_gateway.url, True))

    assert answers == [f"You wrote: token {number}" for number in range(PARALLEL)]
