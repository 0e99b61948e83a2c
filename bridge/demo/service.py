"""The ASGI application: every operation of the document at its path, and the document at /openapi.yaml."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.demo import problems
from bridge.demo.contract import Operation, document, operations
from bridge.demo.problems import Problem
from bridge.demo.reading import read_arguments
from bridge.demo.routes import HANDLERS, Handler
from bridge.demo.seed import seed
from bridge.demo.store import Store

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(data: Path) -> FastAPI:
    """The shop with its database in the folder `data`, which is created and filled when it is new.

    Raises OSError or sqlite3.Error when the folder cannot be used.
    """
    store = Store(data)
    if store.fresh:
        seed(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(
        title="Orders", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan
    )
    app.add_middleware(EncodedPath)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.add_exception_handler(Exception, problems.on_crash)
    app.add_api_route("/openapi.yaml", _document, methods=["GET"])
    for path, methods in _by_path(document()).items():
        app.add_api_route(path, _endpoint(store, methods), methods=list(methods))
    return app


class EncodedPath:
    """Lets the router see the path as it was sent, so that an encoded slash does not end a segment."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await self.app(scope, receive, send)


async def _document(_: Request) -> Response:
    return Response(document(), media_type="application/yaml")


@cache
def _by_path(source: bytes) -> Mapping[str, Mapping[str, Operation]]:
    """Operations by path and method. "When matching URLs, concrete (non-templated) paths would be matched before their
    templated counterparts" (Paths Object)."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in operations(source):
        paths.setdefault(operation.path, {})[operation.method] = operation
    if unequal := {it.id for methods in paths.values() for it in methods.values()} ^ set(HANDLERS):
        raise LookupError(f"without an operation or without a handler: {', '.join(sorted(unequal))}")
    return dict(sorted(paths.items(), key=lambda it: [part.startswith("{") for part in it[0].split("/")]))


def _endpoint(store: Store, methods: Mapping[str, Operation]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        operation = methods[request.method]
        # A HEAD is answered as a GET would be: the server in front sends the headers and keeps the body.
        try:
            return await _carry_out(store, operation, HANDLERS[operation.id], request)
        except Problem as problem:
            return problems.response(problem.status, problem.detail, problem.headers)
        except (OverflowError, UnicodeEncodeError) as error:
            return problems.response(400, f"a value is nothing that can be stored ({error})")

    return endpoint


async def _carry_out(store: Store, operation: Operation, handler: Handler, request: Request) -> Response:
    arguments = await read_arguments(request, operation)
    if inspect.iscoroutinefunction(handler):
        answer = await handler(store, arguments)
    else:
        answer = await run_in_threadpool(handler, store, arguments)
    assert isinstance(answer, Response)
    return answer
