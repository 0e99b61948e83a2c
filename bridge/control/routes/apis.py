"""The APIs: those of the configuration are shown, those that are registered here can be changed."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from bridge.compile import Result
from bridge.compile.reload import Owned, Unregistered
from bridge.config import as_json
from bridge.config.names import API_NAME
from bridge.config.schema_apis import Api as ApiSettings
from bridge.control.outcome import answered, changing
from bridge.control.problems import Problematic, responses
from bridge.control.steering import Steered, Steering
from bridge.control.views import ApiDetail, ApisView, ApiView, FindingView, Owner, RegistrationBody, ReportView
from bridge.importer.source import named
from bridge.ingress.body import read_pieces
from bridge.model import Api, Json

router = APIRouter(prefix="/admin/apis", tags=["apis"])
MOST_BODY = 80 << 20
"""Bytes of a registration; the document in it may have 64 MiB."""
Name = Annotated[str, Path(pattern=f"^{API_NAME}$", description="The API's name.")]
DryRun = Annotated[bool, Query(description="Answer what would change, and change nothing.")]
_CREATED: dict[int | str, dict[str, Json]] = {201: {"model": ReportView, "description": "Registered"}}
_REFUSALS = responses(
    HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip
_BODY: dict[str, Json] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": RegistrationBody.model_json_schema()}},
    }
}


@router.get("", summary="The APIs that are served")
async def list_apis(steering: Steered) -> ApisView:
    rt = steering.holder.current
    return ApisView(version=rt.version, digest=rt.digest, apis=views(steering))


@router.get("/{name}", summary="One API", responses=responses(HTTPStatus.NOT_FOUND))
async def read_api(name: Name, steering: Steered) -> ApiDetail:
    catalog, world = steering.holder.current.catalog, steering.reloader.world
    api = next((one for one in catalog.apis if one.name == name), None)
    settings = world.settings.apis.get(name)
    if api is None or settings is None:
        raise Problematic(HTTPStatus.NOT_FOUND, "no_such_api", f"no API {name!r} is served")
    return ApiDetail(
        **_view(steering, api, settings).model_dump(),
        options=as_json(world.settings.model_copy(update={"apis": {name: settings}}))["apis"][name],
        files=sorted(world.files.get(name, ())),
        urls=sorted(map(named, world.urls.get(name, ()))),
        tool_names=[tool.name for tool in catalog.tools.values() if tool.api == name],
        found=[FindingView.of(finding) for finding in catalog.findings if finding.api == name],
    )


@router.put(
    "/{name}",
    summary="Register an API, or change how it is registered",
    openapi_extra=_BODY,
    responses=_CREATED | _REFUSALS,
)
async def register(
    name: Name, steering: Steered, request: Request, response: Response, *, dry_run: DryRun = False
) -> ReportView:
    body = await read_pieces(request.receive, MOST_BODY)
    known = steering.reloader.registered(name) is not None
    with changing():
        try:
            report = await steering.reloader.register(name, body, dry=dry_run)
        except Owned as error:
            raise _owned(name) from error
    if not known and not dry_run and report.result in {Result.APPLIED, Result.UNCHANGED}:
        response.status_code = HTTPStatus.CREATED
    return answered(report)


@router.delete(
    "/{name}",
    summary="Take back a registration",
    responses=responses(
        HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE
    ),
)
async def unregister(name: Name, steering: Steered, *, dry_run: DryRun = False) -> ReportView:
    with changing():
        try:
            report = await steering.reloader.unregister(name, dry=dry_run)
        except Owned as error:
            raise _owned(name) from error
        except Unregistered as error:
            raise Problematic(HTTPStatus.NOT_FOUND, "not_registered", f"no API {name!r} is registered") from error
    return answered(report)


def views(steering: Steering) -> list[ApiView]:
    settings = steering.reloader.world.settings
    return [_view(steering, api, settings.apis[api.name]) for api in steering.holder.current.catalog.apis]


def _view(steering: Steering, api: Api, settings: ApiSettings) -> ApiView:
    catalog = steering.holder.current.catalog
    configured = api.name in steering.reloader.world.configured.apis
    return ApiView(
        name=api.name,
        title=api.title,
        version=api.version,
        owner=Owner.CONFIGURATION if configured else Owner.REGISTRATION,
        prefix=settings.prefix or "/",
        host=settings.host,
        operations=sum(key[0] == api.name for key in catalog.operations),
        tools=sum(tool.api == api.name for tool in catalog.tools.values()),
        findings=sum(finding.api == api.name for finding in catalog.findings),
    )


def _owned(name: str) -> Problematic:
    return Problematic(
        HTTPStatus.CONFLICT, "owned_by_configuration", f"{name!r} stands in the configuration: change it there"
    )
