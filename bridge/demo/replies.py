"""Answers and what they share: JSON, entity tags, links between pages, cursors."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from starlette.responses import Response

from bridge.demo.contract import Json
from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.store import Row
from bridge.demo.styles import split_pairs


def reply(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return Response(body, status, dict(headers or {}), "application/json")


def created(value: Json, location: str) -> Response:
    return reply(value, 201, {"Location": location})


def no_content() -> Response:
    return Response(status_code=204)


def found(thing: Row | None, what: str) -> Row:
    """The thing itself. Raises Problem 404 when there is none."""
    if thing is None:
        raise Problem(404, f"there is no {what}")
    return thing


def entity_tag(value: Json) -> str:
    return f'"{hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:20]}"'


def tagged(value: Json, if_none_match: str | None = None, vary: str | None = None) -> Response:
    """The value with its ETag, or 304 when the client has it: "the origin server MUST NOT perform the requested method"
    for a GET whose If-None-Match lists the current tag (RFC 9110, section 13.1.2)."""
    headers = {"ETag": entity_tag(value), **({"Vary": vary} if vary else {})}
    if if_none_match is not None and lists_tag(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return reply(value, headers=headers)


def lists_tag(condition: str, tag: str) -> bool:
    return any(it.strip().removeprefix("W/") in (tag, "*") for it in condition.split(","))


def link(arguments: Arguments, relation: str, **changed: object) -> str:
    """A link to the same target with some query parameters changed (RFC 8288)."""
    path, _, query = arguments.target.partition("?")
    kept = [f"{name}={value}" for name, value in split_pairs(query) if name not in changed]
    return f'<{path}?{"&".join([*kept, *(f"{name}={value}" for name, value in changed.items())])}>; rel="{relation}"'


def page_reply(arguments: Arguments, items: list[Row]) -> Response:
    """A page out of up to limit + 1 rows by ascending id: the row too many only tells that there is a next page."""
    limit = arguments["limit"]
    following = _cursor(items[limit - 1]["id"]) if len(items) > limit else None
    headers = {"Link": link(arguments, "next", cursor=following)} if following else {}
    return reply({"items": items[:limit], "next": following}, headers=headers)


def after(arguments: Arguments) -> int:
    """The id that the page starts behind. Raises Problem 400 for a cursor nobody handed out."""
    if arguments["cursor"] is None:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(arguments["cursor"].encode()).decode().partition(":")
        return {"after": int(number)}[kind]
    except (binascii.Error, ValueError, KeyError):
        raise Problem(400, "query parameter 'cursor': is not the `next` of an earlier page") from None


def _cursor(last: int) -> str:
    # A multiple of three bytes needs no "=" at the end, which would have to be escaped in a query.
    text = f"after:{last:015d}"
    return base64.urlsafe_b64encode(text.encode()).decode()
