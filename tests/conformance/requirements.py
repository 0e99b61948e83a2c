"""What the protocol asks of a server, requirement by requirement: each is held by tests, or is a gap with its reason.

A test carries the ids of what it holds, `@pytest.mark.requirement("modern.transport.origin")`, and
tests/promises/test_requirements.py compares both sides. `says` is in our words; MUST, SHOULD and MAY are the
specification's.
"""

from dataclasses import dataclass

MODERN = ("2026-07-28",)
LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
SINCE_JUNE = ("2025-06-18", "2025-11-25")
NOVEMBER = ("2025-11-25",)
MARCH = ("2025-03-26",)
OLDEST = ("2024-11-05",)
ALL = (*LEGACY, *MODERN)


@dataclass(frozen=True, slots=True)
class Requirement:
    """`gap` says why no test holds it; it is empty where tests do."""

    id: str
    says: str
    revisions: tuple[str, ...] = MODERN
    gap: str = ""


_NO_AUTHORIZATION = "no authorization is configured in this release"
_NO_FORWARDING = "the gateway answers MCP itself and forwards no MCP message"
_NO_LOGS = "an HTTP operation sends its caller no log lines, so logging is not declared"
_HTTP_OPERATIONS = "the tools are HTTP operations, which need nothing of the client's model or file system"

_TRANSPORT = (
    Requirement("modern.transport.single-endpoint", "One path takes POST; GET and DELETE SHOULD be answered with 405."),
    Requirement(
        "modern.transport.no-sessions", "`Mcp-Session-Id` and `Last-Event-ID` are ignored, never minted, never echoed."
    ),
    Requirement("modern.transport.origin", "An `Origin` that is present and not allowed MUST get 403.", ALL),
    Requirement("modern.transport.host", "A request under a host name that is not ours gets 421.", ALL),
    Requirement("modern.transport.loopback", "A server on one's own machine SHOULD bind 127.0.0.1.", ALL),
    Requirement(
        "modern.transport.one-message",
        "The body is one request or notification; batches and responses get 400 with -32600.",
    ),
    Requirement("modern.transport.notifications", "A notification that is accepted gets 202 without a body."),
    Requirement("modern.transport.accept", "A client MUST accept JSON and event streams both; else it gets 406."),
    Requirement("modern.transport.content-type", "A message that is not `application/json` gets 415.", ALL),
    Requirement("modern.transport.body-limit", "A body beyond the limit gets 413, whether or not it says its length."),
    Requirement("modern.transport.json-or-stream", "Each answer is JSON or an event stream, as the server chooses."),
)

_STREAMS = (
    Requirement("modern.stream.own-request", "A stream carries notifications of its request, then the response."),
    Requirement("modern.stream.ends", "The response SHOULD end the stream."),
    Requirement("modern.stream.no-requests", "A server MUST NOT send requests on a stream."),
    Requirement("modern.stream.unbuffered", "A stream SHOULD say `X-Accel-Buffering: no`."),
    Requirement("modern.stream.keep-alive", "A stream on which nothing happens is kept alive by comments."),
    Requirement("modern.stream.no-resumption", "Events have no ids; a stream cannot be resumed."),
    Requirement(
        "modern.cancel.disconnect",
        "A client that closes its connection has cancelled: the work SHOULD stop, and nothing more is sent.",
    ),
    Requirement("modern.cancel.stream", "So has one that closes the stream of its answer."),
)

_HEADERS = (
    Requirement("modern.headers.version", "`MCP-Protocol-Version` MUST say what `_meta` says; else 400 with -32020."),
    Requirement("modern.headers.method", "`Mcp-Method` MUST say the message's method; else 400 with -32020."),
    Requirement("modern.headers.name", "`Mcp-Name` MUST say the tool's name on tools/call; else 400 with -32020."),
    Requirement("modern.headers.prompt-name", "`Mcp-Name` MUST say the prompt's name on prompts/get."),
    Requirement("modern.headers.resource-uri", "`Mcp-Name` MUST say the URI on resources/read."),
    Requirement("modern.headers.duplicate", "A routing header that comes twice MUST get 400 with -32020."),
    Requirement("modern.headers.case", "Names of headers are read in any case; values are compared case by case."),
    Requirement("modern.headers.whitespace", "White space around a header's value MUST be left out."),
    Requirement("modern.headers.base64", "A value in `=?base64?…?=` is decoded before it is compared."),
    Requirement("modern.headers.base64-broken", "A value in that form that is no base64 gets 400 with -32020."),
    Requirement("modern.mirror.required", "An argument that is to be mirrored and is not MUST get 400 with -32020."),
    Requirement("modern.mirror.different", "So MUST one whose header says something else."),
    Requirement("modern.mirror.absent", "An argument that is null or absent needs no header."),
    Requirement("modern.mirror.numbers", "Integers SHOULD be compared as numbers; booleans are `true` and `false`."),
    Requirement("modern.mirror.base64", "Mirrored values are decoded like names, and literal in any other form."),
    Requirement(
        "modern.mirror.annotations",
        "`x-mcp-header` MUST be a token, unique whatever its case, on a string, integer or boolean.",
    ),
    Requirement("modern.mirror.unknown", "`Mcp-Param-*` headers that no argument asks for are left alone."),
    Requirement(
        "modern.mirror.forwarded", "An intermediary MUST forward `Mcp-Param-*` headers unknown to it.",
        gap=_NO_FORWARDING,
    ),
    Requirement(
        "modern.mirror.policies", "Policies on mirrored headers SHOULD first see that the version validates them.",
        gap="policies read the message itself, never its headers",
    ),
)  # fmt: skip

_BASE = (
    Requirement("modern.version.unsupported", "An unknown version gets 400 with -32022, both lists of versions told."),
    Requirement("modern.methods.unknown", "A method that is not served gets 404 with -32601."),
    Requirement("modern.methods.removed", "So do initialize, ping, logging/setLevel and resources/(un)subscribe."),
    Requirement("modern.meta.required", "Without `_meta`, its version or its capabilities: 400 with -32602."),
    Requirement("modern.meta.client-info-optional", "`clientInfo` MUST NOT be required."),
    Requirement(
        "modern.capability.missing", "What needs a capability that the client lacks gets 400 with -32021, naming it.",
        gap="nothing needs one: what a client cannot ask its person, it is told to ask for itself",
    ),
    Requirement("modern.errors.id", "An error has the request's id, unless that could not be read."),
    Requirement("modern.errors.parse", "A body that is no JSON gets 400 with -32700."),
    Requirement("modern.errors.invalid", "JSON that is no request, or could be read in two ways, gets 400, -32600."),
    Requirement("modern.errors.codes", "Codes that the specification reserves are used for what it says alone."),
    Requirement("modern.stateless", "A request MUST NOT rely on another that came before it."),
    Requirement("modern.result.type", "Every result says its `resultType`."),
    Requirement("modern.result.server-info", "Results SHOULD say who the server is, in `_meta`."),
    Requirement("modern.discover", "server/discover MUST tell versions, capabilities, instructions and hints."),
    Requirement("modern.discover.honest", "What is there MUST be declared, and what is declared is served."),
    Requirement("modern.cache.hints", "discover and tools/list MUST say `ttlMs` (0 or more) and `cacheScope`."),
    Requirement("modern.cache.resources", "resources/list, resources/templates/list and resources/read MUST too."),
    Requirement("modern.cache.prompts", "prompts/list MUST too."),
    Requirement("modern.cache.scope", "All pages of a list have one scope; what depends on the caller is private."),
    Requirement("modern.cache.questions", "A result that asks for input carries no hints."),
    Requirement(
        "modern.meta.trace", "`traceparent`, `tracestate` and `baggage` stand in `_meta` without a prefix.",
        gap="no traces are written in this release; the keys are accepted and left alone",
    ),
    Requirement(
        "modern.extensions.tasks", "Extensions are optional: tasks let a result come later.",
        gap="no extension is declared; an HTTP operation answers when it is done",
    ),
    Requirement(
        "modern.extensions.ui", "Extensions are optional: UI resources let a client show a page.",
        gap="no extension is declared; HTTP operations bring no pages for clients",
    ),
)  # fmt: skip

_TOOLS = (
    Requirement("modern.tools.list-stable", "tools/list MUST NOT vary by connection and SHOULD keep its order."),
    Requirement("modern.tools.list-granted", "tools/list MAY vary by what the caller is granted."),
    Requirement("modern.pages.cursors", "Cursors are opaque and lead through the whole list.", ALL),
    Requirement("modern.pages.invalid-cursor", "A cursor that the server did not give SHOULD get -32602.", ALL),
    Requirement("modern.pages.empty-cursor", "An empty cursor is a cursor, not the beginning."),
    Requirement("modern.schema.input", "Input schemas are 2020-12 with an object at the root and any keyword in it."),
    Requirement("modern.schema.local-refs", "References lead into the schema itself, never to the network."),
    Requirement("modern.schema.structured", "`structuredContent` may be any JSON value."),
    Requirement("modern.schema.bounded", "Depth and number of what is validated SHOULD be bounded."),
    Requirement("modern.schema.dialect", "A dialect that is not supported SHOULD be dealt with gracefully."),
    Requirement("modern.tools.names", "Tools' names are unique, of 1 to 64 of `A-Za-z0-9_.-`.", ALL),
    Requirement("modern.tools.unknown", "An unknown tool is a protocol error, -32602."),
    Requirement("modern.tools.malformed", "So is a call that is not made like one."),
    Requirement("modern.tools.input-errors", "Arguments that break the schema are a result with `isError`."),
    Requirement("modern.tools.upstream-errors", "So is a failure of the API."),
    Requirement("modern.tools.output-schema", "A result of a tool with an output schema has `structuredContent`."),
    Requirement("modern.tools.text-too", "Structured content SHOULD be repeated as serialized JSON in a text block."),
    Requirement("modern.tools.inputs-validated", "Servers MUST validate all inputs before anything is sent."),
    Requirement("modern.tools.access", "Servers MUST control access: what is not granted cannot be called.", ALL),
    Requirement("modern.tools.rate", "Servers MUST limit how often tools are called.", ALL),
    Requirement("modern.tools.sanitised", "Servers MUST sanitise outputs: no answer is longer than its bound."),
)

_RESOURCES = (
    Requirement("modern.resources.list", "resources/list has what can be read without parameters."),
    Requirement("modern.resources.templates", "resources/templates/list has RFC 6570 templates; they can be read."),
    Requirement("modern.resources.text", "Text comes as `text` with its media type."),
    Requirement("modern.resources.binary", "Binary content comes as base64 in `blob`."),
    Requirement("modern.resources.not-found", "An unknown URI gets -32602 with the URI in `data`."),
    Requirement("modern.resources.never-empty", "What is not there is an error, never empty `contents`."),
    Requirement("modern.resources.internal", "A failure to read gets -32603."),
    Requirement("modern.resources.annotations", "Audience and priority are told where they are configured."),
)

_PROMPTS = (
    Requirement("modern.prompts.list", "prompts/list has names, descriptions and arguments."),
    Requirement("modern.prompts.get", "prompts/get fills the arguments in."),
    Requirement("modern.prompts.unknown", "An unknown prompt gets -32602."),
    Requirement("modern.prompts.missing", "So does one whose required arguments are missing."),
    Requirement("modern.prompts.content", "Messages may carry images and embedded resources."),
    Requirement("modern.completion.values", "completion/complete offers at most 100 values, best first."),
    Requirement("modern.completion.unknown", "A reference or argument that does not exist gets -32602."),
)

_SUBSCRIPTIONS = (
    Requirement("modern.listen.stream", "subscriptions/listen is answered by a stream that stays open."),
    Requirement("modern.listen.acknowledged", "Its first message MUST acknowledge what will be sent."),
    Requirement("modern.listen.honoured", "Only what is honoured is acknowledged, and only that is sent."),
    Requirement("modern.listen.tagged", "Every message has the subscription's id, which is the request's."),
    Requirement("modern.listen.changes", "Changes of tools, prompts and resources reach who listens."),
    Requirement("modern.listen.resources", "Updates of a resource reach who subscribed to its URI."),
    Requirement("modern.listen.closes", "A graceful end is a result, then the end of the stream."),
    Requirement("modern.progress.asked", "Progress is told only where `_meta.progressToken` asks for it."),
    Requirement("modern.progress.grows", "Progress MUST grow and comes on the request's own stream."),
    Requirement("modern.logging.asked", "Log messages come only where `_meta` names a level."),
    Requirement(
        "modern.logging.messages", "A server MAY send log messages (deprecated).",
        gap=_NO_LOGS,
    ),
)  # fmt: skip

_QUESTIONS = (
    Requirement("modern.questions.methods", "Only tools/call, prompts/get and resources/read may ask for input."),
    Requirement("modern.questions.form", "`input_required` carries requests by key, a state, or both."),
    Requirement("modern.questions.retry", "The same request with answers and state is carried out."),
    Requirement("modern.questions.rounds", "One round of questions may follow another."),
    Requirement("modern.questions.again", "Answers that are missing or make no sense are asked for again."),
    Requirement("modern.questions.extra", "Answers that nobody asked for are ignored."),
    Requirement("modern.questions.sealed", "A state that was changed MUST be refused."),
    Requirement("modern.questions.bound", "A state is bound to caller, method, parameters and time, and used once."),
    Requirement("modern.questions.declared", "Only what the client has declared is asked for."),
    Requirement("modern.questions.sampling", "A server MAY ask for sampling.", gap=_HTTP_OPERATIONS),
    Requirement("modern.questions.roots", "A server MAY ask for roots.", gap=_HTTP_OPERATIONS),
)

_AUTHORIZATION = (
    Requirement("auth.metadata", "Protected resource metadata (RFC 9728) is served and named.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.challenge", "401 names the metadata and SHOULD name scopes.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.audience", "Tokens MUST have been issued for this server.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.no-passthrough", "A client's token MUST NOT be sent upstream.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.scope", "Too little scope gets 403 with all scopes in one challenge.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.client", "A client of authorization servers uses PKCE and checks `iss`.", ALL, _NO_AUTHORIZATION),
    Requirement("auth.session-owner", "A session belongs to the one who began it.", LEGACY, _NO_AUTHORIZATION),
)

_STDIO = (
    Requirement("stdio.framing", "One message to a line; none holds a line break.", ALL),
    Requirement("stdio.output", "Nothing but messages is written to standard output.", ALL),
    Requirement("stdio.era", "The first request decides the era; none needs headers.", ALL),
    Requirement("stdio.cancelled", "notifications/cancelled stops a call.", ALL),
    Requirement("stdio.end", "The process ends when its input does.", ALL),
)

_HANDSHAKE = (
    Requirement("legacy.initialize", "initialize agrees on the version asked for, or offers the latest.", LEGACY),
    Requirement("legacy.initialize.honest", "What cannot be offered without a session is not declared.", LEGACY),
    Requirement("legacy.initialized", "Notifications get 202 without a body.", LEGACY),
    Requirement("legacy.responses", "So do a client's responses.", LEGACY),
    Requirement("legacy.ping", "ping is answered with an empty result.", LEGACY),
    Requirement("legacy.version.absent", "A request without a version header speaks 2025-03-26.", MARCH),
    Requirement("legacy.version.invalid", "A version that is not spoken gets 400.", LEGACY),
    Requirement("legacy.sessionless", "Whoever brings no session is served without one.", LEGACY),
    Requirement("legacy.sessions.id", "A session's id is of visible ASCII and cannot be guessed.", LEGACY),
    Requirement("legacy.sessions.missing", "A request that lacks the id that it needs gets 400.", LEGACY),
    Requirement("legacy.sessions.unknown", "An id that is unknown or has ended gets 404.", LEGACY),
    Requirement("legacy.sessions.delete", "DELETE ends a session.", LEGACY),
    Requirement("legacy.get", "GET opens a stream, or gets 405 where there is no session.", LEGACY),
)

_LEGACY = (
    Requirement("legacy.stream.priming", "A stream begins with an event that has an id and no data.", NOVEMBER),
    Requirement("legacy.stream.retry", "A stream says when to come back if it is cut.", NOVEMBER),
    Requirement("legacy.stream.resumption", "`Last-Event-ID` brings what was missed on that stream, once.", LEGACY),
    Requirement("legacy.stream.one", "A message goes out on one stream of a session only.", LEGACY),
    Requirement("legacy.changes", "Changes of the catalogue reach sessions.", LEGACY),
    Requirement("legacy.resources.subscribe", "resources/subscribe and unsubscribe work in sessions.", LEGACY),
    Requirement("legacy.resources.not-found", "An unknown URI gets -32002.", LEGACY),
    Requirement("legacy.elicitation", "A session's client that can is asked with elicitation/create.", SINCE_JUNE),
    Requirement("legacy.logging", "A server MAY send log messages, of a level that is set.", LEGACY, gap=_NO_LOGS),
    Requirement("legacy.cancel", "A disconnect is no cancellation; notifications/cancelled is.", LEGACY),
    Requirement("legacy.errors.http", "Errors of requests come with 200, those of transport with 4xx.", LEGACY),
    Requirement("legacy.errors.input", "Arguments that break the schema are a result with `isError`.", LEGACY),
    Requirement("legacy.batches", "A batch is answered entry by entry, in any order.", MARCH),
    Requirement("legacy.no-batches", "Later revisions have no batches.", SINCE_JUNE),
    Requirement("legacy.surface", "Results hold only fields that the revision knows.", LEGACY),
    Requirement("legacy.structured-objects", "`structuredContent` and output schemas are objects.", SINCE_JUNE),
    Requirement("legacy.http-sse", "The older transport, GET and POST apart, is served where it is on.", OLDEST),
    Requirement(
        "legacy.sampling", "A server MAY ask a session's client for sampling.", LEGACY, gap=_HTTP_OPERATIONS
    ),
    Requirement("legacy.roots", "A server MAY ask a session's client for its roots.", LEGACY, gap=_HTTP_OPERATIONS),
)  # fmt: skip

REQUIREMENTS = (
    *_TRANSPORT, *_STREAMS, *_HEADERS, *_BASE, *_TOOLS, *_RESOURCES, *_PROMPTS, *_SUBSCRIPTIONS, *_QUESTIONS,
    *_AUTHORIZATION, *_STDIO, *_HANDSHAKE, *_LEGACY,
)  # fmt: skip
