"""The admin API: what is loaded, and what was found on the way. Reading only; the port is loopback."""

from dataclasses import asdict

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bridge import __version__
from bridge.model import Json
from bridge.pipeline.runtime import Holder


def admin_app(holder: Holder) -> FastAPI:
    app = FastAPI(
        title="dualbridge admin", version=__version__, openapi_url="/admin/openapi.json", docs_url=None, redoc_url=None
    )
    # A page that rebinds its own name to this address sends that name as Host.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])

    @app.get("/admin/apis", summary="The APIs that are loaded")
    async def apis() -> Json:
        rt = holder.current
        return {"version": rt.version, "digest": rt.digest, "apis": [_api(holder, api.name) for api in rt.catalog.apis]}

    @app.get("/admin/tools", summary="The tools that agents see")
    async def tools() -> JSONResponse:
        catalog = holder.current.catalog
        return JSONResponse(
            [
                {
                    "name": tool.name,
                    "title": tool.title,
                    "api": tool.api,
                    "operation": tool.operation,
                    "tokens": tool.tokens,
                }
                for tool in catalog.tools.values()
            ]
        )

    @app.get("/admin/findings", summary="What could not be carried as it was written")
    async def findings() -> JSONResponse:
        return JSONResponse([asdict(finding) for finding in holder.current.catalog.findings])

    return app


def _api(holder: Holder, name: str) -> Json:
    catalog = holder.current.catalog
    api = next(api for api in catalog.apis if api.name == name)
    return {
        "name": api.name,
        "title": api.title,
        "version": api.version,
        "operations": sum(key[0] == name for key in catalog.operations),
        "tools": sum(tool.api == name for tool in catalog.tools.values()),
        "findings": sum(finding.api == name for finding in catalog.findings),
    }
