"""Where our door and the protocol's own Python server (mcp 2.3.0) answer the same exchange differently, and why.

`says` is what decides it: a sentence of the specification, with its section, or why there is none. docs/protocol.md
tells the same to those who choose a client.
"""

from dataclasses import dataclass

from tests.conformance.exchanges import EVERYWHERE, LEGACY_ONLY, MODERN_ONLY, Lane
from tests.kit.mcp_schema import REVISIONS

_SESSIONLESS, _SESSIONS = frozenset({"sessionless"}), frozenset({"sessions"})
_FIRST, _MARCH = ("2024-11-05",), ("2025-03-26",)
_BEFORE_JUNE = _FIRST + _MARCH
_NO_BATCHES = ("2024-11-05", "2025-06-18", "2025-11-25")
_ALL_VERSIONS = '["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]'

_CHANGES = tuple(f"/result/capabilities/{kind}/listChanged" for kind in ("prompts", "resources", "tools"))


@dataclass(frozen=True, slots=True)
class Difference:
    """`ours` and `sdk` are as `Seen.differs` tells them; `manners` and `revisions` say in which lanes."""

    asked: tuple[str, ...]
    ours: str
    sdk: str
    says: str
    manners: frozenset[str] = EVERYWHERE
    revisions: tuple[str, ...] = REVISIONS

    def holds(self, lane: Lane) -> bool:
        return lane.manner in self.manners and lane.revision in self.revisions


def _missing(places: tuple[str, ...], before: str = "200 result") -> tuple[str, str]:
    """Ours has not what theirs has."""
    return "; ".join([before, *(f"{place} is not there" for place in places)]), "; ".join([before, *places])


_VERSIONS = (
    Difference(
        ("discover",),
        f"200 result; /result/supportedVersions {_ALL_VERSIONS}",
        '200 result; /result/supportedVersions ["2026-07-28"]',
        'Discovery: supportedVersions are "protocol versions this server supports"; the same endpoint serves all five',
        MODERN_ONLY,
    ),
    Difference(
        ("an unknown version",),
        f"400 -32022; /error/data/supported {_ALL_VERSIONS}",
        '400 -32022; /error/data/supported ["2026-07-28"]',
        "Versioning: the error lists the versions that are supported; the same endpoint serves all five",
        MODERN_ONLY,
    ),
    Difference(
        ("a version in the header that nobody knows", "a version in the header that is empty"),
        "400 -32022",
        "400 -32602",
        '2025-11-25, Streamable HTTP, Protocol Version Header: "invalid or unsupported" gets "400 Bad Request"; the '
        "code for that is 2026-07-28's, while theirs misses the _meta of a revision that was not spoken",
        LEGACY_ONLY,
    ),
    Difference(
        ("another version in the header", "no version in the header"),
        "400 -32020",
        "200 result",
        "2026-07-28, Streamable HTTP, Server Validation: a header that is missing or says something else than the body "
        'MUST be rejected "with HTTP status 400 Bad Request"; theirs chooses the revision by the header alone',
        MODERN_ONLY,
    ),
    Difference(
        ("no version in the header",),
        *_missing(("/result/structuredContent",)),
        '2025-06-18, Streamable HTTP: without the header "the server SHOULD assume protocol version 2025-03-26", which '
        "has no structuredContent",
        _SESSIONLESS,
    ),
    Difference(
        ("no version in the header",),
        *_missing(("/result/structuredContent",)),
        "the session's revision is known, and has no structuredContent in its schema",
        _SESSIONS,
        _BEFORE_JUNE,
    ),
    Difference(
        ("another version than the session's",),
        "400 -32600",
        "200 result",
        '2025-06-18, Streamable HTTP: "The protocol version sent by the client SHOULD be the one negotiated during '
        'initialization"; what a session speaks is not changed in passing',
        _SESSIONS,
        ("2024-11-05", "2025-03-26", "2025-11-25"),
    ),
    Difference(
        ("a version that is a number",),
        "400 -32602",
        "400 -32020",
        "2026-07-28, Base Protocol: a required key of _meta that is missing or malformed is -32602; only two texts can "
        "be compared",
        MODERN_ONLY,
    ),
    Difference(
        ("a client's name that is a text",),
        "200 result",
        "400 -32602",
        "2026-07-28, Base Protocol: clientInfo is optional and informs; nothing here reads it",
        MODERN_ONLY,
    ),
    Difference(
        ("initialize without capabilities",),
        "200 result",
        "200 -32602",
        "Lifecycle: what a client does not declare it cannot do; that it declares nothing is no reason to turn it away",
        LEGACY_ONLY,
    ),
)

_ENVELOPE = (
    Difference(
        ("a member twice",),
        "400 -32600",
        "400 -32602",
        'RFC 8259, section 4: "The names within an object SHOULD be unique"; readers that take the first and readers '
        "that take the last would authorise two different calls",
        MODERN_ONLY,
    ),
    Difference(("a member twice",), "400 -32600", "200 result", "RFC 8259, section 4, as for 2026-07-28", LEGACY_ONLY),
    Difference(
        ("a request without an id", "a notification that is a request"),
        "400 -32600",
        "202",
        "2026-07-28, Streamable HTTP, Sending Messages: a notification that is not accepted gets an HTTP error; a "
        "request that lost its id would wait for ever",
    ),
    Difference(
        ("an id of null", "an id that is true", "an id with a fraction", "an id that is an object"),
        "400 -32600",
        "202",
        'Base Protocol, Requests: "the ID MUST NOT be null", "a string or integer ID"; JSON-RPC 2.0, section 4.1: only '
        "what has no id member is a notification",
        LEGACY_ONLY,
    ),
    Difference(
        (
            "a request without a method",
            "a request without jsonrpc",
            "a request of JSON-RPC 1.0",
            "a method that is a number",
            "params that are a list",
        ),
        '400 -32600; /id "one"',
        "400 -32600; /id null",
        "JSON-RPC 2.0, section 5: id is that of the request; Null only where there was an error in detecting it",
        MODERN_ONLY,
    ),
    Difference(
        (
            "a request without a method",
            "a request without jsonrpc",
            "a request of JSON-RPC 1.0",
            "a method that is a number",
            "params that are a list",
            "a text",
            "a nothing",
            "an empty batch",
        ),
        "400 -32600",
        "400 -32602",
        'JSON-RPC 2.0, section 5.1: -32600 is "The JSON sent is not a valid Request object"',
        LEGACY_ONLY,
    ),
    Difference(
        ("a batch", "a batch of requests and notifications"),
        "400 -32600",
        "400 -32602",
        "JSON-RPC 2.0, section 5.1, as for everything that is no request",
        LEGACY_ONLY,
        _NO_BATCHES,
    ),
    Difference(
        ("a batch", "a batch of requests and notifications"),
        "200 batch",
        "400 -32602",
        '2025-03-26, Base Protocol: implementations "MUST support receiving JSON-RPC batches"',
        LEGACY_ONLY,
        _MARCH,
    ),
    Difference(
        ("a response", "an error"),
        "400 -32600",
        "202",
        '2025-11-25, Streamable HTTP: a response that cannot be accepted gets "an HTTP error status code"; without a '
        "session nothing was asked that it could answer",
        _SESSIONLESS,
    ),
)

_HEADERS = (
    Difference(
        ("white space around Mcp-Method",),
        "200 result",
        "400 -32020",
        'RFC 9110, section 5.5: white space around a value is "excluded from the field line value"',
        MODERN_ONLY,
    ),
    Difference(
        ("text/plain", "no content type"),
        "415",
        "400",
        "RFC 9110, section 15.5.16: 415 is for content in a format that is not supported",
    ),
    Difference(
        ("no Accept", "Accept of JSON only"),
        "200 result",
        "406",
        "RFC 9110, section 12.5.1: without Accept any type will do; the answer is the JSON that is asked for, and the "
        "requirement is the client's",
        LEGACY_ONLY,
    ),
)

_SESSIONS_AND_STREAMS = (
    Difference(
        ("GET", "GET in an unknown session"),
        "405",
        "200 stream",
        'Streamable HTTP, Listening for Messages: "The server MUST either return text/event-stream [...] or else '
        'return HTTP 405"; without a session there is nothing to say there',
        _SESSIONLESS,
    ),
    Difference(
        ("GET that takes JSON",), "405", "406", "Streamable HTTP, Listening for Messages, as above", _SESSIONLESS
    ),
    Difference(
        ("resources/subscribe", "resources/unsubscribe"),
        "200 -32601",
        "200 result",
        'Resources, Subscriptions: a client that subscribes is "notified"; without a session nothing can reach it',
        _SESSIONLESS,
    ),
    Difference(
        ("resources/subscribe for what nobody knows",),
        "200 -32601",
        "200 -32002",
        "Resources, Subscriptions, as above",
        _SESSIONLESS,
    ),
    Difference(
        ("initialize", "initialize with an unknown version", "initialize with the modern version"),
        *_missing(("/result/capabilities/resources/subscribe",)),
        'Lifecycle, Operation: "Only use capabilities that were successfully negotiated"; what is not served is not '
        "declared",
        _SESSIONLESS,
    ),
    Difference(
        ("initialize", "initialize with an unknown version", "initialize with the modern version"),
        *_missing(tuple(f"/result/capabilities/{kind}/listChanged" for kind in ("prompts", "resources", "tools")))[
            ::-1
        ],
        "Tools, Capabilities: listChanged is whether changes are told; ours are, and their transport declares none",
        _SESSIONS,
    ),
    Difference(("DELETE",), "204", "200", "Streamable HTTP, Session Management names no status for success", _SESSIONS),
    Difference(
        ("an unknown session",),
        "404 -32600",
        "404",
        "JSON-RPC 2.0, section 5: id is that of the request",
        _SESSIONS,
    ),
    Difference(
        ("a request without the session",),
        "200 result",
        "400 -32600",
        'Streamable HTTP, Session Management: "Servers that require a session ID SHOULD" answer 400; ours serves '
        "clients without one",
        _SESSIONS,
    ),
)

_LISTS = (
    "tools/list", "a number beyond all", "an id that is zero", "an id that is an empty text", "params that are null",
    "params that are left out", "a request and response at once",
)  # fmt: skip
_LEFT_OUT = "the revision's schema has no such member: clients of its time validate what they get"
_SURFACE = (
    Difference(
        _LISTS,
        *_missing(tuple(f"/result/tools/*/{name}" for name in ("annotations", "outputSchema", "title"))),
        _LEFT_OUT,
        LEGACY_ONLY,
        _FIRST,
    ),
    Difference(
        _LISTS,
        *_missing(tuple(f"/result/tools/*/{name}" for name in ("outputSchema", "title"))),
        _LEFT_OUT,
        LEGACY_ONLY,
        _MARCH,
    ),
    Difference(
        ("the session's version left out",),
        *_missing(tuple(f"/result/tools/*/{name}" for name in ("annotations", "outputSchema", "title"))),
        _LEFT_OUT,
        _SESSIONS,
        _FIRST,
    ),
    Difference(
        ("the session's version left out",),
        *_missing(tuple(f"/result/tools/*/{name}" for name in ("outputSchema", "title"))),
        _LEFT_OUT,
        _SESSIONS,
        _MARCH,
    ),
    Difference(("resources/list",), *_missing(("/result/resources/*/title",)), _LEFT_OUT, LEGACY_ONLY, _BEFORE_JUNE),
    Difference(
        ("resources/templates/list",),
        *_missing(("/result/resourceTemplates/*/title",)),
        _LEFT_OUT,
        LEGACY_ONLY,
        _BEFORE_JUNE,
    ),
    Difference(
        ("prompts/list",),
        *_missing(("/result/prompts/*/arguments/*/title", "/result/prompts/*/title")),
        _LEFT_OUT,
        LEGACY_ONLY,
        _BEFORE_JUNE,
    ),
    Difference(
        ("a call", "a content type with a charset", "Accept of anything", "the own Origin"),
        *_missing(("/result/structuredContent",)),
        _LEFT_OUT,
        LEGACY_ONLY,
        _BEFORE_JUNE,
    ),
)

_ADDRESS = "a resource whose address its template does not take"
_RESOURCES = (
    Difference(
        (_ADDRESS,),
        "400 -32602; /error/data/errors; /error/data/uri is not there",
        "400 -32602; /error/data/errors is not there; /error/data/uri",
        "Resources, Error Handling: -32602; the values that the template takes help more than the address, which the "
        "client has",
        MODERN_ONLY,
    ),
    Difference(
        (_ADDRESS,),
        "200 -32602",
        "200 -32002",
        "Resources, Error Handling: -32002 is for what is not found; a value that a variable cannot have is a wrong "
        "parameter, and the answer says which values there are",
        LEGACY_ONLY,
    ),
)

DIFFERENCES = (*_VERSIONS, *_ENVELOPE, *_HEADERS, *_SESSIONS_AND_STREAMS, *_SURFACE, *_RESOURCES)
