"""The admin API: what is served, what was found on the way, and how it is changed while it is served.

The port is loopback, and has no credential yet: what keeps pages in browsers out is `browsers` and the names below.
"""

from fastapi import Depends, FastAPI

from bridge import __version__
from bridge.compile.reload import Reloader
from bridge.control.browsers import NoForeignPages, OwnNames
from bridge.control.problems import handle_problems
from bridge.control.query import known_only
from bridge.control.routes import apis, approvals, catalog, reload
from bridge.control.steering import Steering
from bridge.pipeline.runtime import Holder

DESCRIPTION = "What the gateway serves, and how that is changed while it is served."


def admin_app(holder: Holder, reloader: Reloader) -> FastAPI:
    app = application()
    app.state.steering = Steering(holder, reloader)
    return app


def application() -> FastAPI:
    """Described, but with nothing to steer."""
    app = FastAPI(
        title="dualbridge admin", version=__version__, description=DESCRIPTION, openapi_url="/admin/openapi.json",
        docs_url=None, redoc_url=None, generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(known_only)],
    )  # fmt: skip
    app.add_middleware(NoForeignPages)
    app.add_middleware(OwnNames)
    handle_problems(app)
    for routes in (apis, reload, catalog, approvals):
        app.include_router(routes.router)
    return app
