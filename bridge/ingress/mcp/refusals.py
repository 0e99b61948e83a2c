"""What the protocol itself refuses, before or beside any tool. `rpc` and `http` are the specification's own pairs."""

from bridge.model import BadRequest, Refusal


class ParseError(BadRequest):
    """JSON-RPC 2.0 section 5.1: "Invalid JSON was received by the server"."""

    code, rpc, title = "parse_error", -32700, "Parse error"


class InvalidRequest(BadRequest):
    """Good JSON, but neither a request nor a notification."""

    code, rpc, title = "invalid_request", -32600, "Invalid request"


class InvalidParams(BadRequest):
    code, rpc, title = "invalid_params", -32602, "Invalid params"


class ResourceNotFound(BadRequest):
    """2026-07-28, Resources: -32602 with the uri in `data`. Revisions before it have -32002 for it."""

    code, http, rpc, title = "resource_not_found", 404, -32602, "Resource not found"


class ResourceNotGranted(ResourceNotFound):
    """To this caller there is none. The record knows better."""

    verdict = "not_granted"


class ResourceFailed(Refusal):
    """The upstream gave no content for an address that exists."""

    code, http, rpc, title, readable = "resource_failed", 502, -32603, "Resource cannot be read", False


class UnknownMethod(BadRequest):
    code, http, rpc, title = "unknown_method", 404, -32601, "Method not found"


class HeaderMismatch(BadRequest):
    """A header that mirrors the body is missing, malformed, repeated or different."""

    code, rpc, title = "header_mismatch", -32020, "Header mismatch"


class UnsupportedVersion(BadRequest):
    code, rpc, title = "unsupported_version", -32022, "Unsupported protocol version"


class NotPost(BadRequest):
    code, http, title = "not_post", 405, "Method not allowed"


class NotAcceptable(BadRequest):
    code, http, title = "not_acceptable", 406, "Not acceptable"


class UnsupportedMedia(BadRequest):
    code, http, title = "unsupported_media", 415, "Unsupported media type"


class Internal(Refusal):
    """A fault of ours. The message says which call it was and nothing else; the log knows the rest."""

    code, http, rpc, title, readable = "internal_error", 500, -32603, "Internal error", False
