"""What the admin API answers where it cannot do what was asked: problems (RFC 9457), never a trace."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bridge.config.names import API_NAME, SHORT_NAME
from bridge.model import Json, Refusal

_log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_NOTHING: Mapping[str, str] = {}


class Place(BaseModel):
    """One thing that is wrong: where, what, and what would be right."""

    source: str = Field(description="A file, a URL, or `registration` for what the request says.")
    line: int = Field(description="From 1; 0 where it is unknown.")
    column: int
    path: str = Field(description="The key, as in `apis.orders.prefix`.")
    message: str
    advice: str


class ProblemView(BaseModel):
    """RFC 9457, with `code` for programs and every place that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Place] = []


class Problematic(Exception):
    """Becomes the answer. `code` names the problem, `errors` are the places."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: tuple[Place, ...] = (),
        headers: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers


def problem(error: Problematic) -> Response:
    view = ProblemView(
        type=f"urn:dualbridge:problem:{error.code}",
        title=error.status.phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        errors=list(error.errors),
    )
    headers = {"cache-control": "no-store", **error.headers}
    return Response(orjson.dumps(view.model_dump()), error.status, headers=headers, media_type=MEDIA_TYPE)


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Json]]:
    """What a route may answer beside its result, for the API's own description."""
    schema: Json = {"schema": {"$ref": "#/components/schemas/ProblemView"}}
    return {
        int(status): {"model": ProblemView, "description": status.phrase, "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }


_PATTERNS = {
    f"^{API_NAME}$": ("{} is no name of an API", f"write {SHORT_NAME}"),
    "^[0-9a-f]{32}$": ("{} is no id of an approval", "take it from GET /admin/approvals, or the answer to the call"),
    "^[0-9a-f]{16}$": (
        "it is no id of an API key or of a capability",
        "take it from GET /admin/keys or /admin/capabilities, or from the credential, behind `dbk_` or `dbc_`",
    ),
}
"""What is told in place of a pattern, and what would be right. What was sent is quoted, unless it may be secret."""


def _place(error: Json) -> Place:
    path, message, advice = ".".join(map(str, error["loc"])), error["msg"], ""
    pattern = error["ctx"]["pattern"] if error["type"] == "string_pattern_mismatch" else ""
    if pattern in _PATTERNS:
        message, advice = _PATTERNS[pattern]
        message = message.format(repr(str(error["input"])[:100]))
    return Place(source="request", line=0, column=0, path=path, message=message, advice=advice)


def handle_problems(app: FastAPI) -> None:
    @app.exception_handler(Problematic)
    async def ours(request: Request, error: Problematic) -> Response:
        return problem(error)

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return problem(Problematic(HTTPStatus(error.http), error.code, error.message))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = tuple(map(_place, error.errors()))
        told = "; ".join(f"{one.path}: {one.message}" for one in found)[:4000]
        detail = f"the request is wrong: {told}"
        return problem(Problematic(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, errors=found))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "_")
        return problem(Problematic(status, code, str(error.detail), headers=error.headers or _NOTHING))

    @app.exception_handler(Exception)
    async def internal(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(
            Problematic(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "the gateway failed; see its log")
        )
