"""Calls that need a credential, and an authorization server that issues numbered tokens."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import orjson

from bridge.egress.credentials.oauth import Client
from bridge.model import Call, Door, Grant, Json, Principal, PrincipalKind, Wire
from tests.kit.upstream import Played, Script, ScriptedUpstream, Sent, plays

SERVER = "https://id.test"
WIRE = Wire("GET", "/things", ((b"accept", b"*/*"),))


def client(**changed: Json) -> Client:
    given: dict[str, Json] = {
        "key": "k",
        "api": "orders",
        "origin": SERVER,
        "target": "/token",
        "id": "gw",
        "secret": "s3cret",
    }
    return Client(**(given | changed))


def call(
    subject: str = "",
    who: str = "ann",
    *,
    seconds: float = 5.0,
    tenant: str = "",
    issuer: str = "",
    client: str = "",
) -> Call:
    made = Call("c", Door.REST, "GET", "/things", 0.0, 0.0, asyncio.get_running_loop().time() + seconds)
    made.principal = Principal(who, PrincipalKind.PERSON, Grant(), who, tenant, issuer, client)
    made.subject = subject
    return made


def issued(token: str, seconds: Json = 300, **more: Json) -> Played:
    return plays(orjson.dumps({"access_token": token, "token_type": "Bearer", "expires_in": seconds, **more}))


def error(code: str, status: int = 400) -> Played:
    return plays(orjson.dumps({"error": code, "error_description": "canary-of-the-server"}), status)


def form(sent: Sent) -> list[tuple[str, str]]:
    assert isinstance(sent.wire.body, bytes)
    return parse_qsl(sent.wire.body.decode(), strict_parsing=True)


@dataclass(slots=True)
class Server:
    """Plays its scripts, then numbers tokens for ever."""

    upstream: ScriptedUpstream = field(default_factory=ScriptedUpstream)
    given: int = 0

    def __post_init__(self) -> None:
        self.play()

    def play(self, *scripts: Script) -> None:
        self.upstream.scripts[:] = [*scripts, self._number]

    @property
    def asked(self) -> int:
        return len(self.upstream.sent)

    def _number(self, sent: Sent) -> Played:
        self.given += 1
        return issued(f"token-{self.given}")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sent_token(wire: Wire) -> str:
    (value,) = [value for name, value in wire.headers if name == b"authorization"]
    return value.decode().removeprefix("Bearer ")
