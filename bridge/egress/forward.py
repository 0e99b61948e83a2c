"""A person's request as it goes on to an upstream: the same bytes, less what belongs to this connection.

Whatever says where the request came from is written anew: the caller's address and the trusted proxies that vouch for
it, if there are any. Of a client's own `X-Forwarded-For` nothing goes on: it is only a claim.
What the gateway took as its caller's credential stays here, whatever the route says.
"""

import re

from bridge.egress.credentials.place import without_parameters
from bridge.egress.headers import end_to_end
from bridge.egress.inbound import PARAMETERS, without_credentials
from bridge.model import Call, Headers, Wire
from bridge.model.endpoint import UNDECLARED
from bridge.model.headers import dashed, is_of_proxies

# RFC 9110 section 7.6.1: “A sender MUST NOT send a connection option corresponding to a field that is intended for all
# recipients of the content.” One that does so anyway (`Connection: Authorization`) wants a check further on to miss it.
_LASTING = frozenset(
    {
        b"accept", b"accept-encoding", b"authorization", b"cache-control", b"content-encoding", b"content-length",
        b"content-type", b"cookie", b"date", b"host", b"if-match", b"if-none-match", b"origin", b"range",
        b"user-agent", b"via",
    }
)  # fmt: skip

# `Host` is the target's own; `Expect` was answered here, since uploads begin only after the call was let through.
_REPLACED = frozenset({b"host", b"expect"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch


def forward(call: Call) -> Wire:
    assert call.route is not None
    rewrite = call.route.rewrite
    path = call.below if rewrite.strip_prefix else call.path
    query = _query(call)
    target = f"{path}?{query}" if query else path
    replaced = rewrite.remove_headers | {name for name, _ in rewrite.set_headers}
    fields = (*_passed(_own(call), call.route.underscored), *_provenance(call))
    kept = tuple(field for field in fields if dashed(field[0]) not in replaced and field[0] not in replaced)
    return Wire(call.method, target, _sized(kept + rewrite.set_headers, call.body), call.body)


def _query(call: Call) -> str:
    assert call.route is not None
    if call.route.passthrough or not call.query:
        return call.query
    return without_parameters(call.query, PARAMETERS | call.route.presented.parameters)


def _own(call: Call) -> Headers:
    """The caller's fields, less those that are for the gateway."""
    assert call.route is not None
    headers = call.headers
    if call.withheld:
        kept = frozenset(map(dashed, call.withheld))
        headers = tuple(field for field in headers if dashed(field[0]) not in kept)
    return headers if call.route.passthrough else without_credentials(
        headers, call.route.presented, call.endpoint.declared if call.endpoint else UNDECLARED
    )  # fmt: skip


def _passed(headers: Headers, underscored: frozenset[bytes]) -> Headers:
    """Names with an underscore pass only where the document has them: see `dashed`."""
    return tuple(
        field
        for field in end_to_end(headers, keep=_LASTING)
        if field[0] not in _REPLACED
        and not is_of_proxies(field[0])
        and (b"_" not in field[0] or field[0] in underscored)
    )


def _provenance(call: Call) -> Headers:
    """Forwarded (RFC 7239), its older relatives, and Via: RFC 9110 section 7.6.3, “An HTTP-to-HTTP gateway MUST send an
    appropriate Via header field in each inbound request message”."""
    assert call.route is not None
    host = next((value.decode("latin-1") for name, value in call.headers if name == b"host"), "")
    fields = [("via", "1.1 dualbridge"), ("forwarded", _forwarded(call, host)), ("x-forwarded-proto", call.scheme)]
    if call.peer:
        fields.append(("x-forwarded-for", ", ".join((call.peer, *call.via))))
    if host:
        fields.append(("x-forwarded-host", host))
    if call.route.prefix and call.route.rewrite.strip_prefix:
        fields.append(("x-forwarded-prefix", call.route.prefix))
    return tuple((name.encode(), value.encode("latin-1")) for name, value in fields)


def _forwarded(call: Call, host: str) -> str:
    """What is known of the caller's own request stands with it: readers take that from the first element."""
    pairs = [("for", _node(call.peer)), ("host", host), ("proto", call.scheme)]
    first = ";".join(f"{name}={_quoted(value)}" for name, value in pairs if value)
    return ", ".join((first, *(f"for={_quoted(_node(proxy))}" for proxy in call.via)))


def _node(address: str) -> str:
    """RFC 7239 section 6: an IPv6 address stands in square brackets; these and colons want quotes (section 4)."""
    return f"[{address}]" if ":" in address else address or "unknown"


def _quoted(value: str) -> str:
    if _TOKEN(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sized(headers: Headers, body: object) -> Headers:
    """A body that came in chunks and was read whole has a length by now; one that still streams keeps its own."""
    if not isinstance(body, bytes) or any(name == b"content-length" for name, _ in headers):
        return headers
    return (*headers, (b"content-length", str(len(body)).encode()))
