"""LangChain's adapters: tools, resources and prompts as a chain sees them, put back into MCP's words."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_mcp_adapters.callbacks import Callbacks  # type: ignore[import-not-found]
from langchain_mcp_adapters.client import MultiServerMCPClient  # type: ignore[import-not-found]
from langchain_mcp_adapters.prompts import load_mcp_prompt  # type: ignore[import-not-found]
from langchain_mcp_adapters.resources import load_mcp_resources  # type: ignore[import-not-found]
from langchain_mcp_adapters.tools import load_mcp_tools  # type: ignore[import-not-found]
from mcp import types

from tests.e2e.clients.drivers.told import do, given, say, want

GIVEN = given()
ROLES = {"human": "user", "ai": "assistant"}


def adapters(callbacks: Any = None, **session: Any) -> Any:
    gateway = {"transport": "streamable_http", "url": GIVEN["url"], "session_kwargs": session}
    return MultiServerMCPClient({"gateway": gateway}, callbacks=callbacks)


def as_block(block: Any) -> Any:
    if block["type"] == "image":
        return {"type": "image", "data": block["base64"], "mimeType": block["mime_type"]}
    return {"type": block["type"], "text": block["text"]}


async def call(tools: Any, what: Any) -> Any:
    name, arguments = what
    tool = next(one for one in tools if one.name == name)
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    made: dict[str, Any] = {"content": list(map(as_block, message.content)), "isError": message.status == "error"}
    return made | ({"structuredContent": message.artifact["structured_content"]} if message.artifact else {})


async def names(session: Any) -> list[str]:
    return [tool.name for tool in await load_mcp_tools(session)]


async def read(session: Any, uri: str) -> Any:
    (blob,) = await load_mcp_resources(session, uris=uri)
    mime = {"mimeType": blob.mimetype}
    if isinstance(blob.data, bytes):
        return {"contents": [{"blob": base64.b64encode(blob.data).decode(), **mime}]}
    return {"contents": [{"text": blob.data, **mime}]}


async def template(session: Any) -> Any:
    listed = await session.list_resource_templates()
    templates = [one.uriTemplate for one in listed.resourceTemplates]
    return {"templates": templates, **await read(session, GIVEN["template"])}


async def prompt(session: Any) -> Any:
    name, arguments = GIVEN["prompt"]
    said = await load_mcp_prompt(session, name, arguments=arguments)
    messages = [{"role": ROLES[one.type], "content": {"type": "text", "text": one.content}} for one in said]
    return {"listed": [one.name for one in (await session.list_prompts()).prompts], "messages": messages}


async def progress() -> Any:
    reported: list[Any] = []

    async def report(done: float, total: float | None, message: str | None, context: Any) -> None:
        reported.append([done, total])

    tools = await adapters(Callbacks(on_progress=report)).get_tools()
    return {"result": await call(tools, GIVEN["progress"]), "reported": reported}


async def cancelled() -> Any:
    """Each call has a session of its own, which ends with it."""
    began = asyncio.Event()

    async def report(done: float, total: float | None, message: str | None, context: Any) -> None:
        began.set()

    tools = await adapters(Callbacks(on_progress=report)).get_tools()
    calling = asyncio.create_task(call(tools, GIVEN["cancelled"]))
    await began.wait()
    before = await want("open", until=1)
    calling.cancel()
    await asyncio.wait([calling])
    return {"before": before, "after": await want("open", until=0)}


async def changed() -> Any:
    told = asyncio.Event()

    async def handle(message: Any) -> None:
        if isinstance(getattr(message, "root", None), types.ToolListChangedNotification):
            told.set()

    async with adapters(message_handler=handle).session("gateway") as session:
        before = await names(session)
        await want("change")
        await told.wait()
        return [before, await names(session)]


async def asking(action: Any) -> Any:
    asked: list[str] = []

    async def answer(context: Any, params: Any, where: Any) -> Any:
        asked.append(params.message)
        content: Any = dict.fromkeys(params.requestedSchema["properties"], True)
        return types.ElicitResult(action=action, content=content if action == "accept" else None)

    result = await call(await adapters(Callbacks(on_elicitation=answer)).get_tools(), GIVEN["confirm"])
    return {"asked": asked, "id": GIVEN["confirm"][1]["id"], "result": result}


async def granted(tools: Any) -> Any:
    await want("approve")
    return [await call(tools, GIVEN["confirm"]), await call(tools, GIVEN["confirm"])]


@asynccontextmanager
async def entered() -> AsyncIterator[tuple[Any, Any]]:
    async with adapters().session("gateway", auto_initialize=False) as session:
        say(revision=(await session.initialize()).protocolVersion)
        yield session, await load_mcp_tools(session)


async def main() -> None:
    async with entered() as (session, tools):
        await do("tools", names, session)
        await do("call", call, tools, GIVEN["call"])
        await do("image", call, tools, GIVEN["image"])
        await do("error", call, tools, GIVEN["error"])
        await do("text", read, session, GIVEN["text"])
        await do("binary", read, session, GIVEN["binary"])
        await do("template", template, session)
        await do("prompt", prompt, session)
        await do("refused", call, tools, GIVEN["confirm"])
        await do("granted", granted, tools)
    await do("progress", progress)
    await do("cancelled", cancelled)
    await do("accepted", asking, "accept")
    await do("declined", asking, "decline")
    await do("changed", changed)


asyncio.run(main())
