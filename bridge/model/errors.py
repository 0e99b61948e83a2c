"""Refusals: why the gateway itself said no. One family, rendered for both doors from its class attributes.

An upstream's 4xx or 5xx is no refusal but an outcome: the call was made, and that is its answer.
"""

from collections.abc import Mapping
from typing import ClassVar

from bridge.model.json import Json


class Refusal(Exception):
    """A call that ends here. `code` is the stable word for logs and clients, `http` the status of the REST door.

    `rpc` is the JSON-RPC code for requests of the agent door that cannot answer with a tool result; `readable` says
    that an agent should read the message and act on it, so that `tools/call` answers a result with `isError`.
    """

    code: ClassVar[str] = "refused"
    http: ClassVar[int] = 500
    rpc: ClassVar[int] = -32603
    title: ClassVar[str] = "Refused"
    readable: ClassVar[bool] = True
    retryable: ClassVar[bool] = False
    verdict: ClassVar[str] = ""
    """The word for records where it must be another than the one that the caller is told."""

    def __init__(
        self,
        message: str,
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        detail: Mapping[str, Json] | None = None,
        cause: str = "",
    ) -> None:
        """`cause` is for the operator's log alone, never rendered: it speaks of the inside."""
        super().__init__(message)
        self.message = message
        self.headers = headers
        self.detail: Mapping[str, Json] = detail or {}
        self.cause = cause


class BadRequest(Refusal):
    """The request cannot be understood, whoever sent it."""

    code, http, rpc, title, readable = "bad_request", 400, -32600, "Bad request", False


class BadArguments(Refusal):
    """Arguments that do not fit the operation: MCP answers them as a tool result (SEP-1303), REST as 400."""

    code, http, rpc, title = "bad_arguments", 400, -32602, "Bad arguments"


class Unauthenticated(Refusal):
    code, http, rpc, title, readable = "unauthenticated", 401, -32600, "Authentication required", False


class Forbidden(Refusal):
    """Known or not, this caller may not call from where it does."""

    code, http, rpc, title, readable = "forbidden", 403, -32600, "Forbidden", False


class NotFound(Refusal):
    """No such path, or no such tool: MCP wants an unknown tool as a protocol error."""

    code, http, rpc, title, readable = "not_found", 404, -32602, "Not found", False


class NotGranted(NotFound):
    """Nothing that this caller was granted: to it, exactly what does not exist. The record knows better."""

    verdict = "not_granted"


class InsufficientScope(Refusal):
    """RFC 6750 section 3.1: the token "requires higher privileges": it is granted, and needs scopes that the caller may
    get. The challenge in `headers` names all of them."""

    code, http, rpc, title, readable = "insufficient_scope", 403, -32600, "Insufficient scope", False


class NotPermitted(Refusal):
    """The operation is granted, and not with these arguments."""

    code, http, rpc, title = "not_permitted", 403, -32602, "Not permitted"


class BudgetSpent(Refusal):
    """What a rule or a capability lets this caller use is used up."""

    code, http, rpc, title = "budget_spent", 429, -32603, "Budget spent"


class MethodNotAllowed(Refusal):
    code, http, rpc, title, readable = "method_not_allowed", 405, -32602, "Method not allowed", False


class RequestTimeout(Refusal):
    """The request itself did not arrive in time."""

    code, http, rpc, title, readable = "request_timeout", 408, -32600, "Request timeout", False


class TooLarge(Refusal):
    code, http, rpc, title = "too_large", 413, -32600, "Content too large"


class LimitExceeded(Refusal):
    code, http, rpc, title, retryable = "limit_exceeded", 429, -32603, "Too many requests", True


class NoUpstream(Refusal):
    """The API has no address to call."""

    code, http, rpc, title = "no_upstream", 502, -32603, "No upstream"


class NoSubject(Refusal):
    """The upstream is called on behalf of a caller's access token, and this caller has none."""

    code, http, rpc, title = "no_subject", 403, -32603, "No access token to act for"


class ExchangeRefused(Refusal):
    """The authorization server gives nothing for this caller's access token."""

    code, http, rpc, title = "exchange_refused", 403, -32603, "Access token not exchanged"


class CredentialRefused(Refusal):
    """The authorization server gives the gateway no credential for the upstream, and will not before something is
    mended."""

    code, http, rpc, title = "credential_refused", 502, -32603, "No credential for the upstream"


class CredentialUnavailable(Refusal):
    """The authorization server does not answer, so there is no credential for the upstream; nothing was sent there."""

    code, http, rpc, title, retryable = "credential_unavailable", 503, -32603, "Credential unavailable", True


class UpstreamUnreachable(Refusal):
    """No connection, so nothing was sent."""

    code, http, rpc, title, retryable = "upstream_unreachable", 502, -32603, "Upstream unreachable", True


class UpstreamBroken(Refusal):
    """The connection broke, or the answer made no sense, after the request may have arrived: delivery unknown."""

    code, http, rpc, title = "upstream_broken", 502, -32603, "Upstream broke off"


class UpstreamTimeout(Refusal):
    """No answer in time; whether the request took effect is unknown."""

    code, http, rpc, title = "upstream_timeout", 504, -32603, "Upstream timed out"


class ApprovalRequired(Refusal):
    """A person must consent first, and has not."""

    code, http, rpc, title = "approval_required", 403, -32603, "Approval required"


class ApprovalDenied(Refusal):
    """A person was asked and said no, or did not answer in time."""

    code, http, rpc, title = "approval_denied", 403, -32603, "Approval denied"


class SessionGone(BadRequest):
    """2025-11-25, Session Management: a request with an unknown or terminated session "MUST" be answered with 404. One
    that is somebody else's is not there either."""

    code, http, rpc, title = "session_gone", 404, -32600, "Session not found"


class BadState(Refusal):
    """A request state that is not ours, not this call's, not this caller's, used up or too old."""

    code, http, rpc, title, readable = "bad_state", 400, -32602, "Bad request state", False


class CannotAsk(Refusal):
    """The client's person could not be asked, or gave no usable answer."""

    code, http, rpc, title = "cannot_ask", 403, -32603, "Nobody could be asked"


class StateUnavailable(Refusal):
    """What replicas share cannot be reached, and the call cannot do without it."""

    code, http, rpc, title, retryable = "state_unavailable", 503, -32603, "State unavailable", True


class ClientGone(Refusal):
    """The client left before its request was complete: nobody reads the answer."""

    code, http, rpc, title, readable = "client_gone", 499, -32600, "Client closed the request", False
