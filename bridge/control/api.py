"""The admin API: what is served, what was found on the way, and how it is changed while it is served.

What a request passes, from the outside: the trail, which writes down what becomes of it; the names under which the API
answers; the credential; and what keeps pages in browsers from changing anything.
"""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from bridge import __version__
from bridge.compile.reload import Reloader
from bridge.config.schema import Admin
from bridge.control.browsers import NoForeignPages, OwnNames
from bridge.control.credential import Credential
from bridge.control.problems import handle_problems, responses
from bridge.control.query import known_only
from bridge.control.routes import apis, approvals, capabilities, catalog, keys, reload
from bridge.control.steering import Steering
from bridge.control.trail import Trail
from bridge.pipeline.runtime import Holder

# For the description alone: `Credential` decides before anything is routed.
_BEARER = HTTPBearer(scheme_name="token", description="One of `admin.tokens`, where there are any.", auto_error=False)
DESCRIPTION = "What the gateway serves, and how that is changed while it is served."


def admin_app(holder: Holder, reloader: Reloader) -> FastAPI:
    app = application(lambda: reloader.world.configured.admin)
    app.state.steering = Steering(holder, reloader)
    return app


def application(admin: Callable[[], Admin | None] = lambda: None) -> FastAPI:
    """Described, but with nothing to steer. `admin` gives the current settings."""
    app = FastAPI(
        title="dualbridge admin", version=__version__, description=DESCRIPTION, openapi_url="/admin/openapi.json",
        docs_url=None, redoc_url=None, generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(known_only), Depends(_BEARER)], responses=responses(HTTPStatus.UNAUTHORIZED),
    )  # fmt: skip
    app.add_middleware(NoForeignPages)
    app.add_middleware(Credential, admin=admin)
    app.add_middleware(OwnNames, admin=admin)
    app.add_middleware(Trail)
    handle_problems(app)
    for routes in (apis, reload, catalog, approvals, keys, capabilities):
        app.include_router(routes.router)
    return app
