"""The protocol's own Python server with what `tests.kit.weather` offers, written by hand: the oracle of our door."""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeAlias

import mcp_types as types
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError

from bridge.ingress.asgi import Receive, Scope, Send
from bridge.model import Json
from tests.kit import weather

Context: TypeAlias = ServerRequestContext[Json]
Paging: TypeAlias = types.PaginatedRequestParams | None
App: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[None, None, None]]

NAME, VERSION = "dualbridge", "1"
TEMPLATE = "notes://{name}"
KEPT = CacheHint(ttl_ms=60_000, scope="private")
CACHED: tuple[CacheableMethod, ...] = (
    "server/discover",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
)


def _tool(name: str, summary: str, returns: str, properties: Json, output: Json = None, **hints: bool) -> types.Tool:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return types.Tool(
        name=name,
        title=summary,
        description=f"{summary}. Returns: {returns}",
        input_schema=schema,
        output_schema=output,
        annotations=types.ToolAnnotations(title=summary, open_world_hint=True, **hints),
    )


_READS = {"read_only_hint": True, "destructive_hint": False, "idempotent_hint": True}
_ADDS = {"read_only_hint": False, "destructive_hint": False, "idempotent_hint": False}
_DESTROYS = {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": True}
_STRING: Json = {"type": "string"}
TOOLS = {
    tool.name: tool
    for tool in (
        _tool("build_simulation", "Simulate a city", "Done.", {"city": _STRING}, **_ADDS),
        _tool("close_station", "Close a station for good", "Closed.", {"id": {"type": "integer"}}, **_DESTROYS),
        _tool("get_weather", "Get the weather of a place", "Done.", {"location": _STRING}, weather.REPORT, **_READS),
        _tool("list_stations", "List the stations of a region", "Done.",
              {"region": {"type": "string", "x-mcp-header": "Region"}}, **_READS),
        _tool("star", "Leave a star in somebody's name", "Done.", {"name": _STRING}, **_ADDS),
    )
}  # fmt: skip
MAIN = types.Resource(
    uri="file:///project/src/main.rs",
    name="main_rs",
    title="Primary application entry point",
    description="Primary application entry point. Returns: Done.",
    mime_type="text/x-rust",
)
NOTE = types.ResourceTemplate(
    uri_template=TEMPLATE, name="note", title="A note", description="A note. Returns: Done.", mime_type="text/plain"
)
SUGGESTED = {
    ("code_review", "language"): ["python", "pytorch", "pyside"],
    ("code_review", "framework"): ["flask", "django"],
    (TEMPLATE, "name"): ["first", "second"],
}
REVIEW = types.Prompt(
    name="code_review",
    title="Request Code Review",
    description="Code review prompt",
    arguments=[
        types.PromptArgument(name="code", title="Code", description="The code to review", required=True),
        types.PromptArgument(name="language", title="Language", required=False),
        types.PromptArgument(name="framework", title="Framework", required=False),
    ],
)


def _invalid(message: str, data: Json = None) -> MCPError:
    return MCPError(types.INVALID_PARAMS, message, data)


def _check_page(params: Paging) -> None:
    if params is not None and params.cursor is not None:
        raise _invalid("no such cursor")


async def _list_tools(context: Context, params: Paging) -> types.ListToolsResult:
    _check_page(params)
    return types.ListToolsResult(tools=list(TOOLS.values()))


async def _list_resources(context: Context, params: Paging) -> types.ListResourcesResult:
    _check_page(params)
    return types.ListResourcesResult(resources=[MAIN])


async def _list_templates(context: Context, params: Paging) -> types.ListResourceTemplatesResult:
    _check_page(params)
    return types.ListResourceTemplatesResult(resource_templates=[NOTE])


async def _list_prompts(context: Context, params: Paging) -> types.ListPromptsResult:
    _check_page(params)
    return types.ListPromptsResult(prompts=[REVIEW])


async def _call(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """2026-07-28, Tools, Error Handling: an unknown tool is a protocol error, arguments and failures are results."""
    tool, arguments = TOOLS.get(params.name), params.arguments or {}
    if tool is None:
        raise _invalid("unknown tool")
    kinds = {"string": str, "integer": int}
    properties = tool.input_schema["properties"]
    fits = arguments.keys() == properties.keys() and all(
        isinstance(arguments[name], kinds[schema["type"]]) for name, schema in properties.items()
    )
    failed = not fits or "Atlantis" in arguments.values()
    structured = {"conditions": "Partly cloudy", "temperature": 22.5} if params.name == "get_weather" else None
    return types.CallToolResult(
        content=[types.TextContent(text="what the API says")],
        structured_content=None if failed else structured,
        is_error=failed,
    )


async def _read(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = str(params.uri)
    known = {MAIN.uri: ("text/x-rust", weather.MAIN), "notes://first": ("text/plain", "a note")}
    if uri not in known:
        # 2026-07-28: -32602 for what is not there, with the URI in `data`; the revisions before say -32002.
        modern = context.protocol_version == "2026-07-28"
        raise MCPError(types.INVALID_PARAMS if modern else -32002, "not found", {"uri": uri})
    media_type, text = known[uri]
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=media_type, text=text)])


async def _prompt(context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    arguments = params.arguments or {}
    if params.name != REVIEW.name or "code" not in arguments:
        raise _invalid("unknown prompt, or an argument is missing")
    text = types.TextContent(text=f"Please review this code:\n{arguments['code']}")
    return types.GetPromptResult(
        description=REVIEW.description, messages=[types.PromptMessage(role="user", content=text)]
    )


async def _complete(context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    named = params.ref.name if isinstance(params.ref, types.PromptReference) else params.ref.uri
    if isinstance(params.ref, types.PromptReference) and named != REVIEW.name:
        raise _invalid("unknown prompt")
    suggested = SUGGESTED.get((named, params.argument.name), [])
    values = [value for value in suggested if value.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def _nothing(context: Context, params: types.RequestParams) -> types.EmptyResult:
    return types.EmptyResult()


async def _subscribe(context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
    if str(params.uri) != MAIN.uri:
        raise MCPError(-32002, "not found", {"uri": str(params.uri)})
    return types.EmptyResult()


def server() -> Server[Json]:
    return Server(
        NAME,
        version=VERSION,
        cache_hints=dict.fromkeys(CACHED, KEPT),
        get_tool_input_schema=lambda name: TOOLS[name].input_schema if name in TOOLS else None,
        on_list_tools=_list_tools,
        on_call_tool=_call,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read,
        on_subscribe_resource=_subscribe,
        on_unsubscribe_resource=_nothing,
        on_subscriptions_listen=ListenHandler(InMemorySubscriptionBus()),
        on_list_prompts=_list_prompts,
        on_get_prompt=_prompt,
        on_completion=_complete,
    )


@asynccontextmanager
async def sdk(*, sessions: bool) -> AsyncIterator[App]:
    """The server over Streamable HTTP, as `weather.HOST`; `sessions` is how it serves the older revisions."""
    allowed = TransportSecuritySettings(allowed_hosts=[weather.HOST], allowed_origins=[f"http://{weather.HOST}"])
    manager = StreamableHTTPSessionManager(server(), stateless=not sessions, security_settings=allowed)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    async with manager.run():
        yield StreamableHTTPASGIApp(manager)
