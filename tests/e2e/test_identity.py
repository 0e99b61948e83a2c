"""People and agents with tokens of a real identity provider, through a gateway that runs as a process of its own."""

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from bridge.model import Json
from tests.kit.client import MODES, Connected, connected
from tests.kit.command import Running, gateway
from tests.kit.consenting import Consenting, Memory
from tests.kit.documents import paths
from tests.kit.idp import EXCHANGE, Client, IdentityProvider, Resource, Setup, identity_provider
from tests.kit.needs import needs_idp
from tests.kit.origin import OK, Origin, answering, playing
from tests.kit.ports import free_port

pytestmark = needs_idp

READ, WRITE = "things:read", "things:write"
BRIDGE, ROBOT = Client("bridge", "bridge-secret-0123456789"), Client("robot", "robot-secret-0123456789")
UPSTREAM = "https://things.example"
"""What the API behind the gateway is called at the provider."""
CLIENTS: tuple[Json, ...] = (
    {"client_id": BRIDGE.id, "client_secret": BRIDGE.secret, "grant_types": ["client_credentials", EXCHANGE]},
    {"client_id": ROBOT.id, "client_secret": ROBOT.secret},
)
LOGIN: Json = {"type": "oauth2", "flows": {}}
DOCUMENT = paths(
    {
        "GET /things": {"operationId": "listThings", "security": [{"login": [READ]}]},
        "POST /things": {"operationId": "addThing", "security": [{"login": [READ, WRITE]}]},
        "DELETE /things": {"operationId": "clearThings", "security": [{"login": [WRITE]}]},
    },
    components={"securitySchemes": {"login": LOGIN}},
)


@pytest.fixture(scope="module")
async def idp() -> AsyncIterator[IdentityProvider]:
    claims = {"ann": {"groups": ["staff"]}, "bob": {"groups": ["staff"]}, "robot": {"groups": ["staff"]}}
    upstream = {UPSTREAM: Resource(("upstream",))}
    async with identity_provider(Setup(upstream, CLIENTS, claims)) as started:
        yield started


@dataclass(slots=True)
class Place:
    """`shown` is every token that somebody presented to the gateway: none of them may come out of it."""

    running: Running
    idp: IdentityProvider
    upstream: Origin
    http: httpx2.AsyncClient
    shown: set[str] = field(default_factory=set)

    @property
    def base(self) -> str:
        return f"http://{urlsplit(self.running.mcp).netloc}"

    async def person(self, name: str, scope: str) -> dict[str, str]:
        """Logs in, with a code and PKCE; the header of what she then asks for."""
        return self.bearer(str((await self.idp.code_flow(name, scope, self.base))["access_token"]))

    def bearer(self, token: str) -> dict[str, str]:
        self.shown.add(token)
        return {"authorization": f"Bearer {token}"}

    def remember(self, kept: Memory) -> None:
        self.shown |= {one.access_token for one in kept.tokens}

    def presented(self) -> list[bytes]:
        return [value for arrived in self.upstream.requests for value in arrived.values(b"authorization")]


def configured(home: Path, upstream: Origin, idp: IdentityProvider, port: int) -> Path:
    exchange = {"id": BRIDGE.id, "secret": BRIDGE.secret, "token_url": f"{idp.url}/token", "resource": [UPSTREAM]}
    api = {"spec": "things.json", "upstream": {"url": upstream.url}, "credentials": {"login": {"exchange": exchange}}}
    settings: Json = {
        "apis": {"things": api},
        "public_url": f"http://127.0.0.1:{port}",
        "identity": {"issuers": {"idp": {"issuer": idp.url, "allow_private": True}}, "scopes": [READ]},
        "grants": {"staff": {"who": {"groups": ["staff"]}, "may": ["*"], "deny": ["clearThings"]}},
    }
    (home / "things.json").write_bytes(orjson.dumps(DOCUMENT))
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps(settings))
    return file


@pytest.fixture
async def place(tmp_path: Path, idp: IdentityProvider) -> AsyncIterator[Place]:
    """Leaving it looks for every token in every byte that came out at the back, and in the log."""
    async with standing(tmp_path, idp) as made:
        yield made
        metrics = (await made.http.get(f"{made.running.told['health']}/metrics")).text
    leaks = b"".join(one.head + one.body for one in made.upstream.requests).decode("latin-1")
    for token in made.shown:
        assert token not in leaks + made.running.log.read_text() + metrics
        assert token.rpartition(".")[2] not in leaks + made.running.log.read_text() + metrics


@asynccontextmanager
async def standing(home: Path, idp: IdentityProvider) -> AsyncIterator[Place]:
    port = free_port()
    listening = ("--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0", "--health", "127.0.0.1:0")
    async with playing(answering(OK)) as upstream, httpx2.AsyncClient(trust_env=False) as http:
        file = configured(home, upstream, idp, port)
        async with gateway("--config", str(file), *listening, home=home) as running:
            made = Place(running, idp, upstream, http)
            for resource in (made.base, running.mcp):
                await idp.offer(resource, Resource((READ, WRITE), alg="ES256"))
            yield made


def needs_more(refused: httpx2.Response) -> bool:
    challenge = refused.headers["www-authenticate"]
    return 'error="insufficient_scope"' in challenge and f'scope="{READ} {WRITE}"' in challenge


async def tools(agent: Connected) -> list[str]:
    return sorted(tool.name for tool in (await agent.client.list_tools(cache_mode="refresh")).tools)


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("A1", "A14", "A15")
async def test_a_person_logs_in_and_calls_rest(place: Place) -> None:
    url = f"{place.running.rest}/things"
    refused = await place.http.get(url)
    assert refused.status_code == 401
    assert place.upstream.requests == []
    metadata = await place.http.get(refused.headers["www-authenticate"].partition('resource_metadata="')[2][:-1])
    assert metadata.json()["authorization_servers"] == [place.idp.url]
    assert metadata.json()["resource"] == place.base
    ann, bob = await place.person("ann", READ), await place.person("bob", READ)
    for who in (ann, bob, ann):
        assert (await place.http.get(url, headers=who)).status_code == 200
    first, second, third = place.presented()
    assert first == third != second, "the upstream gets what was exchanged for each of them"
    assert not {value.decode() for value in place.presented()} & {ann["authorization"], bob["authorization"]}


@pytest.mark.statement("A9", "A10")
async def test_a_person_without_the_scope_is_told_so_and_without_the_grant_nothing(place: Place) -> None:
    url = f"{place.running.rest}/things"
    ann, cem = await place.person("ann", READ), await place.person("cem", READ)
    refused = await place.http.post(url, headers=ann)
    assert refused.status_code == 403
    assert needs_more(refused)
    hidden, unknown = await place.http.get(url, headers=cem), await place.http.get(f"{url}/none", headers=cem)
    assert (hidden.status_code, hidden.json()["detail"]) == (404, unknown.json()["detail"])
    assert place.upstream.requests == []


@pytest.mark.statement("A8")
async def test_a_token_for_another_resource_opens_nothing(place: Place) -> None:
    elsewhere = place.bearer(await place.idp.client_credentials(BRIDGE, None, UPSTREAM))
    refused = await place.http.get(f"{place.running.rest}/things", headers=elsewhere)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("A1", "A2", "A9", "A10", "A14")
@pytest.mark.parametrize("mode", MODES)
async def test_a_client_finds_its_way_in_and_up_by_itself(place: Place, mode: str) -> None:
    auth = Consenting(place.idp, "ann", place.running.mcp)
    async with connected(place.running.mcp, mode, auth) as agent:
        assert await tools(agent) == ["list_things"]
        assert not (await agent.call("list_things")).failed
        (visit,) = auth.visits
        assert (visit["resource"], visit["scope"].split()[0]) == (place.running.mcp, READ)
        assert WRITE not in visit["scope"], "only what the call takes"
        assert not (await agent.call("add_thing")).failed
        assert {READ, WRITE} <= set(auth.visits[1]["scope"].split())
        assert await tools(agent) == ["add_thing", "list_things"], "what no rule grants is never there"
        assert not (await agent.call("list_things")).failed
    place.remember(auth.kept)
    assert len(auth.visits) == len(auth.kept.tokens) == 2
    assert len(set(place.presented())) == 2, "one exchanged token for each of hers"


@pytest.mark.statement("A10")
async def test_an_agent_gets_by_hand_what_the_client_gets_by_itself(place: Place) -> None:
    async def asks(method: str, who: dict[str, str], **params: Json) -> httpx2.Response:
        meta: Json = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
        meta |= {"io.modelcontextprotocol/clientInfo": {"name": "kit", "version": "1"},
                 "io.modelcontextprotocol/clientCapabilities": {}}  # fmt: skip
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}
        named: dict[str, str] = {"mcp-name": str(params["name"])} if "name" in params else {}
        head = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28"}
        return await place.http.post(
            place.running.mcp, json=message, headers=head | {"mcp-method": method} | named | who
        )

    refused = await asks("tools/list", {})
    assert refused.status_code == 401
    metadata = await place.http.get(refused.headers["www-authenticate"].partition('resource_metadata="')[2][:-1])
    assert metadata.json()["resource"] == place.running.mcp
    token = await place.idp.client_credentials(ROBOT, READ, metadata.json()["resource"])
    robot = place.bearer(token)
    listed = (await asks("tools/list", robot)).json()["result"]
    assert ([tool["name"] for tool in listed["tools"]], listed["cacheScope"]) == (["list_things"], "private")
    step = await asks("tools/call", robot, name="add_thing", arguments={})
    assert step.status_code == 403
    assert needs_more(step)
    more = place.bearer(await place.idp.client_credentials(ROBOT, f"{READ} {WRITE}", metadata.json()["resource"]))
    assert (await asks("tools/call", more, name="add_thing", arguments={})).json()["result"].get("isError") is not True
    hidden, unknown = [
        await asks("tools/call", more, name=name, arguments={}) for name in ("clear_things", "no_things")
    ]
    assert hidden.content.replace(b"clear_things", b"no_things") == unknown.content
    assert hidden.status_code == unknown.status_code


@pytest.mark.statement("A14")
async def test_a_person_hands_an_agent_a_capability_and_takes_it_back(place: Place) -> None:
    ann = await place.person("ann", f"{READ} {WRITE}")
    asked = {
        "grant_type": EXCHANGE, "subject_token": ann["authorization"].removeprefix("Bearer "),
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", "expires_in": "60",
        "authorization_details": '[{"type": "operations", "operations": ["listThings"]}]',
    }  # fmt: skip
    made = await place.http.post(f"{place.base}/oauth/token", data=asked)
    assert made.status_code == 200, made.text
    task = place.bearer(made.json()["access_token"])
    async with connected(place.running.mcp, "auto", Bearing(task)) as agent:
        assert await tools(agent) == ["list_things"]
        assert not (await agent.call("list_things")).failed
    url = f"{place.running.rest}/things"
    assert (await place.http.get(url, headers=task)).status_code == 200
    assert (await place.http.post(url, headers=task)).status_code == 404
    revoked = await place.http.post(
        f"{place.base}/oauth/revoke", data={"token": made.json()["access_token"]}, headers=ann
    )
    assert revoked.status_code == 200
    assert (await place.http.get(url, headers=task)).status_code == 401
    assert (await place.http.get(url, headers=ann)).status_code == 200


@dataclass(frozen=True, slots=True)
class Bearing(httpx2.Auth):
    """A client that was given a token and asks for no other."""

    headers: dict[str, str]

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
        request.headers.update(self.headers)
        yield request
