"""Callers who narrow their own authority at a gateway of `tests.kit.doors`: keys, capabilities, and what they open."""

from collections.abc import Mapping
from urllib.parse import urlencode

import orjson

from bridge.ingress.oauth import ACCESS_TOKEN, EXCHANGE
from bridge.model import Json, PrincipalKind, Wire
from bridge.pipeline.identity.records import KeyOwner
from tests.kit.agent import Answer
from tests.kit.doors import Gateway


async def key(gw: Gateway, *groups: str, subject: str = "ann", lasts: float | None = None) -> str:
    assert gw.rt.keys is not None
    owner = KeyOwner(subject, PrincipalKind.PERSON, groups=frozenset(groups))
    return (await gw.rt.keys.create(owner, lasts))[1].reveal()


async def post(gw: Gateway, name: str, form: Mapping[str, str], *more: tuple[bytes, bytes]) -> Answer:
    body = urlencode(form).encode()
    lines = ((b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded"))
    length = (b"content-length", str(len(body)).encode())
    return await gw.raw(Wire("POST", f"/oauth/{name}", (*lines, length, *more), body))


async def narrowed(gw: Gateway, token: str, *, expires: int | None = None, **details: Json) -> str:
    answer = await exchange(gw, token, expires=expires, **details)
    assert answer.status == 200, answer.body
    return str(answer.json["access_token"])


async def exchange(gw: Gateway, token: str, *, expires: int | None = None, **details: Json) -> Answer:
    form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}
    form |= {"authorization_details": orjson.dumps([{"type": "operations", **details}]).decode()} if details else {}
    form |= {"expires_in": str(expires)} if expires is not None else {}
    return await post(gw, "token", form)


def bearing(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


async def verdicts(gw: Gateway, token: str, tool: str = "list_things", **arguments: Json) -> list[str]:
    """At both doors."""
    agent = await gw.agent(tool, arguments, bearing(token))
    person = await gw.person(gw.tools[tool].build(arguments), bearing(token))
    return [agent.record.verdict, person.record.verdict]
