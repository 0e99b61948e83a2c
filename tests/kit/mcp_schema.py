"""Holds messages against the protocol's own JSON schemas: whatever the agents' door emits in a test goes through here.

Stricter than the schemas in two ways: a member that the revision does not name is wrong wherever the gateway itself
writes it, and so is a method, a notification or an error code that the tables below do not give to the revision.
Without the schemas nothing is said; `tests.kit.needs.needs_mcp_schemas` marks the tests that exist to be checked.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jsonschema_rs

from bridge.model import Json

FOLDER = Path(os.environ.get("MCP_SCHEMAS", Path(__file__).parents[2] / "../shared/schema"))
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
MODERN = REVISIONS[-1]
LEGACY = REVISIONS[:-1]


@dataclass(frozen=True, slots=True)
class Known:
    """A definition of the schemas, and the revisions that give it to a method."""

    definition: str
    revisions: tuple[str, ...] = REVISIONS


_NEW = (MODERN,)
_NOVEMBER = ("2025-11-25",)

RESULTS: Mapping[str, Known] = {
    "server/discover": Known("DiscoverResult", _NEW),
    "initialize": Known("InitializeResult", LEGACY),
    "ping": Known("EmptyResult", LEGACY),
    "logging/setLevel": Known("EmptyResult", LEGACY),
    "tools/list": Known("ListToolsResult"),
    "tools/call": Known("CallToolResult"),
    "resources/list": Known("ListResourcesResult"),
    "resources/templates/list": Known("ListResourceTemplatesResult"),
    "resources/read": Known("ReadResourceResult"),
    "resources/subscribe": Known("EmptyResult", LEGACY),
    "resources/unsubscribe": Known("EmptyResult", LEGACY),
    "prompts/list": Known("ListPromptsResult"),
    "prompts/get": Known("GetPromptResult"),
    "completion/complete": Known("CompleteResult"),
    "subscriptions/listen": Known("SubscriptionsListenResult", _NEW),
    "tasks/get": Known("GetTaskResult", _NOVEMBER),
    "tasks/result": Known("GetTaskPayloadResult", _NOVEMBER),
    "tasks/cancel": Known("CancelTaskResult", _NOVEMBER),
    "tasks/list": Known("ListTasksResult", _NOVEMBER),
}
"""What answers a client's request."""
ASKING = frozenset({"tools/call", "prompts/get", "resources/read"})
"""2026-07-28: what an InputRequiredResult may answer."""
NOTIFICATIONS: Mapping[str, Known] = {
    "notifications/cancelled": Known("CancelledNotification"),
    "notifications/progress": Known("ProgressNotification"),
    "notifications/message": Known("LoggingMessageNotification"),
    "notifications/tools/list_changed": Known("ToolListChangedNotification"),
    "notifications/prompts/list_changed": Known("PromptListChangedNotification"),
    "notifications/resources/list_changed": Known("ResourceListChangedNotification"),
    "notifications/resources/updated": Known("ResourceUpdatedNotification"),
    "notifications/subscriptions/acknowledged": Known("SubscriptionsAcknowledgedNotification", _NEW),
    "notifications/elicitation/complete": Known("ElicitationCompleteNotification", _NOVEMBER),
    "notifications/tasks/status": Known("TaskStatusNotification", _NOVEMBER),
}
"""What a server may say unasked."""
REQUESTS: Mapping[str, Known] = {
    "ping": Known("PingRequest", LEGACY),
    "roots/list": Known("ListRootsRequest", LEGACY),
    "sampling/createMessage": Known("CreateMessageRequest", LEGACY),
    "elicitation/create": Known("ElicitRequest", ("2025-06-18", "2025-11-25")),
    "tasks/get": Known("GetTaskRequest", _NOVEMBER),
    "tasks/result": Known("GetTaskPayloadRequest", _NOVEMBER),
    "tasks/cancel": Known("CancelTaskRequest", _NOVEMBER),
    "tasks/list": Known("ListTasksRequest", _NOVEMBER),
}
"""What a server may ask its client. 2026-07-28: it "MUST NOT" send requests."""
ERRORS: Mapping[int, Known] = {
    -32700: Known("ParseError"),
    -32600: Known("InvalidRequestError"),
    -32601: Known("MethodNotFoundError"),
    -32602: Known("InvalidParamsError"),
    -32603: Known("InternalError"),
    -32002: Known("", LEGACY),
    -32020: Known("HeaderMismatchError", _NEW),
    -32021: Known("MissingRequiredClientCapabilityError", _NEW),
    # Whoever names no version that is spoken is told in the newest one's words.
    -32022: Known("UnsupportedProtocolVersionError"),
}
"""2026-07-28 has a definition for each of its codes; the revisions before have none."""
_WHOLE = frozenset({-32020, -32021, -32022})
"""Codes whose definition is that of the whole message, not of its `error`."""


def check(message: Json, revision: str, method: str = "") -> None:
    """`message` is from a server: what answers `method`, or what it says or asks by itself.

    Raises AssertionError with every way in which it breaks the schema, and for what the revision has no name for.
    """
    assert isinstance(message, dict), f"no JSON-RPC message: {message!r}"
    if not FOLDER.is_dir():
        return
    if "method" in message:
        _check_said(message, revision)
    elif "error" in message:
        _check_error(message, revision)
    else:
        holds(message, revision, "JSONRPCResultResponse" if revision >= "2025-11-25" else "JSONRPCResponse")
        _check_result(message["result"], revision, method)


def _named(table: Mapping[str, Known], method: str, revision: str) -> str:
    known = table.get(method)
    assert known is not None, f"nothing is known of {method!r}"
    assert revision in known.revisions, f"{revision} does not know {method!r} here"
    return known.definition


def _check_result(result: Json, revision: str, method: str) -> None:
    definition = _named(RESULTS, method, revision)
    if revision == MODERN and result.get("resultType") == "input_required":
        assert method in ASKING, f"{method!r} must not ask for input"
        definition = "InputRequiredResult"
    holds(result, revision, definition)
    if revision < MODERN:
        modern = {"resultType", "ttlMs", "cacheScope", "_meta"} & set(result)
        assert not modern, f"{revision} does not know {modern}"


def _check_said(message: Json, revision: str) -> None:
    asks = "id" in message
    holds(message, revision, "JSONRPCRequest" if asks else "JSONRPCNotification")
    holds(message, revision, _named(REQUESTS if asks else NOTIFICATIONS, message["method"], revision))


def _check_error(message: Json, revision: str) -> None:
    # Before 2025-11-25 an error had to have an id, and one whose request could not be read had no valid form.
    whole = message if revision >= "2025-11-25" else {"id": 0, **message}
    holds(whole, revision, "JSONRPCErrorResponse" if revision >= "2025-11-25" else "JSONRPCError")
    code = message["error"]["code"]
    known = ERRORS.get(code)
    assert known is not None, f"nothing is known of the code {code}"
    assert revision in known.revisions, f"{revision} does not know the code {code}"
    if revision == MODERN:
        holds(message if code in _WHOLE else message["error"], revision, known.definition)


# --- schemas ----------------------------------------------------------------------------------------------------------

_OPEN = frozenset({"Result", "Request", "Notification", "PaginatedRequest", "PaginatedResult", "CacheableResult"})
_OPEN_ENDS = ("Capabilities", "MetaObject")
# An API may write content blocks itself, and they are passed on with everything in them.
_ITS_OWN = frozenset({
    "TextContent", "ImageContent", "AudioContent", "EmbeddedResource", "ResourceLink", "TextResourceContents",
    "BlobResourceContents", "ResourceContents", "Annotations", "Annotated",
})  # fmt: skip


def holds(value: Json, revision: str, name: str) -> None:
    """Raises AssertionError unless `value` is what that revision calls `name`; says nothing without the schemas."""
    if not FOLDER.is_dir():
        return
    errors = [
        f"{list(error.instance_path)}: {error.message}" for error in _validator(revision, name).iter_errors(value)
    ]
    assert not errors, f"{revision} {name}: {errors}\n{json.dumps(value)[:2000]}"


@cache
def schema(revision: str) -> Json:
    """The revision's own document."""
    return json.loads((FOLDER / f"mcp-{revision}.schema.json").read_text(encoding="utf-8"))


def definitions(revision: str) -> Json:
    return schema(revision).get("$defs") or schema(revision)["definitions"]


@cache
def _validator(revision: str, name: str) -> jsonschema_rs.Draft202012Validator | jsonschema_rs.Draft7Validator:
    key = "$defs" if "$defs" in schema(revision) else "definitions"
    closed = {one: _closed(one, definition) for one, definition in definitions(revision).items()}
    whole = {**schema(revision), key: closed, "$ref": f"#/{key}/{name}"}
    if key == "$defs":
        return jsonschema_rs.Draft202012Validator(whole)
    return jsonschema_rs.Draft7Validator(whole)


def _closed(name: str, definition: Json) -> Json:
    """A definition that takes no members but its own, unless it is meant to be open or extended."""
    properties = definition.get("properties")
    if not properties or name in _OPEN | _ITS_OWN or name.startswith("JSONRPC") or name.endswith(_OPEN_ENDS):
        return definition
    # Messages have the envelope's members too, and the older schemas write params out on the spot.
    properties = {**properties, "params": _closed("", properties["params"])} if "params" in properties else properties
    envelope: Json = {} if not name.endswith(("Request", "Notification")) else {"jsonrpc": {}, "id": {}}
    return {"additionalProperties": False, **definition, "properties": envelope | properties}
