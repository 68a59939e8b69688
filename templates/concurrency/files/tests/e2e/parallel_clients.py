"""The official clients, many requests at once."""

import contextlib
from types import SimpleNamespace

import anthropic
import openai

PARALLEL = 12
OPTIONS = {"api_key": "key-of-the-client", "max_retries": 0, "timeout": 60}


@contextlib.asynccontextmanager
async def both_clients(url):
    """Clients of OpenAI and Anthropic, with a connection for each request."""
    async with (
        openai.AsyncOpenAI(base_url=f"{url}/v1", **OPTIONS) as of_openai,
        anthropic.AsyncAnthropic(base_url=url, **OPTIONS) as of_anthropic,
    ):
        yield SimpleNamespace(openai=of_openai, anthropic=of_anthropic)


def turns(prompt, history):
    """The messages of a request."""
    return [*history, {"role": "user", "content": prompt}]


async def ask_chat(clients, prompt, stream, history=()):
    """The text of a chat completion."""
    answer = await clients.openai.chat.completions.create(
        model="openai/mock", messages=turns(prompt, history), stream=stream
    )
    if not stream:
        return answer.choices[0].message.content
    # The chunk that reports the usage has no choices.
    return "".join(
        [choice.delta.content or "" async for chunk in answer for choice in chunk.choices]
    )


async def ask_responses(clients, prompt, stream, history=()):
    """The text of a response."""
    answer = await clients.openai.responses.create(
        model="openai/mock", input=turns(prompt, history), stream=stream
    )
    if not stream:
        return answer.output_text
    kind = "response.output_text.delta"
    return "".join([event.delta async for event in answer if event.type == kind])


async def ask_messages(clients, prompt, stream, history=()):
    """The text of a message."""
    answer = await clients.anthropic.messages.create(
        model="anthropic/mock-claude",
        max_tokens=9,
        messages=turns(prompt, history),
        stream=stream,
    )
    if not stream:
        return answer.content[0].text
    kind = "content_block_delta"
    return "".join([event.delta.text async for event in answer if event.type == kind])
