"""The APIs of a gateway through the official clients: what these see, and what a provider hears."""

import json
from types import SimpleNamespace

import anthropic
import openai

OPTIONS = {"api_key": "key-of-the-client", "max_retries": 0, "timeout": 60}
NO_REPLY = "not a whole reply"


def official_clients(url):
    """The official clients, connected to a gateway; each tries once."""
    return SimpleNamespace(
        openai=openai.OpenAI(base_url=f"{url}/v1", **OPTIONS),
        anthropic=anthropic.Anthropic(base_url=url, **OPTIONS),
    )


def chat(clients, prompt):
    """A chat completion."""
    answer = clients.openai.chat.completions.create(
        model="openai/mock", messages=[{"role": "user", "content": prompt}]
    )
    return answer.choices[0].message.content


def chat_stream(clients, prompt):
    """A streamed chat completion."""
    chunks = clients.openai.chat.completions.create(
        model="openai/mock", messages=[{"role": "user", "content": prompt}], stream=True
    )
    choices = [choice for chunk in chunks for choice in chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    return text if any(choice.finish_reason for choice in choices) else NO_REPLY


def responses(clients, prompt):
    """A response."""
    return clients.openai.responses.create(model="openai/mock", input=prompt).output_text


def responses_stream(clients, prompt):
    """A streamed response."""
    events = list(clients.openai.responses.create(model="openai/mock", input=prompt, stream=True))
    errors = [event.message for event in events if event.type == "error"]
    if errors:
        return f"error: {errors[0]}"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    ended = any(event.type == "response.completed" for event in events)
    return text if ended else NO_REPLY


def messages(clients, prompt):
    """A message."""
    answer = clients.anthropic.messages.create(
        model="anthropic/mock-claude", max_tokens=9, messages=[{"role": "user", "content": prompt}]
    )
    return answer.content[0].text


def messages_stream(clients, prompt):
    """A streamed message."""
    events = list(
        clients.anthropic.messages.create(
            model="anthropic/mock-claude",
            max_tokens=9,
            messages=[{"role": "user", "content": prompt}],
            stream=True,
        )
    )
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    return text if any(event.type == "message_stop" for event in events) else NO_REPLY


PLAIN = (chat, responses, messages)
STREAMS = (chat_stream, responses_stream, messages_stream)


def seen(call, clients, prompt):
    """What the client sees: the reply, or the kind of failure."""
    try:
        return call(clients, prompt)
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        # An error in the middle of a stream comes with the status of the stream.
        return f"status {error.status_code}" if error.status_code >= 400 else f"error: {error}"
    except (openai.APIConnectionError, anthropic.APIConnectionError):
        return "connection lost"
    except (openai.APIError, anthropic.APIError) as error:
        return f"error: {error.message}"
    except (json.JSONDecodeError, AttributeError):
        return NO_REPLY
    except Exception as error:
        # Streams of anthropic, and those of openai before its version 3, let the error of their
        # HTTP library pass.
        if type(error).__module__.startswith("httpx"):
            return "connection lost"
        raise


def heard(request):
    """The texts of all turns that a provider got with one request."""
    turns = request.body.get("messages") or request.body["input"]
    turns = [{"content": turns}] if isinstance(turns, str) else turns
    return [text_of(turn["content"]) for turn in turns]


def text_of(content):
    """The text of a turn, which is a string or a list of blocks."""
    return content if isinstance(content, str) else "".join(block["text"] for block in content)
