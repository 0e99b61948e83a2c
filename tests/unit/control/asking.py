"""A client of an application in this process."""

from collections.abc import Mapping

import httpx

from bridge.app import Application
from bridge.model import Json

NONE: Mapping[str, str] = {}


async def asked(
    app: Application,
    path: str,
    *,
    host: str = "127.0.0.1:8081",
    method: str = "GET",
    headers: Mapping[str, str] = NONE,
    server: str = "127.0.0.1",
    json: Json = None,
) -> httpx.Response:
    """`server` is the address that the connection came in over."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{server}") as client:
        return await client.request(method, path, headers={"host": host, **headers}, json=json)
