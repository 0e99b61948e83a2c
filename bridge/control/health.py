"""The health port: alive, ready, metrics; no credential, nothing else."""

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from bridge.model import Json
from bridge.pipeline.runtime import Holder
from bridge.telemetry.metrics import CONTENT_TYPE, Metrics


def health_app(holder: Holder, metrics: Metrics) -> FastAPI:
    """`/readyz` is 200 as soon as any API is loaded: one dead document must not take the others out of service."""
    app = FastAPI(title="dualbridge health", openapi_url=None, docs_url=None, redoc_url=None)

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
