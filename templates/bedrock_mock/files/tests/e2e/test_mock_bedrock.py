"""The Bedrock API of the mock upstream, through the official client."""



def tool(name, *arguments):
    properties = {argument: {"type": "string"} for argument in arguments}
    schema = {"type": "object", "properties": properties}
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema}}}


TOOLS = {"tools": [tool("get_weather", "city", "day"), tool("get_time", "zone")]}
USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}


def user(*texts):
    return [{"role": "user", "content": [{"text": text} for text in texts]}]


def weather_so_far():
    """A question, the call of a tool, and its result."""
    use = {"toolUseId": "one", "name": "get_weather", "input": {}}
    result = {"toolUseId": "one", "content": [{"text": "sunny"}]}
    return [
        *user("weather"),
        {"role": "assistant", "content": [{"toolUse": use}]},
        {"role": "user", "content": [{"toolResult": result}]},
    ]


def events_of(client, **request):
    return list(client.converse_stream(modelId="mock", **request)["stream"])


def test_converse_replies_with_the_prompt(bedrock):
    response = bedrock.converse(modelId="mock", messages=user("ping 17"))

    assert response["output"]["message"] == {
        "role": "assistant",
        "content": [{"text": "You wrote: ping 17"}],
    }
    assert response["stopReason"] == "end_turn"
    assert response["usage"] == USAGE
    assert response["metrics"] == {"latencyMs": 5}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_converse_replies_to_the_last_text_of_the_user(bedrock):
    assistant = {"role": "assistant", "content": [{"text": "three"}]}
    messages = [*user("one", "two"), assistant]

    response = bedrock.converse(modelId="mock", messages=messages)

    assert response["output"]["message"]["content"] == [{"text": "You wrote: two"}]


def test_converse_replies_to_a_request_without_text(bedrock):
    image = {"format": "png", "source": {"bytes": b"png"}}
    messages = [{"role": "user", "content": [{"image": image}]}]

    response = bedrock.converse(modelId="mock", messages=messages)

    assert response["output"]["message"]["content"] == [{"text": "You wrote: "}]


def test_converse_calls_the_first_tool(bedrock):
    response = bedrock.converse(modelId="mock", messages=user("weather"), toolConfig=TOOLS)

    (block,) = response["output"]["message"]["content"]
    assert block["toolUse"]["name"] == "get_weather"
    assert block["toolUse"]["input"] == {"city": "mock", "day": "mock"}
    assert response["stopReason"] == "tool_use"


def test_converse_replies_to_the_result_of_a_tool(bedrock):
    response = bedrock.converse(modelId="mock", messages=weather_so_far(), toolConfig=TOOLS)

    assert response["output"]["message"]["content"] == [{"text": "You wrote: weather"}]
    assert response["stopReason"] == "end_turn"


def test_converse_calls_a_tool_again_after_its_result(bedrock):
    messages = [*weather_so_far(), *user("and tomorrow?")]

    response = bedrock.converse(modelId="mock", messages=messages, toolConfig=TOOLS)

    assert response["stopReason"] == "tool_use"


def test_converse_stream_replies_word_by_word(bedrock):
    events = events_of(bedrock, messages=user("ping 17"))

    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 4,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    words = [event["contentBlockDelta"]["delta"]["text"] for event in events[1:5]]
    assert words == ["You ", "wrote: ", "ping ", "17"]
    assert events[0]["messageStart"] == {"role": "assistant"}
    assert {event["contentBlockDelta"]["contentBlockIndex"] for event in events[1:5]} == {0}
    assert events[-3]["contentBlockStop"] == {"contentBlockIndex": 0}
    assert events[-2]["messageStop"] == {"stopReason": "end_turn"}
    assert events[-1]["metadata"] == {"usage": USAGE, "metrics": {"latencyMs": 5}}


def test_converse_stream_splits_the_arguments_of_a_tool(bedrock):
    events = events_of(bedrock, messages=user("weather"), toolConfig=TOOLS)

    start = events[1]["contentBlockStart"]
    pieces = [event["contentBlockDelta"]["delta"]["toolUse"]["input"] for event in events[2:4]]
    assert start["start"]["toolUse"]["name"] == "get_weather"
    assert pieces == ['{"city": "mock"', ', "day": "mock"}']
    assert events[-2]["messageStop"] == {"stopReason": "tool_use"}


def test_converse_stream_has_one_block_for_a_tool(bedrock):
    response = bedrock.converse_stream(
        modelId="mock", messages=user("weather"), toolConfig=TOOLS
    )

    events = [part for event in response["stream"] for part in event.values()]
    blocks = [part["contentBlockIndex"] for part in events if "contentBlockIndex" in part]
    assert blocks == [0, 0, 0, 0]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
