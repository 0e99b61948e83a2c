"""An ASGI application behind a real uvicorn protocol on a free loopback port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import uvicorn
from uvicorn.server import ServerState

from bridge.ingress.asgi import Receive, Scope, Send
from bridge.ingress.server import Http1


class App(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """Yields the base URL. Leaving waits for every call to be over: one that leaks makes its test time out."""
    config = uvicorn.Config(app, http=Http1, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Http1(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks)
