"""`dualbridge stdio` where callers say who they are: the client's environment says it, for all of its messages."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from bridge.compile.policy import key_ring
from bridge.compile.runtime import state
from bridge.config import load
from bridge.model import Json, PrincipalKind
from bridge.pipeline.identity.keys import KeyRing
from bridge.pipeline.identity.records import KeyOwner
from tests.kit import issuer as issuers
from tests.kit.agent import META
from tests.kit.command import COMMAND, environment, run_apart
from tests.kit.documents import paths
from tests.kit.issuer import Issuer
from tests.kit.origin import OK, Origin, answering, playing

PUBLIC = "https://gw.test"
CREDENTIAL = "DUALBRIDGE_CREDENTIAL"
DOCUMENT = paths({"GET /things": {"operationId": "listThings"}, "DELETE /things": {"operationId": "clearThings"}})
GRANTS: Json = {
    "staff": {"who": {"groups": ["staff"]}, "may": ["effect:reads"]},
    "some": {"who": {"kinds": ["anonymous"]}, "may": ["effect:reads"]},
}
ENDS = 2.3
"""Seconds within which a revoked key is refused, with some for a slow machine."""


@dataclass(frozen=True, slots=True)
class Place:
    home: Path
    upstream: Origin
    issuer: Issuer

    def configure(self, **identity: Json) -> None:
        known = {"issuer": self.issuer.url, "allow_private": True}
        settings: Json = {
            "public_url": PUBLIC, "grants": GRANTS, "log": {"level": "debug"},
            "apis": {"things": {"spec": "things.json", "upstream": {"url": self.upstream.url}}},
            "identity": {"api_keys": {"pepper": "p" * 32}, "issuers": {"corp": known}, **identity},
        }  # fmt: skip
        (self.home / "things.json").write_bytes(orjson.dumps(DOCUMENT))
        (self.home / "bridge.yaml").write_bytes(orjson.dumps(settings))

    def keys(self) -> KeyRing:
        wanted = load(self.home / "bridge.yaml", os.environ)
        ring = key_ring(wanted, state(wanted).shared.durable)
        assert ring is not None
        return ring

    async def key(self) -> str:
        owner = KeyOwner("ann", PrincipalKind.AGENT, groups=frozenset({"staff"}))
        return (await self.keys().create(owner))[1].reveal()

    def token(self, **changes: Json) -> str:
        return self.issuer.token(claims={"groups": ["staff"], **changes})

    def arrived(self) -> bytes:
        return b"".join(one.head + one.body for one in self.upstream.requests)


@pytest.fixture(scope="module")
def corp() -> Iterator[Issuer]:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        yield made


@pytest.fixture
async def place(tmp_path: Path, corp: Issuer) -> AsyncIterator[Place]:
    async with playing(answering(OK)) as upstream:
        made = Place(tmp_path, upstream, corp)
        made.configure()
        yield made


@dataclass(frozen=True, slots=True)
class Client:
    process: asyncio.subprocess.Process

    async def ask(self, method: str, **params: Json) -> Json:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **params}}
        stdin.write(orjson.dumps(message) + b"\n")
        async with asyncio.timeout(15):
            return orjson.loads(await stdout.readline())

    async def tools(self) -> list[str]:
        return [tool["name"] for tool in (await self.ask("tools/list"))["result"]["tools"]]

    async def ended(self) -> tuple[int, bytes, str]:
        """Its exit code, and what was still said."""
        async with asyncio.timeout(15):
            out, err = await self.process.communicate(b"")
        assert self.process.returncode is not None
        return self.process.returncode, out, err.decode()


@asynccontextmanager
async def stdio(place: Place, environ: Mapping[str, str]) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "stdio", "-c", "bridge.yaml", cwd=place.home, env=environment(place.home) | dict(environ),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.statement("A14")
@pytest.mark.parametrize("kind", ["key", "token"])
async def test_a_credential_opens_what_it_grants_and_is_seen_nowhere(place: Place, kind: str) -> None:
    given = await place.key() if kind == "key" else place.token()
    async with stdio(place, {CREDENTIAL: given}) as client:
        assert await client.tools() == ["list_things"]
        assert (await client.ask("tools/call", name="list_things", arguments={}))["result"].get("isError") is not True
        hidden, unknown = [
            await client.ask("tools/call", name=name, arguments={}) for name in ("clear_things", "clean_things")
        ]
        assert orjson.dumps(hidden).replace(b"clear_things", b"clean_things") == orjson.dumps(unknown)
        code, out, log = await client.ended()
    assert (code, out) == (0, b"")
    assert [one.line for one in place.upstream.requests] == [b"GET /things HTTP/1.1"]
    assert place.upstream.requests[0].values(b"authorization") == []
    assert "not_granted" in log
    for part in (given, given.split("_" if kind == "key" else ".")[-1]):
        assert part not in log
        assert part.encode() not in place.arrived()


async def test_without_a_credential_it_does_not_start_and_says_what_to_set(place: Place) -> None:
    ran = await asyncio.to_thread(run_apart, "stdio", "-c", "bridge.yaml", cwd=place.home, env={CREDENTIAL: ""})
    assert (ran.code, ran.out) == (3, "")
    assert f"{CREDENTIAL} is not set" in ran.err
    assert "dualbridge keys create" in ran.err
    assert "Traceback" not in ran.err


async def bad(place: Place, kind: str) -> str:
    if kind == "expired":
        return place.token(exp=1)
    key = await place.key()
    await place.keys().revoke(key.split("_")[1])
    return key


@pytest.mark.statement("A5", "A28")
@pytest.mark.parametrize("kind", ["revoked", "expired"])
async def test_with_a_bad_one_it_does_not_start_either_and_does_not_repeat_it(place: Place, kind: str) -> None:
    given = await bad(place, kind)
    ran = await asyncio.to_thread(run_apart, "stdio", "-c", "bridge.yaml", cwd=place.home, env={CREDENTIAL: given})
    assert (ran.code, ran.out) == (3, "")
    assert f"{CREDENTIAL} is not valid here" in ran.err
    assert "set it to an API key" in ran.err
    assert given not in ran.err
    assert "Traceback" not in ran.err


async def test_where_anonymous_callers_are_let_in_a_bad_one_is_still_no_way_in(place: Place) -> None:
    """Who shows one has said who they want to be."""
    place.configure(anonymous=True, issuers={})
    given = "no credential \N{SNOWMAN} at all"
    ran = await asyncio.to_thread(run_apart, "stdio", "-c", "bridge.yaml", cwd=place.home, env={CREDENTIAL: given})
    assert (ran.code, ran.out) == (3, "")
    assert f"{CREDENTIAL} is not valid here" in ran.err


@pytest.mark.statement("A11")
async def test_what_is_revoked_meanwhile_is_refused(place: Place) -> None:
    given = await place.key()
    async with stdio(place, {CREDENTIAL: given}) as client:
        assert await client.tools() == ["list_things"]
        await place.keys().revoke(given.split("_")[1])
        async with asyncio.timeout(ENDS):
            while "error" not in (answer := await client.ask("tools/list")):  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0.05)
        called = await client.ask("tools/call", name="list_things", arguments={})
        assert called["error"]["message"] == answer["error"]["message"] == "this credential is not valid here"
    assert place.upstream.requests == []


@pytest.mark.statement("A14")
async def test_call_is_its_operators_and_shows_nobody_a_credential(place: Place) -> None:
    given = "dbk_canary"
    ran = await asyncio.to_thread(
        run_apart, "call", "clear_things", "-c", "bridge.yaml", cwd=place.home, env={CREDENTIAL: given}
    )
    assert (ran.code, ran.out) == (0, "ok\n")
    assert [one.line for one in place.upstream.requests] == [b"DELETE /things HTTP/1.1"]
    assert b"canary" not in place.arrived()
    assert "canary" not in ran.err
