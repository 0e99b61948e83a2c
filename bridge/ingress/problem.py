"""A refusal as an HTTP problem (RFC 9457), the same form for both doors wherever they answer in plain HTTP."""

import orjson

from bridge.model import Headers, Refusal


class Internal(Refusal):
    """The gateway itself failed. The reason is in the log, under the call's id, and nowhere else."""

    code, title, readable = "internal_error", "Internal error", False


def problem(refusal: Refusal, call: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body that tell a client why the call with this id was refused."""
    body = dict(refusal.detail) | {
        "type": f"urn:dualbridge:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.http,
        "detail": refusal.message,
        "code": refusal.code,
        "call": call,
    }
    # RFC 9111 section 4.2.2: without this a cache may keep a 404 or 405 by its own judgement, and a refusal can be
    # over a moment later.
    headers = ((b"content-type", b"application/problem+json"), (b"cache-control", b"no-store"), *refusal.headers)
    return refusal.http, headers, orjson.dumps(body)
