"""FastMCP's client, through its own methods, in both modes."""

import asyncio
from typing import Any

import mcp_types as types
from fastmcp import Client  # type: ignore[import-not-found]
from fastmcp.client.elicitation import ElicitResult  # type: ignore[import-not-found]

from tests.e2e.clients.drivers.told import do, given, say, want

GIVEN = given()


def connected(**options: Any) -> Any:
    return Client(GIVEN["url"], mode=GIVEN["mode"], **options)


def plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def call(client: Any, what: Any, **options: Any) -> Any:
    result = await client.call_tool(*what, raise_on_error=False, **options)
    return {
        "content": [plain(block) for block in result.content],
        "structuredContent": result.structured_content,
        "isError": result.is_error,
    }


async def names(client: Any) -> list[str]:
    return [tool.name for tool in await client.list_tools(cache_mode="bypass")]


async def read(client: Any, uri: str) -> Any:
    return {"contents": [plain(content) for content in await client.read_resource(uri)]}


async def template(client: Any) -> Any:
    templates = [one.uri_template for one in await client.list_resource_templates()]
    return {"templates": templates, **await read(client, GIVEN["template"])}


async def prompt(client: Any) -> Any:
    got = plain(await client.get_prompt(*GIVEN["prompt"]))
    return {"listed": [one.name for one in await client.list_prompts()], **got}


async def progress(client: Any) -> Any:
    reported: list[Any] = []

    async def report(done: float, total: float | None, message: str | None) -> None:
        reported.append([done, total])

    return {"result": await call(client, GIVEN["progress"], progress_handler=report), "reported": reported}


async def cancelled(client: Any) -> Any:
    began = asyncio.Event()

    async def report(done: float, total: float | None, message: str | None) -> None:
        began.set()

    calling = asyncio.create_task(call(client, GIVEN["cancelled"], progress_handler=report))
    await began.wait()
    before = await want("open", until=1)
    calling.cancel()
    await asyncio.wait([calling])
    return {"before": before, "after": await want("open", until=0)}


async def changed() -> Any:
    told = asyncio.Event()

    async def handle(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            told.set()

    async with connected(message_handler=handle) as client:
        before = await names(client)
        await want("change")
        await told.wait()
        return [before, await names(client)]


async def asking(action: Any) -> Any:
    asked: list[str] = []

    async def answer(message: str, response_type: Any, params: Any, context: Any) -> Any:
        asked.append(message)
        content = dict.fromkeys(params.requested_schema["properties"], True)
        return ElicitResult(action=action, content=content if action == "accept" else None)

    async with connected(elicitation_handler=answer) as client:
        result = await call(client, GIVEN["confirm"])
    return {"asked": asked, "id": GIVEN["confirm"][1]["id"], "result": result}


async def granted(client: Any) -> Any:
    await want("approve")
    return [await call(client, GIVEN["confirm"]), await call(client, GIVEN["confirm"])]


async def main() -> None:
    async with connected() as client:
        say(revision=client.protocol_version)
        await do("tools", names, client)
        await do("call", call, client, GIVEN["call"])
        await do("image", call, client, GIVEN["image"])
        await do("error", call, client, GIVEN["error"])
        await do("text", read, client, GIVEN["text"])
        await do("binary", read, client, GIVEN["binary"])
        await do("template", template, client)
        await do("prompt", prompt, client)
        await do("progress", progress, client)
        await do("cancelled", cancelled, client)
        await do("refused", call, client, GIVEN["confirm"])
        await do("granted", granted, client)
    await do("accepted", asking, "accept")
    await do("declined", asking, "decline")
    await do("changed", changed)


asyncio.run(main())
