"""Every credential that callers can show, through every door and transport, and every byte that came out anywhere.

One upstream records what arrives and answers well, slowly, with redirects, errors and broken connections. Another one
stands where a redirect leads, and hears of nobody.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import orjson
import pytest
import trustme

from bridge.ingress.oauth import EXCHANGE
from bridge.model import Json
from tests.kit import issuer as issuers
from tests.kit.agent import BOTH, META
from tests.kit.certificates import der
from tests.kit.command import Running, gateway
from tests.kit.documents import paths
from tests.kit.issuer import Issuer
from tests.kit.origin import OK, Line, Origin, answering, playing
from tests.kit.ports import free_port

NOISE, OTHER = "noise-canary", "other-canary"
"""What agents send beside their credential, and what people do where other services look for one."""
SHOW: Json = {"x-mcp": {"expose": "resource", "uri": "notes://{id}"}}
NUMBER: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
BODY: Json = {"content": {"application/json": {"schema": {"type": "object"}}}}
EVENTS: Json = {"200": {"description": "OK", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
ODD = ("here", "there", "fails", "breaks")
DOCUMENT = paths(
    {
        "GET /things": {"operationId": "listThings"},
        "POST /things": {"operationId": "addThing", "requestBody": BODY},
        "GET /stream": {"operationId": "stream", "responses": EVENTS},
        "GET /notes/{id}": {"operationId": "readNote", "parameters": [NUMBER], **SHOW},
        **{f"GET /{name}": {"operationId": name} for name in ODD},
    }
)
PROMPTS: Json = {"explain": {"messages": [{"text": "Explain."}, {"resource": "notes://7"}]}}
TOOLS = ("list_things", "add_thing", "stream", *ODD)
MODERN, OLDER = "2026-07-28", "2025-11-25"
HELLO: Json = {"capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}


def answer(body: bytes, status: str = "200 OK", *more: str, media: str = "application/json") -> bytes:
    lines = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(body)}", *more))
    return lines.encode() + b"\r\n\r\n" + body


def upstream(elsewhere: Origin) -> Mapping[bytes, bytes]:
    events = b"data: one\n\ndata: two\n\n"
    return {
        b"/stream": answer(events, media="text/event-stream"),
        b"/here": answer(b"{}", "302 Found", "Location: /things", "Set-Cookie: a=b"),
        b"/there": answer(b"{}", "307 Temporary Redirect", f"Location: {elsewhere.url}/things"),
        b"/fails": answer(b'{"error": "no"}', "500 Internal Server Error"),
        b"/breaks": answer(b"half")[:-2],
    }


async def _serve(line: Line, answers: Mapping[bytes, bytes]) -> None:
    while True:
        path = (await line.take()).line.split(b" ")[1]
        said = answers.get(path, answer(b'{"id": 7}'))
        head, _, body = said.partition(b"\r\n\r\n")
        await line.say(head + b"\r\n\r\n" + (b"" if line.origin.requests[-1].line.startswith(b"HEAD") else body))
        if path == b"/breaks":
            line.reset()
            return


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential as it is sent, and the texts that must show nowhere."""

    headers: Mapping[str, str]
    canaries: tuple[str, ...]


@dataclass(slots=True)
class World:
    """`said` is all that was answered, heads and bodies."""

    running: Running
    issuer: Issuer
    main: Origin
    elsewhere: Origin
    http: httpx.AsyncClient
    said: list[str] = field(default_factory=list)

    async def ask(self, method: str, url: str, headers: Mapping[str, str], **more: Json) -> httpx.Response:
        got = await self.http.request(method, url, headers=dict(headers), **more)
        self.said.append(f"{got.status_code} {got.headers} {got.text}")
        return got

    @property
    def base(self) -> str:
        return self.running.mcp.removesuffix("/mcp")

    async def key(self) -> str:
        made = await self.http.post(f"{self.running.told['admin']}/admin/keys", json={"subject": "ann"})
        assert made.status_code == 201, made.text
        return str(made.json()["key"])

    async def capability(self) -> tuple[str, str]:
        """It, and what it was made from."""
        mother = await self.key()
        form = {"grant_type": EXCHANGE, "subject_token": mother}
        made = await self.http.post(f"{self.base}/oauth/token", data=form, headers={"cookie": f"a={NOISE}"})
        assert made.status_code == 200, made.text
        self.said.append(made.text.replace(made.json()["access_token"], ""))
        return str(made.json()["access_token"]), mother

    async def everything(self) -> str:
        """Every byte that came out, anywhere."""
        health, admin = self.running.told["health"], self.running.told["admin"]
        places = ["apis", "apis/shop", "catalog", "tools", "findings", "approvals", "keys", "capabilities", "reload"]
        told = [(await self.http.get(f"{admin}/admin/{place}")) for place in places]
        told += [await self.http.get(f"{health}/{place}") for place in ("metrics", "readyz")]
        assert {one.status_code for one in told} == {200}
        assert "dualbridge_" in told[-2].text
        log = self.running.log.read_text()
        assert '"principal":"' in log
        return "\n".join((*self.said, *(one.text for one in told), log, self.arrived()))

    def arrived(self) -> str:
        raw = b"".join(one.head + one.body for side in (self.main, self.elsewhere) for one in side.requests)
        return raw.decode("latin-1")

    def lines(self) -> list[str]:
        """What the upstream was asked for; and it forgets."""
        found = [one.line.decode().removesuffix(" HTTP/1.1") for one in self.main.requests]
        self.main.requests.clear()
        return found


@pytest.fixture(scope="module")
def corp() -> Iterator[Issuer]:
    with issuers.issuer("", alg="ES256") as made:
        yield made


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, corp: Issuer) -> AsyncIterator[World]:
    home, port = tmp_path_factory.mktemp("canary"), free_port()
    listening = ("--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0", "--health", "127.0.0.1:0")
    identity = {
        "api_keys": {"pepper": "p" * 32, "header": "X-Gate-Key"},
        "issuers": {"corp": {"issuer": corp.url, "allow_private": True}},
        "certificates": {"forwarded": "client-cert"}, "trusted_proxies": ["127.0.0.1/32"],
    }  # fmt: skip
    async with playing(answering(OK)) as elsewhere:
        answers = upstream(elsewhere)
        async with playing(lambda line: _serve(line, answers)) as main:
            shop: Json = {"spec": "shop.json", "upstream": {"url": main.url}}
            settings: Json = {
                "apis": {"shop": shop, "open": shop | {"credential": "passthrough", "tools": {"exclude": ["*"]}}},
                "public_url": f"http://127.0.0.1:{port}", "identity": identity, "prompts": PROMPTS,
                "mcp": {"sse": True}, "log": {"level": "debug", "format": "json"},
            }  # fmt: skip
            (home / "shop.json").write_bytes(orjson.dumps(DOCUMENT))
            (home / "bridge.yaml").write_bytes(orjson.dumps(settings))
            async with (
                gateway("--config", "bridge.yaml", *listening, home=home) as running,
                httpx.AsyncClient(timeout=10, trust_env=False, follow_redirects=False) as http,
            ):
                yield World(running, corp, main, elsewhere, http)


KINDS = ("key in its header", "key as bearer", "token", "certificate", "capability")


async def shown(world: World, kind: str) -> Shown:
    match kind:
        case "token":
            token = world.issuer.token(aud=[world.base, world.running.mcp])
            return Shown({"authorization": f"Bearer {token}"}, (token, *token.split(".")[1:]))
        case "certificate":
            text = b64encode(der(trustme.CA().issue_cert("ann@example.com"))).decode()
            return Shown({"client-cert": f":{text}:"}, (text[:64], text[-64:]))
        case "capability":
            token, mother = await world.capability()
            secrets = [one.split("_", 2)[2] for one in (token, mother)]
            return Shown({"authorization": f"bearer  {token}"}, tuple(secrets))
    key = await world.key()
    headers = {"X-Gate-Key": key} if kind == KINDS[0] else {"authorization": f"Bearer {key}"}
    return Shown(headers, (key.split("_", 2)[2],))


# --- the doors --------------------------------------------------------------------------------------------------------

ELSEWHERE = {
    "cookie": f"sid={OTHER}; theme={OTHER}", "proxy-authorization": f"Basic {OTHER}", "x-auth-token": OTHER,
    "x-forwarded-client-cert": f"Hash={OTHER}", "dpop": OTHER,
}  # fmt: skip


async def people(world: World, who: Mapping[str, str]) -> list[str]:
    """Whether they get what they came for; returns what should have reached the upstream."""
    rest, head = world.running.rest, {**ELSEWHERE, **who}

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b'[%d, "' % number + b"x" * 5000 + b'"]'

    async def asks(method: str, path: str, status: int, **more: Json) -> None:
        assert (await world.ask(method, f"{rest}{path}", head, **more)).status_code == status, path

    await asks("GET", "/things", 200)
    await asks("HEAD", "/things", 200)
    await asks("POST", "/things", 200, json={"a": 1})
    await asks("POST", "/things", 200, content=pieces())
    await asks("GET", "/unlisted?a=1", 200)
    await asks("GET", "/stream", 200)
    await asks("GET", "/here", 302)
    await asks("GET", "/there", 307)
    await asks("GET", "/fails", 500)
    with suppress(httpx.RemoteProtocolError):
        await asks("GET", "/breaks", 200)
    return [
        "GET /things", "HEAD /things", "POST /things", "POST /things", "GET /unlisted?a=1", "GET /stream",
        *(f"GET /{name}" for name in ODD),
    ]  # fmt: skip


NOISY = {
    "cookie": f"sid={NOISE}", "user-agent": NOISE, "accept-language": NOISE, "x-noise": NOISE, "x-request-id": NOISE,
    "x-auth-token": NOISE, "proxy-authorization": f"Basic {NOISE}", "x-forwarded-host": NOISE, "baggage": f"a={NOISE}",
    "x-forwarded-client-cert": f"Hash={NOISE}", "referer": f"http://127.0.0.1/{NOISE}", "from": NOISE,
}  # fmt: skip
CALLED = ["GET /things", "POST /things", "GET /stream", *(f"GET /{name}" for name in ODD)]
READ = ["GET /notes/7"] * 2
METHODS: list[tuple[str, dict[str, Json]]] = [
    ("tools/list", {}), ("resources/templates/list", {}), ("prompts/list", {}),
    *(("tools/call", {"name": name, "arguments": {"body": {"a": 1}} if name == "add_thing" else {}}) for name in TOOLS),
    ("resources/read", {"uri": "notes://7"}), ("prompts/get", {"name": "explain"}),
    ("tools/call", {"name": "none", "arguments": {}}),
]  # fmt: skip


def message(method: str, params: Json, id: int = 1) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


async def modern(world: World, who: Mapping[str, str]) -> list[str]:
    for method, params in [("server/discover", {}), *METHODS]:
        head = {"accept": BOTH, "mcp-protocol-version": MODERN, "mcp-method": method}
        if name := params.get("name", params.get("uri")):
            head["mcp-name"] = name
        got = await world.ask(
            "POST", world.running.mcp, {**NOISY, **head, **who}, json=message(method, {"_meta": META, **params})
        )
        assert got.status_code == (400 if name == "none" else 200), got.text
    return [*CALLED, *READ]


async def within(world: World, who: Mapping[str, str]) -> list[str]:
    """A session, from its beginning to its end, with its stream."""
    url, head = world.running.mcp, {"accept": BOTH, **NOISY, **who}
    begun = await world.ask("POST", url, head, json=message("initialize", {"protocolVersion": OLDER, **HELLO}))
    head |= {"mcp-session-id": begun.headers["mcp-session-id"], "mcp-protocol-version": OLDER}
    async with world.http.stream("GET", url, headers=head) as stream:
        assert stream.status_code == 200
        for method, params in [("ping", {}), ("resources/subscribe", {"uri": "notes://7"}), *METHODS]:
            assert (await world.ask("POST", url, head, json=message(method, params))).status_code == 200
    assert (await world.ask("DELETE", url, head)).status_code == 204
    return [*CALLED, *READ]


async def before(world: World, who: Mapping[str, str]) -> list[str]:
    """HTTP+SSE: everything that is answered comes on one stream."""
    head = {**NOISY, **who}
    asked = [("initialize", {"protocolVersion": "2024-11-05", **HELLO}), *METHODS]
    async with (
        asyncio.timeout(10),
        world.http.stream("GET", f"{world.running.mcp}/sse", headers={**head, "accept": "text/event-stream"}) as stream,
    ):
        lines = (line.removeprefix("data: ") async for line in stream.aiter_lines() if line.startswith("data: "))
        place = await anext(lines)
        for number, (method, params) in enumerate(asked):
            got = await world.ask("POST", f"{world.base}{place}", head, json=message(method, params, number))
            assert got.status_code == 202
            while '"id":' not in (told := await anext(lines)):
                world.said.append(told)
            world.said.append(told)
    return [*CALLED, *READ]


DOORS = {"people": people, "modern": modern, "in a session": within, "HTTP+SSE": before}


@pytest.mark.statement("A14", "A15")
@pytest.mark.parametrize("kind", KINDS)
async def test_no_byte_anywhere_has_what_a_caller_showed(world: World, kind: str) -> None:
    mine = await shown(world, kind)
    for name, tour in DOORS.items():
        world.lines()
        expected = await tour(world, mine.headers)
        everything = await world.everything()
        for canary in (*mine.canaries, NOISE):
            assert canary not in everything, name
        assert OTHER not in world.arrived(), name
        reached = world.lines()
        assert sorted({*reached}) == sorted({*expected}), name
    assert world.elsewhere.requests == [], "no redirect is followed"


@pytest.mark.statement("A14")
@pytest.mark.parametrize("kind", KINDS)
async def test_where_peoples_own_credentials_go_on_the_gateways_stays(world: World, kind: str) -> None:
    mine = await shown(world, kind)
    world.lines()
    for path in ("/things", "/unlisted", "/there", "/fails"):
        await world.ask(
            "GET", f"{world.running.told['rest']['open'].rstrip('/')}{path}", {**mine.headers, "x-auth-token": OTHER}
        )
    assert world.arrived().count(OTHER) == len(world.lines()) == 4
    everything = await world.everything()
    for canary in mine.canaries:
        assert canary not in everything


@pytest.mark.statement("A14", "A28")
@pytest.mark.parametrize("kind", ["key in its header", "key as bearer", "token", "capability"])
async def test_nor_what_is_refused(world: World, kind: str) -> None:
    """A misspelled credential is most of a good one."""
    mine = await shown(world, kind)
    ((name, value),) = mine.headers.items()
    world.lines()
    for who in ({name: f"{value[:-1]}!"}, {name: value, "authorization": f"Bearer {value}"}):
        for url in (f"{world.running.rest}/things", f"{world.base}/openapi.json", f"{world.base}/unlisted"):
            assert (await world.ask("GET", url, who)).status_code in {400, 401}
        head = {"accept": BOTH, "mcp-protocol-version": OLDER, **who}
        got = await world.ask("POST", world.running.mcp, head, json=message("tools/list", {}))
        assert got.status_code in {400, 401}
        for place in ("token", "introspect"):
            form = {"grant_type": EXCHANGE, "subject_token": who[name], "token": who[name]}
            got = await world.ask("POST", f"{world.base}/oauth/{place}", who, data=form)
            assert got.status_code in {400, 401}
    everything = await world.everything()
    for canary in mine.canaries:
        assert canary[:-1] not in everything
    assert world.lines() == []
