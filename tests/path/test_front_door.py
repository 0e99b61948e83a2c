"""Nobody gets past the door unnamed, whatever they ask for; and what somebody opened is there for nobody else."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest

from bridge.ingress.asgi import Message
from bridge.ingress.traffic import Traffic
from bridge.model import Headers, Json, Wire
from bridge.pipeline.runtime import Holder
from tests.kit import issuer as issuers
from tests.kit.agent import BOTH, Answer, Connection
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, Gateway, gateway
from tests.kit.issuer import Issuer
from tests.kit.narrowing import bearing, key, narrowed
from tests.kit.session import Client, scope

PUBLIC = "https://gw.test"
DOCUMENT = paths({"GET /things": {"operationId": "listThings"}}, servers=[{"url": "http://upstream.test/base"}])
CHALLENGE = f'Bearer resource_metadata="{PUBLIC}/.well-known/oauth-protected-resource/mcp"'
REVISION = "2025-11-25"
HELLO: Json = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
ENDS = 2.3
"""Seconds within which a revocation holds, with some for a slow machine."""


@pytest.fixture(scope="module")
def corp() -> Iterator[Issuer]:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        yield made


@pytest.fixture
async def gw(tmp_path: Path, corp: Issuer) -> AsyncIterator[Gateway]:
    file = tmp_path / "things.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    identity = {"api_keys": {"pepper": "p" * 32}, "issuers": {"corp": {"issuer": corp.url, "allow_private": True}}}
    root: dict[str, Json] = {"public_url": PUBLIC, "identity": identity, "mcp": {"sse": True}}
    made = gateway(file, Arrangement(root=root))
    yield made
    await made.links.aclose()


def posted(message: Json, *more: tuple[bytes, bytes], target: str = "/mcp") -> Wire:
    head: Headers = ((b"host", b"gw.test"), (b"content-type", b"application/json"), (b"accept", BOTH.encode()))
    return Wire("POST", target, (*head, *more), orjson.dumps(message))


def told(method: str, params: Json = None, **more: Json) -> Json:
    return {"jsonrpc": "2.0", "method": method, "params": params or {}, **more}


def legacy(method: str, params: Json = None) -> Json:
    return told(method, params, id=1)


LISTEN: Json = {"notifications": {"toolsListChanged": True}}
COMPLETE: Json = {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}}
MODERN: list[tuple[str, dict[str, Json]]] = [
    ("server/discover", {}), ("tools/list", {}), ("resources/list", {}), ("resources/templates/list", {}),
    ("prompts/list", {}), ("resources/read", {"uri": "things://1"}), ("prompts/get", {"name": "x"}),
    ("tools/call", {"name": "list_things", "arguments": {}}), ("tools/call", {"name": "none", "arguments": {}}),
    ("completion/complete", COMPLETE), ("subscriptions/listen", LISTEN), ("no/such", {}),
]  # fmt: skip
SPOKEN = (b"mcp-protocol-version", REVISION.encode())
OLDER = (b"mcp-protocol-version", b"2025-03-26")
SSE: Headers = ((b"host", b"gw.test"), (b"accept", b"text/event-stream"))
WITHIN = (b"mcp-session-id", b"0" * 32)
OTHERS: dict[str, Wire] = {
    "initialize": posted(legacy("initialize", HELLO)),
    "ping": posted(legacy("ping"), SPOKEN),
    "tools/list": posted(legacy("tools/list"), SPOKEN),
    "notification": posted(told("notifications/initialized"), SPOKEN),
    "cancelled": posted(told("notifications/cancelled", {"requestId": 1}), SPOKEN),
    "batch": posted([legacy("ping"), told("tools/list", id=2)], OLDER),
    "in a session": posted(legacy("ping"), SPOKEN, WITHIN),
    "stream": Wire("GET", "/mcp", (*SSE, SPOKEN, WITHIN)),
    "end of a session": Wire("DELETE", "/mcp", (*SSE, SPOKEN, WITHIN)),
    "older stream": Wire("GET", "/mcp/sse", SSE),
    "older message": posted(legacy("ping"), target="/mcp/messages?session_id=" + "0" * 32),
}


def is_challenge(answer: Answer) -> bool:
    assert b"list_things" not in answer.body
    return (answer.status, answer.headers.get("www-authenticate")) == (401, CHALLENGE)


@pytest.mark.statement("A1")
@pytest.mark.parametrize(("method", "params"), MODERN)
async def test_no_method_is_answered_to_whoever_shows_nothing(
    gw: Gateway, method: str, params: dict[str, Json]
) -> None:
    became = await gw.method(method, params)
    assert is_challenge(became.answer)
    assert became.record.verdict == "unauthenticated"


@pytest.mark.statement("A1")
@pytest.mark.parametrize("what", OTHERS)
async def test_nor_is_anything_else_that_an_older_client_sends(gw: Gateway, what: str) -> None:
    assert is_challenge(await gw.raw(OTHERS[what]))
    assert {record.verdict for record in gw.records} == {"unauthenticated"}
    assert gw.upstream.sent == []


async def test_whoever_shows_something_is_answered_all_of_it(gw: Gateway) -> None:
    """The same requests, so that the ones above are known to fail for want of a credential alone."""
    mine = bearing(await key(gw))
    for method, params in MODERN[:2]:
        assert (await gw.method(method, params, mine)).answer.status == 200
    for what in ("initialize", "ping", "tools/list", "notification", "cancelled", "batch"):
        wire = OTHERS[what]
        answer = await gw.raw(Wire(wire.method, wire.target, (*wire.headers, mine), wire.body))
        assert answer.status in {200, 202}, what
    for what in ("in a session", "stream", "end of a session", "older message"):
        wire = OTHERS[what]
        answer = await gw.raw(Wire(wire.method, wire.target, (*wire.headers, mine), wire.body))
        assert answer.status == 404, what


# --- bodies ---------------------------------------------------------------------------------------------------------

LONG, CHUNKED = (b"content-length", b"5000000"), (b"transfer-encoding", b"chunked")


async def unread(gw: Gateway, target: str, *more: tuple[bytes, bytes]) -> tuple[Answer, bool]:
    """The answer to a request of which only the head has come, and whether its body was asked for: that is when a
    server sends `100 Continue`."""
    connection, asked = Connection(b""), asyncio.Event()

    async def receive() -> Message:
        asked.set()
        return {"type": "http.disconnect"}

    wire = posted({}, *more, target=target)
    made = scope("POST", target, {})
    made["headers"] = list(wire.headers)
    await Traffic(Holder(gw.rt))(made, receive, connection.send)
    return connection.answer(), asked.is_set()


@pytest.mark.statement("A1")
@pytest.mark.parametrize("length", [LONG, CHUNKED])
@pytest.mark.parametrize("target", ["/people/things", "/mcp", "/mcp/messages"])
async def test_a_long_body_of_nobody_is_not_read(gw: Gateway, target: str, length: tuple[bytes, bytes]) -> None:
    for shown in ((), (bearing("dbk_none"),)):
        answer, read = await unread(gw, target, length, *shown)
        assert (answer.status, read) == (401, False)
        assert "resource_metadata=" in answer.headers["www-authenticate"]
    _, read = await unread(gw, target, length, bearing(await key(gw)))
    assert read or target == "/people/things", "but that of somebody"


# --- sessions ---------------------------------------------------------------------------------------------------------


async def begun(gw: Gateway, token: str) -> Client:
    client = Client(Holder(gw.rt))
    answer = await client.ask("initialize", HELLO, authorization=f"Bearer {token}")
    client.session = answer.headers["mcp-session-id"]
    return client


async def every_use(client: Client, token: str | None) -> list[Answer]:
    """A session's client posts, tells, asks for a stream, and ends it."""
    who = {"authorization": None if token is None else f"Bearer {token}"}
    accepts = {"accept": "text/event-stream"}
    return [
        await client.post(client.request("tools/list"), **who),
        await client.tell("notifications/initialized", **who),
        await client.get(**who, **accepts),
        await client.delete(**who),
    ]


@pytest.mark.statement("A20")
async def test_a_session_is_its_owners_and_not_there_for_anybody_else(gw: Gateway, corp: Issuer) -> None:
    mother = await key(gw)
    client = await begun(gw, mother)
    unknown = Client(Holder(gw.rt), session="0" * 32)
    others = [await key(gw, subject="eve"), corp.token(sub="ann"), await narrowed(gw, mother)]
    for other in others:
        theirs, nobodys = await every_use(client, other), await every_use(unknown, other)
        assert [answer.status for answer in theirs] == [404] * 4
        assert [(one.status, one.json["error"]) for one in theirs] == [
            (one.status, one.json["error"]) for one in nobodys
        ], "as if there were none"
    assert [answer.status for answer in await every_use(client, None)] == [401] * 4
    async with client.listening(authorization=f"Bearer {mother}", accept="text/event-stream") as stream:
        assert (await stream.began()).status == 200
    assert (await client.ask("ping", authorization=f"Bearer {mother}")).result == {}


@pytest.mark.statement("A20")
async def test_another_key_of_the_same_owner_goes_on_with_its_session(gw: Gateway) -> None:
    """What a rotation is for."""
    client = await begun(gw, await key(gw))
    assert (await client.ask("ping", authorization=f"Bearer {await key(gw)}")).result == {}


@pytest.mark.statement("A11", "A20")
@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_session_serves_no_longer_than_its_owners_credential(gw: Gateway, how: str) -> None:
    mine = await key(gw, lasts=0.5 if how == "expired" else None)
    client = await begun(gw, mine)
    assert (await client.ask("ping", authorization=f"Bearer {mine}")).result == {}
    since = time.monotonic()
    if how == "revoked":
        assert gw.rt.keys is not None
        await gw.rt.keys.revoke(mine.split("_")[1])
    ping = client.request("ping")
    while (answer := await client.post(ping, authorization=f"Bearer {mine}")).status == 200:
        assert time.monotonic() - since < ENDS
        await asyncio.sleep(0.05)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    for refused in await every_use(client, mine):
        assert refused.status == 401


@pytest.mark.statement("A20")
async def test_an_http_sse_session_is_its_owners_as_well(gw: Gateway) -> None:
    mine, eve = f"Bearer {await key(gw)}", bearing(await key(gw, subject="eve"))
    older = Client(Holder(gw.rt), path="/mcp/sse")
    async with older.listening(authorization=mine, accept="text/event-stream") as stream:
        target = (await stream.next()).data
        assert (await gw.raw(posted(legacy("ping"), eve, target=target))).status == 404
        assert is_challenge(await gw.raw(posted(legacy("ping"), target=target)))
        assert (await gw.raw(posted(legacy("ping"), bearing(mine[7:]), target=target))).status == 202
