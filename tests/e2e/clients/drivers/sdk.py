"""The protocol's own Python client, in both modes, over HTTP and stdio."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp import Client, StdioServerParameters, types

from tests.e2e.clients.drivers.told import do, given, say, want

GIVEN = given()
MODE = GIVEN["mode"]


def connected(**options: Any) -> AbstractAsyncContextManager[Client]:
    command = GIVEN.get("command")
    server = StdioServerParameters(command=command[0], args=command[1:], env=GIVEN["env"]) if command else GIVEN["url"]
    return Client(server, mode=MODE, **options)


def plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def call(client: Client, what: Any) -> Any:
    return plain(await client.call_tool(*what))


async def names(client: Client) -> list[str]:
    found: list[str] = []
    page = await client.list_tools(cache_mode="bypass")
    found += [tool.name for tool in page.tools]
    while page.next_cursor is not None:
        page = await client.list_tools(cursor=page.next_cursor)
        found += [tool.name for tool in page.tools]
    return found


async def template(client: Client) -> Any:
    listed = await client.list_resource_templates()
    read = plain(await client.read_resource(GIVEN["template"]))
    return {"templates": [one.uri_template for one in listed.resource_templates], **read}


async def prompt(client: Client) -> Any:
    listed = await client.list_prompts()
    got = plain(await client.get_prompt(*GIVEN["prompt"]))
    return {"listed": [one.name for one in listed.prompts], **got}


async def read(client: Client, uri: str) -> Any:
    return plain(await client.read_resource(uri))


async def progress(client: Client) -> Any:
    reported: list[Any] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        reported.append([progress, total])

    name, arguments = GIVEN["progress"]
    result = await client.call_tool(name, arguments, progress_callback=report)
    return {"reported": reported, "result": plain(result)}


async def cancelled(client: Client) -> Any:
    began = asyncio.Event()

    async def report(progress: float, total: float | None, message: str | None) -> None:
        began.set()

    name, arguments = GIVEN["cancelled"]
    calling = asyncio.create_task(client.call_tool(name, arguments, progress_callback=report))
    await began.wait()
    before = await want("open", until=1)
    calling.cancel()
    await asyncio.wait([calling])
    return {"before": before, "after": await want("open", until=0)}


async def changed() -> Any:
    """By subscribing in 2026-07-28; before, whoever holds a session is told."""
    told = asyncio.Event()

    async def handle(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            told.set()

    async with connected(message_handler=handle) as client:
        before = await names(client)
        if MODE == "legacy":
            await want("change")
            await told.wait()
        else:
            async with client.listen(tools_list_changed=True) as subscription:
                await want("change")
                await anext(aiter(subscription))
        return [before, await names(client)]


async def asking(action: Any) -> Any:
    asked: list[str] = []

    async def answer(context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        content: Any = dict.fromkeys(params.requested_schema["properties"], True)
        return types.ElicitResult(action=action, content=content if action == "accept" else None)

    async with connected(elicitation_callback=answer) as client:
        result = await call(client, GIVEN["confirm"])
    return {"asked": asked, "id": GIVEN["confirm"][1]["id"], "result": result}


async def granted(client: Client) -> Any:
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
