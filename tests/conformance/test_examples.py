"""The specification's own examples: what a client may send is posted, what a server may send held against the schema.

Every file of the examples is in one of the tables here, and every entry has a file.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
import pytest

from bridge.ingress.traffic import Traffic
from bridge.model import Json
from bridge.pipeline.runtime import Holder
from tests.kit.agent import BOTH, META, MODERN, Agent, Answer, scope
from tests.kit.mcp_schema import FOLDER, holds
from tests.kit.needs import needs_mcp_schemas
from tests.kit.session import Exchange
from tests.kit.weather import HOST, weather

pytestmark = needs_mcp_schemas

EXAMPLES = FOLDER / f"examples-{MODERN}"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


@dataclass(frozen=True, slots=True)
class Sent:
    """An example that a client may send. `outcome` is the definition of the result, an error's code, or 202.

    `place` says what the example is: a `message`, the `params` of a request, its client's `capabilities`, what its
    person answered (`answer`), or all the answers that it brings (`answers`).
    """

    outcome: str | int
    because: str
    place: str = "message"
    method: str = ""


_CALL = "Tools, Calling Tools: servers answer tools/call with the tool's content"
_COMPLETE = "Completion, Requesting Completions: ref/prompt and ref/resource are completed"
_CURSOR = 'Pagination, Error Handling: "Invalid cursors SHOULD result in an error with code -32602 (Invalid params)"'
_DECLARED = 'Lifecycle, Capability Negotiation: what a client declares is offered to the server, which "MAY" use it'
_MISSING = "Multi Round-Trip Requests: a server whose question was not answered asks again"
_EXTRA = "Multi Round-Trip Requests: servers ignore answers to what they did not ask"

CLIENTS: Mapping[str, Sent] = {
    "CallToolRequest/call-tool-request": Sent("CallToolResult", _CALL),
    "CallToolRequestParams/get-weather-tool-call-params": Sent("CallToolResult", _CALL, "params", "tools/call"),
    "CallToolRequestParams/tool-call-params-with-progress-token": Sent(
        "CallToolResult", "Progress: whoever sends a token may be told of progress", "params", "tools/call"
    ),
    "CancelledNotification/user-requested-cancellation": Sent(
        202, "Streamable HTTP, Sending Messages: a notification that is accepted gets 202 and no body"
    ),
    "CancelledNotificationParams/user-requested-cancellation": Sent(
        202, "Streamable HTTP, Sending Messages: the same", "params", "notifications/cancelled"
    ),
    "ClientCapabilities/elicitation-form-and-url-mode-support": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "ClientCapabilities/elicitation-form-only-implicit": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "ClientCapabilities/extensions-ui-mime-types": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "ClientCapabilities/roots-minimum-baseline-support": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "ClientCapabilities/sampling-context-inclusion-support-deprecated": Sent(
        "DiscoverResult", _DECLARED, "capabilities"
    ),
    "ClientCapabilities/sampling-minimum-baseline-support": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "ClientCapabilities/sampling-tool-use-support": Sent("DiscoverResult", _DECLARED, "capabilities"),
    "CompleteRequest/completion-request": Sent("CompleteResult", _COMPLETE),
    "CompleteRequestParams/prompt-argument-completion": Sent(
        "CompleteResult", _COMPLETE, "params", "completion/complete"
    ),
    "CompleteRequestParams/prompt-argument-completion-with-context": Sent(
        "CompleteResult", _COMPLETE, "params", "completion/complete"
    ),
    "CreateMessageResult/final-response": Sent("InputRequiredResult", _EXTRA, "answer", "capital_of_france"),
    "CreateMessageResult/text-response": Sent("InputRequiredResult", _EXTRA, "answer", "capital_of_france"),
    "CreateMessageResult/tool-use-response": Sent("InputRequiredResult", _EXTRA, "answer", "capital_of_france"),
    "DiscoverRequest/server-discover-request": Sent("DiscoverResult", 'Discovery: "Servers MUST implement" it'),
    "ElicitResult/accept-url-mode-no-content": Sent("InputRequiredResult", _MISSING, "answer", "github_login"),
    "ElicitResult/input-multiple-fields": Sent(
        "CallToolResult", "Elicitation: content beside what was asked for is no answer", "answer", "github_login"
    ),
    "ElicitResult/input-single-field": Sent(
        "CallToolResult", "Elicitation, Response Actions: accept brings what was asked for", "answer", "github_login"
    ),
    "GetPromptRequest/get-prompt-request": Sent("GetPromptResult", "Prompts, Getting a Prompt"),
    "GetPromptRequestParams/get-code-review-prompt": Sent(
        "GetPromptResult", "Prompts, Getting a Prompt", "params", "prompts/get"
    ),
    "InputResponses/elicitation-and-sampling-input-responses": Sent("CallToolResult", _EXTRA, "answers"),
    "ListPromptsRequest/list-prompts-request": Sent("ListPromptsResult", "Prompts, Listing Prompts"),
    "ListResourceTemplatesRequest/list-resource-templates-request": Sent(
        "ListResourceTemplatesResult", "Resources, Resource Templates"
    ),
    "ListResourcesRequest/list-resources-request": Sent("ListResourcesResult", "Resources, Listing Resources"),
    "ListRootsResult/multiple-root-directories": Sent("InputRequiredResult", _EXTRA, "answer", "roots"),
    "ListRootsResult/single-root-directory": Sent("InputRequiredResult", _EXTRA, "answer", "roots"),
    "ListToolsRequest/list-tools-request": Sent("ListToolsResult", "Tools, Listing Tools"),
    "PaginatedRequestParams/list-with-cursor": Sent(-32602, _CURSOR, "params", "tools/list"),
    "ReadResourceRequest/read-resource-request": Sent("ReadResourceResult", "Resources, Reading Resources"),
    "SubscriptionsListenRequest/listen-for-list-changes": Sent(
        "SubscriptionsAcknowledgedNotification",
        'Subscriptions: the server "MUST" acknowledge "as the first message on the stream"',
    ),
}
LISTEN = "SubscriptionsListenRequest/listen-for-list-changes"
"""The one that is answered by a stream, which stays open."""
SERVERS = frozenset({
    "AudioContent", "BlobResourceContents", "BooleanSchema", "CallToolResult", "CallToolResultResponse",
    "CompleteResult", "CompleteResultResponse", "CreateMessageRequest", "CreateMessageRequestParams", "DiscoverResult",
    "DiscoverResultResponse", "ElicitRequest", "ElicitRequestFormParams", "ElicitRequestURLParams", "EmbeddedResource",
    "GetPromptResult", "GetPromptResultResponse", "HeaderMismatchError", "ImageContent", "InputRequests",
    "InputRequiredResult", "InternalError", "InvalidParamsError", "ListPromptsResult", "ListPromptsResultResponse",
    "ListResourceTemplatesResult", "ListResourceTemplatesResultResponse", "ListResourcesResult",
    "ListResourcesResultResponse", "ListRootsRequest", "ListToolsResult", "ListToolsResultResponse",
    "LoggingMessageNotification", "LoggingMessageNotificationParams", "MethodNotFoundError",
    "MissingRequiredClientCapabilityError", "ModelPreferences", "NumberSchema", "ParseError", "ProgressNotification",
    "ProgressNotificationParams", "PromptListChangedNotification", "ReadResourceResult", "ReadResourceResultResponse",
    "Resource", "ResourceLink", "ResourceListChangedNotification", "ResourceUpdatedNotification",
    "ResourceUpdatedNotificationParams", "SamplingMessage", "ServerCapabilities", "StringSchema",
    "SubscriptionsAcknowledgedNotification", "SubscriptionsListenResult", "SubscriptionsListenResultResponse",
    "TextContent", "TextResourceContents", "TitledMultiSelectEnumSchema", "TitledSingleSelectEnumSchema", "Tool",
    "ToolListChangedNotification", "ToolResultContent", "ToolUseContent", "UnsupportedProtocolVersionError",
    "UntitledMultiSelectEnumSchema", "UntitledSingleSelectEnumSchema",
})  # fmt: skip
"""Definitions that a server sends, or a part of what it sends."""
INSIDE: Mapping[str, str] = {"Root": "ListRootsResult"}
"""Definitions that clients send in something else only, and what that is."""
BROKEN: Mapping[str, str] = {
    "ReadResourceResultResponse/read-resource-result-response": "it lacks ttlMs and cacheScope, which are required",
}
"""Examples that do not hold against their own definition, and how."""


def names() -> Iterator[str]:
    for file in sorted(EXAMPLES.glob("*/*.json")) if EXAMPLES.is_dir() else ():
        yield f"{file.parent.name}/{file.stem}"


def example(name: str) -> Json:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def test_every_example_is_told_apart() -> None:
    folders = {name.partition("/")[0] for name in names()}
    sent = {name for name in names() if name.partition("/")[0] not in SERVERS | INSIDE.keys()}
    assert sent == CLIENTS.keys()
    assert SERVERS | INSIDE.keys() <= folders
    assert set(names()) >= BROKEN.keys()
    assert all(within in {name.partition("/")[0] for name in CLIENTS} for within in INSIDE.values())


@pytest.mark.parametrize("name", [one for one in names() if one.partition("/")[0] in SERVERS])
def test_the_oracle_takes_what_a_server_may_send(name: str) -> None:
    if name in BROKEN:
        with pytest.raises(AssertionError):
            holds(example(name), MODERN, name.partition("/")[0])
        return
    holds(example(name), MODERN, name.partition("/")[0])


# --- what a client sends ----------------------------------------------------------------------------------------------


async def post(agent: Agent, message: Json) -> Answer:
    return await agent.post(orjson.dumps(message), belonging(message))


def belonging(message: Json) -> dict[str, str]:
    """The headers that a message needs."""
    method, params = message["method"], message["params"]
    headers = {"host": HOST, "content-type": "application/json", "accept": BOTH, "mcp-protocol-version": MODERN}
    headers["mcp-method"] = method
    if method in NAMED:
        headers["mcp-name"] = params[NAMED[method]]
    return headers


def request(method: str, params: Json) -> Json:
    identity = {} if method.startswith("notifications/") else {"id": "of-ours"}
    return {"jsonrpc": "2.0", **identity, "method": method, "params": params}


async def answered(agent: Agent, answers: Json) -> Answer:
    """A tool asks for a name; the same request, with the answers to that."""
    meta = {**META, CAPABILITIES: {"elicitation": {}, "sampling": {}, "roots": {}}}
    params = {"name": "star", "_meta": meta}
    asked = (await post(agent, request("tools/call", params))).result
    assert list(asked["inputRequests"]) == ["github_login"]
    more = {"inputResponses": answers, "requestState": asked["requestState"]}
    return await post(agent, request("tools/call", params | more))


async def made(agent: Agent, sent: Sent, value: Json) -> Answer:
    if sent.place == "answers":
        return await answered(agent, value)
    if sent.place == "answer":
        return await answered(agent, {sent.method: value})
    if sent.place == "capabilities":
        return await post(agent, request("server/discover", {"_meta": {**META, CAPABILITIES: value}}))
    return await post(agent, value if sent.place == "message" else request(sent.method, value))


@pytest.mark.parametrize("name", [one for one in CLIENTS if one != LISTEN])
async def test_what_a_client_may_send_is_answered_as_the_specification_says(name: str) -> None:
    sent, world = CLIENTS[name], weather()
    answer = await made(Agent(world.rt), sent, example(name))
    if sent.outcome == 202:
        assert (answer.status, answer.body) == (202, b"")
    elif isinstance(sent.outcome, int):
        assert (answer.status, answer.code) == (400, sent.outcome)
    else:
        result = last(answer)["result"]
        holds(result, MODERN, sent.outcome)
        assert not result.get("isError", False)


def last(answer: Answer) -> Json:
    """The answer itself, whether or not something was said before it."""
    assert answer.status == 200, answer
    if answer.headers["content-type"] == "application/json":
        return answer.json
    *told, ended = [orjson.loads(line[6:]) for line in answer.body.splitlines() if line.startswith(b"data: ")]
    assert all(one["method"] == "notifications/progress" for one in told)
    return ended


async def test_who_listens_is_told_first_what_is_honoured() -> None:
    message, exchange = example(LISTEN), Exchange(orjson.dumps(example(LISTEN)))
    asked = scope(list(belonging(message).items()))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(Traffic(Holder(weather().rt))(asked, exchange.receive, exchange.send))
        first = (await exchange.next()).json
        exchange.leave.set()
    holds(first, MODERN, str(CLIENTS[LISTEN].outcome))
    assert first["params"]["notifications"] == {"toolsListChanged": True}
