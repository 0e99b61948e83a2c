"""The oracle itself: what holds every emitted message against the schemas can tell right from wrong."""

import orjson
import pytest

from bridge.model import Json
from tests.kit import mcp_schema
from tests.kit.mcp_schema import LEGACY, MODERN, NOTIFICATIONS, REQUESTS, RESULTS, REVISIONS, Known, check
from tests.kit.needs import needs_mcp_schemas
from tests.kit.transcript import Transcript

pytestmark = needs_mcp_schemas

LISTED: Json = {"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
PROGRESS: Json = {"progressToken": 1, "progress": 1}


def answer(result: Json) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "result": result}


def error(code: int, **members: Json) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no", **members}}


def said(method: str, params: Json = None, **members: Json) -> Json:
    return {"jsonrpc": "2.0", "method": method, "params": params or {}, **members}


def methods(revision: str, *unions: str) -> set[str]:
    """The methods of the messages that a union of the schema names."""
    found = mcp_schema.definitions(revision)
    members = [one for union in unions for one in found.get(union, {}).get("anyOf", [found.get(union, {})])]
    names = [one["$ref"].rpartition("/")[2] for one in members if "$ref" in one]
    return {found[name]["properties"]["method"]["const"] for name in names}


def known(table: dict[str, Known], revision: str) -> set[str]:
    return {method for method, one in table.items() if revision in one.revisions}


@pytest.mark.parametrize("revision", REVISIONS)
def test_tables_hold_what_the_schema_names_and_no_more(revision: str) -> None:
    assert known(dict(RESULTS), revision) == methods(revision, "ClientRequest")
    assert known(dict(NOTIFICATIONS), revision) == methods(revision, "ServerNotification")
    assert known(dict(REQUESTS), revision) == methods(revision, "ServerRequest")
    every = [*RESULTS.values(), *NOTIFICATIONS.values(), *REQUESTS.values()]
    assert all(one.definition in mcp_schema.definitions(revision) for one in every if revision in one.revisions)


@pytest.mark.parametrize(
    ("message", "revision", "method"),
    [
        (answer({"tools": []}), MODERN, "tools/list"),
        (answer({**LISTED, "ttlMs": -1}), MODERN, "tools/list"),
        (answer({**LISTED, "more": 1}), MODERN, "tools/list"),
        (answer(LISTED), "2025-11-25", "tools/list"),
        (answer({"tools": [{"name": "", "inputSchema": {"type": "object"}, "title": ""}]}), "2025-03-26", "tools/list"),
        (answer({"content": [], "structuredContent": {}}), "2025-03-26", "tools/call"),
        (answer({"content": [], "structuredContent": []}), "2025-11-25", "tools/call"),
        (answer({"content": [{"type": "audio", "data": "", "mimeType": "a/b"}]}), "2024-11-05", "tools/call"),
        (answer({"content": [{"type": "resource_link", "uri": "x:y", "name": "n"}]}), "2025-03-26", "tools/call"),
        (answer({}), MODERN, "ping"),
        (answer({}), MODERN, "tools/other"),
        (answer({}), "2025-11-25", ""),
        (answer({"resultType": "input_required", "requestState": "x"}), MODERN, "tools/list"),
        ({**answer({}), "id": None}, "2025-11-25", "ping"),
        ({**answer({}), "id": 1.5}, "2025-11-25", "ping"),
        ({**answer({}), "jsonrpc": "1.0"}, "2025-11-25", "ping"),
        ({**error(-32600), "id": None}, MODERN, ""),
        (error(-32002), MODERN, ""),
        (error(-32020), "2025-11-25", ""),
        (error(-32022), MODERN, ""),
        (error(-32022, data={"supported": "2026-07-28"}), MODERN, ""),
        (error(-32099), MODERN, ""),
        (error(404), "2025-11-25", ""),
        (said("notifications/progress"), MODERN, ""),
        (said("notifications/progress", {**PROGRESS, "message": "m"}), "2024-11-05", ""),
        (said("notifications/subscriptions/acknowledged", {"notifications": {}}), "2025-11-25", ""),
        (said("notifications/own"), "2025-11-25", ""),
        (said("notifications/progress", PROGRESS, id=1), "2025-11-25", ""),
        (said("ping", id=1), MODERN, ""),
        (said("elicitation/create", {"message": "m", "requestedSchema": {"type": "object", "properties": {}}}, id=1),
         "2025-03-26", ""),
        (said("elicitation/create", {"message": "m"}, id=1), "2025-06-18", ""),
        ([], MODERN, ""),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(message: Json, revision: str, method: str) -> None:
    with pytest.raises(AssertionError):
        check(message, revision, method)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'data: {"jsonrpc":"2.0","method":"notifications/own"}\n\n', "text/event-stream"),
        (b'data: {"jsonrpc":"2.0",\ndata: "method":"ping"}\n\n', "text/event-stream"),
        (b"event: other\ndata: {}\n\n", "text/event-stream"),
        (b"stray\n\n", "text/event-stream"),
        (b"retry: soon\n\n", "text/event-stream"),
        (orjson.dumps(answer({})), "application/json"),
        (orjson.dumps([error(-32600)]), "application/json"),
        (b"[]", "application/json"),
        (b"sorry", "text/plain"),
    ],
)
@pytest.mark.parametrize("revision", [MODERN, LEGACY[0]])
def test_a_planted_fault_is_found_in_whatever_carries_it(revision: str, body: bytes, media_type: str) -> None:
    with pytest.raises(AssertionError):
        Transcript(revision).answered(media_type, body)


def test_an_answer_is_held_against_what_was_asked() -> None:
    transcript = Transcript("2025-11-25")
    transcript.sent(orjson.dumps(said("ping", id=1)))
    transcript.heard(answer({}))
    transcript.sent(orjson.dumps(said("tools/list", id=2)))
    with pytest.raises(AssertionError, match="tools"):
        transcript.heard({**answer({}), "id": 2})
