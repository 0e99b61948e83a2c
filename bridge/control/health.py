"""The health port: alive, ready, metrics; no credential, nothing else."""

import re

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.model import Json
from bridge.pipeline.runtime import Holder
from bridge.telemetry.metrics import CONTENT_TYPE, Metrics

_ADDRESS = re.compile(r"(\[[0-9a-f:.]+\]|[0-9.]+)(:[0-9]*)?", re.IGNORECASE).fullmatch


def health_app(holder: Holder, metrics: Metrics) -> FastAPI:
    """`/readyz` is 200 as soon as any API is loaded: one dead document must not take the others out of service."""
    app = FastAPI(title="dualbridge health", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(_NotRebound)

    @app.get("/livez")
    async def livez() -> Json:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        catalog = holder.current.catalog
        absent = sorted({finding.api for finding in catalog.findings if finding.id == "api-absent"})
        ready = bool(catalog.apis)
        body = {"status": "ready" if ready else "not ready", "apis": [api.name for api in catalog.apis]}
        return JSONResponse(body | ({"absent": absent} if absent else {}), 200 if ready else 503)

    @app.get("/metrics")
    async def render() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return app


class _NotRebound:
    """A page that rebinds its own name to a loopback address sends that name as Host: there, only names of this machine
    and addresses are answered. Elsewhere any name is, because probes use whatever they reach the port by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._guarded = TrustedHostMiddleware(app, allowed_hosts=["localhost"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rebound = _local(scope) and not _ADDRESS(Headers(scope=scope).get("host", ""))
        await (self._guarded if rebound else self._app)(scope, receive, send)


def _local(scope: Scope) -> bool:
    """Whether the connection came in over a loopback address."""
    host = (scope.get("server") or ("",))[0]
    return bool(host == "::1" or host.startswith(("127.", "::ffff:127.")))
