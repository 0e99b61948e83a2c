"""What is asked of a server to know how it answers: whatever a client sends well or badly, as data, by what it is."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.model import Json
from tests.conformance.exchanges import CLIENT, MAIN, MODERN_ONLY, Asked
from tests.kit.agent import META, MODERN

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
FORECAST: Json = {"name": "get_weather", "arguments": {"location": "Oslo"}}
STATIONS: Json = {"name": "list_stations", "arguments": {"region": "north"}}
REVIEW: Json = {"name": "code_review", "arguments": {"code": "x"}}


def completing(ref: Json, name: str, value: str) -> Json:
    return {"ref": ref, "argument": {"name": name, "value": value}}


def meta(**changed: Json) -> Json:
    """Params whose `_meta` differs; a key with the value None is left out."""
    keys = {"version": VERSION_KEY, "capabilities": CAPABILITIES_KEY, "client": "io.modelcontextprotocol/clientInfo"}
    whole = META | {keys[name]: value for name, value in changed.items()}
    return {"_meta": {name: value for name, value in whole.items() if value is not None}}


def with_id(value: Json) -> Asked:
    return Asked("tools/list", body=lambda message: {**message, "id": value})


def without(*names: str) -> Asked:
    return Asked("tools/list", body=lambda message: {key: message[key] for key in message.keys() - set(names)})


def headed(**headers: str | None) -> Asked:
    return Asked("tools/call", FORECAST, {name.replace("_", "-"): value for name, value in headers.items()})


def modern(asked: Asked) -> Asked:
    return replace(asked, manners=MODERN_ONLY)


ASKED: Mapping[str, Asked] = {
    # --- what there is
    "discover": Asked("server/discover"),
    "initialize": Asked("initialize", {"protocolVersion": "2025-06-18", **CLIENT}),
    "initialize with an unknown version": Asked("initialize", {"protocolVersion": "1900-01-01", **CLIENT}),
    "initialize with the modern version": Asked("initialize", {"protocolVersion": MODERN, **CLIENT}),
    "initialize without a version": Asked("initialize", CLIENT),
    "initialize without capabilities": Asked("initialize", {"protocolVersion": "2025-06-18"}),
    "ping": Asked("ping"),
    "tools/list": Asked("tools/list"),
    "resources/list": Asked("resources/list"),
    "resources/templates/list": Asked("resources/templates/list"),
    "prompts/list": Asked("prompts/list"),
    "a list with a foreign cursor": Asked("tools/list", {"cursor": "eyJwYWdlIjogMn0="}),
    "a list with an empty cursor": Asked("prompts/list", {"cursor": ""}),
    "a list with a cursor that is no text": Asked("tools/list", {"cursor": 7}),
    # --- tools
    "a call": Asked("tools/call", FORECAST),
    "a call that fails": Asked("tools/call", {"name": "get_weather", "arguments": {"location": "Atlantis"}}),
    "a call without its arguments": Asked("tools/call", {"name": "get_weather"}),
    "a call with wrong arguments": Asked("tools/call", {"name": "close_station", "arguments": {"id": "x"}}),
    "a call with further arguments": Asked("tools/call", {"name": "close_station", "arguments": {"id": 1, "more": 2}}),
    "a call with a nothing of arguments": Asked("tools/call", {"name": "get_weather", "arguments": None}),
    "a call whose arguments are a list": Asked("tools/call", {"name": "get_weather", "arguments": []}),
    "a call of an unknown tool": Asked("tools/call", {"name": "no_such", "arguments": {}}),
    "a call of nothing": Asked("tools/call", {}),
    "a call of a number": Asked("tools/call", {"name": 7}),
    "a call with answers that are a list": modern(Asked("tools/call", {**FORECAST, "inputResponses": []})),
    "a call with answers that nobody asked for": modern(
        Asked("tools/call", {**FORECAST, "inputResponses": {"x": {"action": "decline"}}})
    ),
    "a call with a state that is a number": modern(Asked("tools/call", {**FORECAST, "requestState": 7})),
    # --- resources
    "a resource": Asked("resources/read", {"uri": MAIN}),
    "a resource by its template": Asked("resources/read", {"uri": "notes://first"}),
    "a resource that nobody knows": Asked("resources/read", {"uri": "test://other"}),
    "a resource that the API has not got": Asked("resources/read", {"uri": "notes://second"}),
    "a resource whose address its template does not take": Asked("resources/read", {"uri": "notes://third"}),
    "a resource without an address": Asked("resources/read", {}),
    "a resource at a number": Asked("resources/read", {"uri": 7}),
    "resources/subscribe": Asked("resources/subscribe", {"uri": MAIN}),
    "resources/subscribe for what nobody knows": Asked("resources/subscribe", {"uri": "test://other"}),
    "resources/unsubscribe": Asked("resources/unsubscribe", {"uri": MAIN}),
    # --- prompts, completion, subscriptions
    "a prompt": Asked("prompts/get", REVIEW),
    "a prompt without its arguments": Asked("prompts/get", {"name": "code_review"}),
    "a prompt with a number for an argument": Asked("prompts/get", {"name": "code_review", "arguments": {"code": 7}}),
    "an unknown prompt": Asked("prompts/get", {"name": "no_such"}),
    "completion": Asked(
        "completion/complete", completing({"type": "ref/prompt", "name": "code_review"}, "language", "py")
    ),
    "completion of a template": Asked(
        "completion/complete", completing({"type": "ref/resource", "uri": "notes://{name}"}, "name", "f")
    ),
    "completion for an unknown prompt": Asked(
        "completion/complete", completing({"type": "ref/prompt", "name": "no_such"}, "a", "x")
    ),
    "completion for an unknown argument": Asked(
        "completion/complete", completing({"type": "ref/prompt", "name": "code_review"}, "no_such", "x")
    ),
    "completion of another kind": Asked("completion/complete", completing({"type": "ref/other"}, "a", "x")),
    "completion without an argument": Asked(
        "completion/complete", {"ref": {"type": "ref/prompt", "name": "code_review"}}
    ),
    "subscriptions/listen": Asked("subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
    "subscriptions/listen to nothing": Asked("subscriptions/listen", {}),
    # --- methods
    "an unknown method": Asked("no/such"),
    "logging/setLevel": Asked("logging/setLevel", {"level": "info"}),
    "tasks/list": Asked("tasks/list"),
    "sampling/createMessage": Asked("sampling/createMessage", {"messages": [], "maxTokens": 1}),
    # --- the envelope
    "no JSON": Asked(body=b'{"jsonrpc":'),
    "no body": Asked(body=b""),
    "no UTF-8": Asked(body=b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'),
    "a text": Asked(body=b'"ping"'),
    "a nothing": Asked(body=b"null"),
    "a member twice": Asked(body=b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'),
    "a number beyond all": Asked("tools/list", body=lambda message: {**message, "extra": 2**64 - 1}),
    "a batch": Asked(body=lambda message: [message]),
    "a batch of requests and notifications": Asked(
        body=lambda message: [message, {**message, "id": 2}, {"jsonrpc": "2.0", "method": "notifications/own"}]
    ),
    "an empty batch": Asked(body=b"[]"),
    "an id of null": with_id(None),
    "an id that is true": with_id(True),
    "an id with a fraction": with_id(1.5),
    "an id that is an object": with_id({}),
    "an id that is zero": with_id(0),
    "an id that is an empty text": with_id(""),
    "a request without an id": without("id"),
    "a request without a method": without("method"),
    "a request without jsonrpc": without("jsonrpc"),
    "a request of JSON-RPC 1.0": Asked("tools/list", body=lambda message: {**message, "jsonrpc": "1.0"}),
    "a method that is a number": Asked("tools/list", body=lambda message: {**message, "method": 7}),
    "params that are a list": Asked("tools/list", body=lambda message: {**message, "params": []}),
    "params that are null": Asked("tools/list", body=lambda message: {**message, "params": None}),
    "params that are left out": without("params"),
    "a response": Asked(body=b'{"jsonrpc":"2.0","id":1,"result":{}}'),
    "an error": Asked(body=b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}'),
    "a request and response at once": Asked("tools/list", body=lambda message: {**message, "result": {}}),
    # --- notifications
    "notifications/initialized": Asked("notifications/initialized", note=True),
    "notifications/cancelled": Asked("notifications/cancelled", {"requestId": "other"}, note=True),
    "notifications/cancelled for nothing": Asked("notifications/cancelled", note=True),
    "notifications/progress": Asked("notifications/progress", {"progressToken": 1, "progress": 1}, note=True),
    "an unknown notification": Asked("notifications/own", note=True),
    "a notification that is a request": Asked("tools/list", note=True),
    # --- what a modern request says of itself
    "no _meta": modern(Asked("tools/list", body=lambda message: {**message, "params": {}})),
    "a _meta that is a list": modern(Asked("tools/list", {"_meta": []})),
    "no capabilities": modern(Asked("tools/list", meta(capabilities=None))),
    "capabilities that are a list": modern(Asked("tools/list", meta(capabilities=[]))),
    "no version": modern(Asked("tools/list", meta(version=None))),
    "a version that is a number": modern(Asked("tools/list", meta(version=7))),
    "an unknown version": modern(
        Asked("tools/list", meta(version="2099-01-01"), {"mcp-protocol-version": "2099-01-01"})
    ),
    "a client's name": modern(Asked("tools/list", meta(client={"name": "c", "version": "1"}))),
    "a client's name that is a text": modern(Asked("tools/list", meta(client="c"))),
    # --- headers
    "another version in the header": modern(headed(mcp_protocol_version="2025-11-25")),
    "a version in the header that nobody knows": headed(mcp_protocol_version="1900-01-01"),
    "a version in the header that is empty": headed(mcp_protocol_version=""),
    "no version in the header": headed(mcp_protocol_version=None),
    "a version twice": modern(headed(mcp_protocol_version=f"{MODERN}\n{MODERN}")),
    "no Mcp-Method": modern(headed(mcp_method=None)),
    "another Mcp-Method": modern(headed(mcp_method="tools/list")),
    "Mcp-Method in capitals": modern(headed(mcp_method="Tools/Call")),
    "Mcp-Method twice": modern(headed(mcp_method="tools/call\ntools/call")),
    "white space around Mcp-Method": modern(headed(mcp_method=" tools/call\t")),
    "no Mcp-Name": modern(headed(mcp_name=None)),
    "another Mcp-Name": modern(headed(mcp_name="star")),
    "Mcp-Name in base64": modern(headed(mcp_name="=?base64?Z2V0X3dlYXRoZXI=?=")),
    "Mcp-Name in base64 that is none": modern(headed(mcp_name="=?base64?Z2V0*?=")),
    "Mcp-Name in another case of base64": modern(headed(mcp_name="=?BASE64?Z2V0X3dlYXRoZXI=?=")),
    "Mcp-Name that is needless": modern(Asked("tools/list", headers={"mcp-name": "x"})),
    "no Mcp-Name for a resource": modern(Asked("resources/read", {"uri": MAIN}, {"mcp-name": None})),
    "another Mcp-Name for a prompt": modern(Asked("prompts/get", REVIEW, {"mcp-name": "x"})),
    "an argument and its header": modern(Asked("tools/call", STATIONS, {"mcp-param-region": "north"})),
    "an argument without its header": modern(Asked("tools/call", STATIONS)),
    "an argument and another header": modern(Asked("tools/call", STATIONS, {"mcp-param-region": "south"})),
    "an argument and its header in base64": modern(
        Asked("tools/call", STATIONS, {"mcp-param-region": "=?base64?bm9ydGg=?="})
    ),
    "a header without its argument": modern(
        Asked("tools/call", {"name": "list_stations"}, {"mcp-param-region": "north"})
    ),
    "a header that no argument asks for": modern(Asked("tools/call", FORECAST, {"mcp-param-x": "y"})),
    "headers that disagree where a version is unknown": modern(
        Asked("tools/list", meta(version="2099-01-01"), {"mcp-method": "ping"})
    ),
    "modern words under a legacy method": modern(Asked("resources/subscribe", {"uri": MAIN})),
    # --- HTTP
    "text/plain": headed(content_type="text/plain"),
    "no content type": headed(content_type=None),
    "a content type with a charset": headed(content_type="application/json; charset=utf-8"),
    "no Accept": headed(accept=None),
    "Accept of JSON only": headed(accept="application/json"),
    "Accept of streams only": headed(accept="text/event-stream"),
    "Accept of anything": headed(accept="*/*"),
    "Accept of HTML": headed(accept="text/html"),
    "a foreign Origin": headed(origin="https://evil.example"),
    "the own Origin": headed(origin="http://gw.test"),
    "a foreign Host": headed(host="evil.example"),
    "GET": Asked(verb="GET", body=b""),
    "GET that takes JSON": Asked(verb="GET", body=b"", headers={"accept": "application/json"}),
    "DELETE": Asked(verb="DELETE", body=b""),
    "PUT": Asked(verb="PUT"),
    "OPTIONS": Asked(verb="OPTIONS", body=b""),
    "an unknown session": Asked(headers={"mcp-session-id": "no-such"}),
    "GET in an unknown session": Asked(verb="GET", body=b"", headers={"mcp-session-id": "no-such"}),
    "DELETE of an unknown session": Asked(verb="DELETE", body=b"", headers={"mcp-session-id": "no-such"}),
    "a request without the session": Asked(
        "tools/list", headers={"mcp-session-id": None}, manners=frozenset({"sessions"})
    ),
    "the session's version left out": Asked(
        "tools/list", headers={"mcp-protocol-version": None}, manners=frozenset({"sessions"})
    ),
    "another version than the session's": Asked(
        "tools/list", headers={"mcp-protocol-version": "2025-06-18"}, manners=frozenset({"sessions"})
    ),
}
