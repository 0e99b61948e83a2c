"""Errors as problem documents (RFC 9457), whoever finds them: a handler, the reader of a request, or the router."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class Problem(Exception):
    """Ends an operation with an error; `detail` tells the client which argument was wrong, or what is missing."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # A drill may ask for a status that nobody has registered.
        return "Failure"


def response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps({"title": _title(status), "status": status, "detail": detail}, ensure_ascii=False)
    return Response(body, status, dict(headers or {}), "application/problem+json")


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response(error.status_code, f"{request.method} {request.url.path}: {error.detail}", error.headers)


async def on_crash(request: Request, error: Exception) -> Response:
    return response(500, "the shop failed to carry this out; its log says why")
