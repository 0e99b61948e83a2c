"""What is asked of two servers at once: exchanges as data, and what came of one in a form that can be compared."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from bridge.model import Json
from tests.kit.agent import BOTH, META, MODERN, scope
from tests.kit.mcp_schema import LEGACY
from tests.kit.sdk_server import App
from tests.kit.session import Exchange
from tests.kit.transcript import frames
from tests.kit.weather import HOST

NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
CLIENT: Json = {"capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
MAIN = "file:///project/src/main.rs"
PATIENCE = 5.0
Headers: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Lane:
    """One revision in one manner: `modern`, or legacy `sessionless` or in `sessions`."""

    revision: str
    manner: str

    def __str__(self) -> str:
        return f"{self.manner} {self.revision}"


MODERN_LANE = Lane(MODERN, "modern")
LANES = (MODERN_LANE, *(Lane(one, manner) for manner in ("sessionless", "sessions") for one in LEGACY))
EVERYWHERE = frozenset(lane.manner for lane in LANES)
LEGACY_ONLY = EVERYWHERE - {"modern"}
MODERN_ONLY = frozenset({"modern"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One exchange. `headers` replace those that belong to the message, None leaves one out; `body`, if it is given,
    replaces the message, or is made from it."""

    method: str = "ping"
    params: Json = None
    headers: Headers = field(default_factory=dict)
    body: bytes | Callable[[dict[str, Json]], Json] | None = None
    verb: str = "POST"
    manners: frozenset[str] = EVERYWHERE
    note: bool = False


def request(lane: Lane, method: str, params: Json, *, note: bool = False) -> dict[str, Json]:
    own = {"_meta": META} if lane.revision == MODERN else {}
    identity = {} if note else {"id": "one"}
    return {"jsonrpc": "2.0", **identity, "method": method, "params": {**own, **(params or {})}}


def encoded(lane: Lane, asked: Asked) -> bytes:
    message = request(lane, asked.method, asked.params, note=asked.note)
    if isinstance(asked.body, bytes):
        return asked.body
    return orjson.dumps(asked.body(message) if asked.body is not None else message)


def belonging(lane: Lane, asked: Asked, session: str | None) -> list[tuple[str, str]]:
    """The headers; one with a line feed in it is sent twice."""
    headers: dict[str, str | None] = {"host": HOST, "content-type": "application/json", "accept": BOTH}
    if lane.revision == MODERN or asked.method != "initialize":
        headers["mcp-protocol-version"] = lane.revision
    if lane.revision == MODERN:
        named = (asked.params or {}).get(NAMED.get(asked.method, ""))
        headers |= {"mcp-method": asked.method, "mcp-name": named if isinstance(named, str) else None}
    headers |= {"mcp-session-id": session if asked.method != "initialize" else None}
    headers |= dict(asked.headers)
    return [(name, one) for name, value in headers.items() if value is not None for one in value.split("\n")]


NOT_THERE = object()


@dataclass(frozen=True, slots=True)
class Seen:
    """`head` is the status and what kind of answer it is; `message` the answer itself, its free texts taken out."""

    head: str
    message: Json = None
    session: str | None = None

    def differs(self, other: "Seen") -> tuple[str, str] | None:
        """What is said of each where they differ, in the same words for every entry of a list."""
        if self.head != other.head:
            return self.head, other.head
        found = sorted(_differing(self.message, other.message, ""))
        if not found:
            return None
        one, two = (list(dict.fromkeys(f"{place}{said[side]}" for place, *said in found)) for side in (0, 1))
        return "; ".join([self.head, *one]), "; ".join([other.head, *two])


def _differing(one: Json, other: Json, at: str) -> set[tuple[str, str, str]]:
    """Each place, and what either has there."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = one.keys() | other.keys()
        return set().union(
            *(_differing(one.get(name, NOT_THERE), other.get(name, NOT_THERE), f"{at}/{name}") for name in names)
        )
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return set().union(*(_differing(a, b, f"{at}/*") for a, b in zip(one, other, strict=True)))
    if NOT_THERE in (one, other):
        return {(at, _absent(one), _absent(other))}
    return set() if one == other else {(at, _told(one), _told(other))}


def _absent(value: Json) -> str:
    return " is not there" if value is NOT_THERE else ""


def _told(value: Json) -> str:
    return f" {orjson.dumps(value).decode()[:80]}"


OF_HTTP = frozenset({403, 405, 406, 413, 415, 421})
"""What these say is said by the status. Streamable HTTP: "The HTTP response body MAY comprise a JSON-RPC error response
that has no id"."""


async def exchange(app: App, verb: str, headers: list[tuple[str, str]], body: bytes) -> Seen:
    """One HTTP exchange. A stream that does not end by itself is left once its head, or its first event, is there."""
    under_way = Exchange(body)
    serving = asyncio.create_task(app(scope(headers, verb), under_way.receive, under_way.send))
    try:
        async with asyncio.timeout(PATIENCE):
            waiting = asyncio.create_task(_settled(under_way, verb))
            await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
    finally:
        under_way.leave.set()
        await asyncio.wait([serving], timeout=PATIENCE)
        serving.cancel()
    return _seen(under_way)


async def _settled(under_way: Exchange, verb: str) -> None:
    answer = await under_way.began()
    stream = answer.headers.get("content-type", "").startswith("text/event-stream")
    if not stream or verb == "POST":
        # A POST's stream ends with its answer; only that of `subscriptions/listen` stays open after its first event.
        await asyncio.sleep(PATIENCE if b"subscriptions/listen" not in under_way.body else 0.2)


def _seen(under_way: Exchange) -> Seen:
    answer = under_way.answer
    media = answer.headers.get("content-type", "").partition(";")[0]
    session = answer.headers.get("mcp-session-id")
    if media == "text/event-stream":
        text = answer.body.decode().replace("\r\n", "\n")
        messages = [orjson.loads(data) for data in frames(text)]
        message = messages[-1] if messages else None
        return Seen(f"{answer.status} {_kind(message) if messages else 'stream'}", _plain(message), session)
    if media != "application/json" or not answer.body:
        return Seen(f"{answer.status}", None, session)
    message = orjson.loads(answer.body)
    if answer.status in OF_HTTP or (answer.status == 404 and message.get("id") is None):
        return Seen(f"{answer.status}", None, session)
    return Seen(f"{answer.status} {_kind(message)}", _plain(message), session)


def _kind(message: Json) -> str:
    if isinstance(message, list):
        return "batch"
    if "method" in message:
        return str(message["method"])
    return str(message["error"]["code"]) if "error" in message else "result"


def _plain(message: Json) -> Json:
    """Without free texts, and without what means the same as its absence."""
    if isinstance(message, list):
        return sorted((_plain(one) for one in message), key=orjson.dumps)
    if not isinstance(message, dict) or not ("error" in message or "result" in message):
        return message
    if "error" in message:
        error = {key: value for key, value in message["error"].items() if key != "message" and value is not None}
        return {"id": message.get("id"), "error": error if isinstance(error.get("data"), dict) else error["code"]}
    result = dict(message["result"])
    if "content" in result:
        result["content"] = [{key: value for key, value in one.items() if key != "text"} for one in result["content"]]
        # CallToolResult: "If not set, this is assumed to be false (the call was successful)".
        result["isError"] = result.get("isError", False)
    if "capabilities" in result:
        # "listChanged?: boolean": whether it is supported.
        result["capabilities"] = {
            name: {key: value for key, value in one.items() if value is not False}
            for name, one in result["capabilities"].items()
        }
    return {**message, "result": result}
