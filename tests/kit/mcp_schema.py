"""Holds a message against a revision's own JSON schema: every message the agents' door emits in a test goes through."""

import json
import os
from functools import cache
from pathlib import Path

import jsonschema_rs

from bridge.model import Json

FOLDER = Path(os.environ.get("MCP_SCHEMAS", Path(__file__).parents[2] / "../shared/schema"))

# What each method's result is called; the same in every revision that has it.
RESULTS = {
    "server/discover": "DiscoverResult",
    "initialize": "InitializeResult",
    "ping": "EmptyResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult",
    "resources/unsubscribe": "EmptyResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "completion/complete": "CompleteResult",
    "subscriptions/listen": "SubscriptionsListenResult",
}
ERRORS = {
    -32020: "HeaderMismatchError",
    -32021: "MissingRequiredClientCapabilityError",
    -32022: "UnsupportedProtocolVersionError",
}


def check(message: Json, revision: str, method: str = "") -> None:
    """`message` is a response to `method`. Raises AssertionError with every way in which it breaks the schema.

    Without the schemas nothing is said; `tests.kit.needs.needs_mcp_schemas` marks the tests that exist to be checked.
    """
    if not FOLDER.is_dir():
        return
    if "error" in message:
        # Before 2025-11-25 an error had to have an id, and one whose request could not be read had no valid form.
        if "id" in message or revision >= "2025-11-25":
            holds(message, revision, "JSONRPCErrorResponse" if revision >= "2025-11-25" else "JSONRPCError")
        if revision == "2026-07-28" and message["error"]["code"] in ERRORS:
            holds(message, revision, ERRORS[message["error"]["code"]])
        return
    holds(message, revision, "JSONRPCResultResponse" if revision >= "2025-11-25" else "JSONRPCResponse")
    asks = message["result"].get("resultType") == "input_required"
    holds(message["result"], revision, "InputRequiredResult" if asks else RESULTS[method])
    if revision < "2026-07-28":
        modern = {"resultType", "ttlMs", "cacheScope", "_meta"} & set(message["result"])
        assert not modern, f"{revision} does not know {modern}"


def holds(value: Json, revision: str, name: str) -> None:
    """Raises AssertionError unless `value` is what that revision calls `name`; says nothing without the schemas."""
    if not FOLDER.is_dir():
        return
    errors = [
        f"{list(error.instance_path)}: {error.message}" for error in _validator(revision, name).iter_errors(value)
    ]
    assert not errors, f"{revision} {name}: {errors}\n{json.dumps(value)[:2000]}"


@cache
def _validator(revision: str, name: str) -> jsonschema_rs.Draft202012Validator | jsonschema_rs.Draft7Validator:
    document = json.loads((FOLDER / f"mcp-{revision}.schema.json").read_text(encoding="utf-8"))
    key = "$defs" if "$defs" in document else "definitions"
    schema = {**document, "$ref": f"#/{key}/{name}"}
    if key == "$defs":
        return jsonschema_rs.Draft202012Validator(schema)
    return jsonschema_rs.Draft7Validator(schema)
