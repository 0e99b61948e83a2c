"""2026-07-28: prompts and completion."""

import pytest

from bridge.model import Json
from tests.conformance.wire import Wire

ARGUMENTS = "test_prompt_with_arguments"


@pytest.mark.requirement("modern.prompts.list")
async def test_prompts_are_listed_with_their_arguments(client: Wire) -> None:
    listed = {one["name"]: one for one in (await client.result("prompts/list"))["prompts"]}
    assert listed["test_simple_prompt"]["description"] == "A prompt without arguments."
    assert [(one["name"], one["required"]) for one in listed[ARGUMENTS]["arguments"]] == [
        ("arg1", True),
        ("arg2", True),
    ]


@pytest.mark.requirement("modern.prompts.get")
async def test_arguments_are_filled_in(client: Wire) -> None:
    params = {"name": ARGUMENTS, "arguments": {"arg1": "one", "arg2": "{{arg1}}"}}
    (message,) = (await client.result("prompts/get", params))["messages"]
    assert message == {
        "role": "user",
        "content": {"type": "text", "text": "Prompt with arguments: arg1='one', arg2='{{arg1}}'"},
    }


@pytest.mark.requirement("modern.prompts.unknown")
async def test_an_unknown_prompt_is_an_error(client: Wire) -> None:
    assert (await client.error("prompts/get", {"name": "no-such"}))[:2] == (400, -32602)


@pytest.mark.requirement("modern.prompts.missing")
@pytest.mark.parametrize("arguments", [None, {}, {"arg1": "x"}, {"arg1": "x", "arg2": 7}])
async def test_a_prompt_without_its_arguments_is_an_error(client: Wire, arguments: Json) -> None:
    params = {"name": ARGUMENTS} if arguments is None else {"name": ARGUMENTS, "arguments": arguments}
    assert (await client.error("prompts/get", params))[:2] == (400, -32602)


@pytest.mark.requirement("modern.prompts.content")
async def test_a_message_may_be_a_picture_or_a_resource(client: Wire) -> None:
    picture, _ = (await client.result("prompts/get", {"name": "test_prompt_with_image"}))["messages"]
    assert (picture["content"]["type"], picture["content"]["mimeType"]) == ("image", "image/png")
    params = {"name": "test_prompt_with_embedded_resource", "arguments": {"resourceUri": "test://example-resource"}}
    embedded, _ = (await client.result("prompts/get", params))["messages"]
    assert embedded["content"]["type"] == "resource"
    assert embedded["content"]["resource"]["uri"] == "test://example-resource"
    assert embedded["content"]["resource"]["text"] == "Embedded resource content for testing."


@pytest.mark.requirement("modern.cache.prompts")
async def test_the_list_says_for_how_long_and_by_whom_it_may_be_kept(client: Wire) -> None:
    result = await client.result("prompts/list")
    assert (result["ttlMs"] >= 0, result["cacheScope"]) == (True, "private")


@pytest.mark.requirement("modern.headers.prompt-name")
async def test_the_name_header_says_which_prompt_is_meant(client: Wire) -> None:
    params = {"name": "test_simple_prompt"}
    assert (await client.error("prompts/get", params, mcp_name=ARGUMENTS))[:2] == (400, -32020)


# --- completion -------------------------------------------------------------------------------------------------------


def completing(prompt: str, argument: str, value: str) -> Json:
    return {"ref": {"type": "ref/prompt", "name": prompt}, "argument": {"name": argument, "value": value}}


@pytest.mark.requirement("modern.completion.values")
@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("arg1", "test", ["tested", "testing"]),
        ("arg1", "par", ["paris"]),
        ("arg1", "zzz", []),
        ("arg2", "x", []),
    ],
)
async def test_what_is_typed_is_completed(client: Wire, argument: str, value: str, expected: list[str]) -> None:
    completion = (await client.result("completion/complete", completing(ARGUMENTS, argument, value)))["completion"]
    assert sorted(completion["values"]) == expected
    assert not completion.get("hasMore", False)


@pytest.mark.requirement("modern.completion.unknown")
@pytest.mark.parametrize(
    "params",
    [
        completing("no-such", "arg1", "x"),
        {"ref": {"type": "ref/other"}, "argument": {"name": "a", "value": "x"}},
        {"ref": {"type": "ref/prompt", "name": ARGUMENTS}},
    ],
)
async def test_what_does_not_exist_cannot_be_completed(client: Wire, params: Json) -> None:
    assert (await client.error("completion/complete", params))[:2] == (400, -32602)
