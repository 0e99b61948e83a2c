"""Six kinds of callers, every operation of the samples, either door: the same verdict and the same record.

What they may differs by rule, by scope, by condition and by capability; what becomes of it may not differ by door.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from bridge.ingress.oauth import EXCHANGE
from bridge.model import Endpoint, Json, PrincipalKind, Wire
from bridge.pipeline.identity.records import KeyOwner
from tests.kit import issuer as issuers
from tests.kit.doors import Arrangement, Gateway, differences, gateway, given
from tests.kit.issuer import Issuer
from tests.path.test_doors_agree import SAMPLES, comparable, name_of, named

PUBLIC = "https://gw.test"
RULES: Json = {
    "everybody": {"who": "anyone", "may": ["GET /products*", "GET /parcels*"]},
    "staff": {"who": {"groups": ["staff"]}, "may": ["effect:reads", "effect:writes"]},
    "small": {
        "who": {"kinds": ["agent"]},
        "may": ["effect:reads", "effect:writes", "effect:destroys"],
        "when": 'operation.effect == "reads" || size(args) < 2',
    },
    "sparing": {"who": {"subjects": ["bob"]}, "may": ["effect:reads"], "budgets": {"calls": 1_000_000}},
    "never": {"who": {"when": 'principal.method != "api_keys"'}, "deny": ["effect:destroys"]},
    "odd": {"who": {"methods": ["corp"]}, "deny": ["effect:writes"], "when": "size(args) == 3"},
}


@dataclass(frozen=True, slots=True)
class Door:
    gw: Gateway
    corp: Issuer

    async def key(self, subject: str, *groups: str) -> str:
        assert self.gw.rt.keys is not None
        owner = KeyOwner(subject, PrincipalKind.PERSON, groups=frozenset(groups))
        return (await self.gw.rt.keys.create(owner))[1].reveal()

    async def narrowed(self, token: str, **details: Json) -> str:
        told = orjson.dumps([{"type": "operations", **details}]).decode()
        form = {"grant_type": EXCHANGE, "subject_token": token, "authorization_details": told}
        body = "&".join(f"{name}={_quoted(value)}" for name, value in form.items()).encode()
        lines = ((b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded"))
        answer = await self.gw.raw(Wire("POST", "/oauth/token", lines, body))
        return str(answer.json["access_token"])


def _quoted(text: str) -> str:
    return "".join(char if char.isalnum() else f"%{ord(char):02X}" for char in text)


async def nobody(door: Door) -> str:
    return ""


async def staff(door: Door) -> str:
    return await door.key("ann", "staff")


async def sparing(door: Door) -> str:
    return await door.key("bob")


async def person(door: Door) -> str:
    return door.corp.token(sub="carl", groups=["staff"], scope="orders:read")


async def agent(door: Door) -> str:
    return door.corp.token(sub="dora", act={"sub": "robot"}, scope="orders:read orders:write admin")


async def narrowed(door: Door) -> str:
    return await door.narrowed(await door.key("eve", "staff"), operations=["effect:reads"], when="size(args) != 1")


CALLERS: tuple[Callable[[Door], object], ...] = (nobody, staff, sparing, person, agent, narrowed)


@contextmanager
def opened(document: Path) -> Iterator[Door]:
    with issuers.issuer(PUBLIC) as corp:
        identity = {
            "anonymous": True,
            "api_keys": {"pepper": "p" * 32},
            "issuers": {"corp": {"issuer": corp.url, "allow_private": True}},
        }
        root: dict[str, Json] = {"public_url": PUBLIC, "identity": identity, "grants": RULES}
        yield Door(gateway(document, Arrangement({"validate": "enforce"}, root=root)), corp)


@pytest.mark.statement("A9", "A10")
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize("document", SAMPLES, ids=named)
async def test_a_caller_is_the_same_to_either_door(document: Path, caller: Callable[[Door], object]) -> None:
    with opened(document) as door:
        token = await caller(door)  # type: ignore[misc] # each of them is a coroutine function
        shown = ((b"authorization", f"Bearer {token}".encode()),) if token else ()
        told = [
            said for one in comparable(door.gw) for turn in range(3)
            async for said in disagreements(door.gw, one, turn, shown)
        ]  # fmt: skip
        assert not told, "\n".join(told)
        records = [record for record in door.gw.records if record.operation]
        verdicts = {record.verdict for record in records}
        assert "allowed" in verdicts
        assert len(verdicts) > 1, "a caller that may everything proves nothing"
        assert all(record.policy for record in records if record.verdict in {"allowed", "not_granted", "not_permitted"})


async def disagreements(
    gw: Gateway, one: Endpoint, turn: int, shown: tuple[tuple[bytes, bytes], ...]
) -> AsyncIterator[str]:
    arguments = given(one, turn)
    agent = await gw.agent(name_of(one), arguments, *shown)
    if agent.record.verdict == "bad_arguments":
        return  # what no schema can say is refused while the request is built
    person = await gw.person(agent.sent.wire if agent.sent is not None else one.build(arguments), *shown)
    for said in differences(agent, person):
        yield f"{one.operation.key} {orjson.dumps(arguments).decode()[:300]}: {said}"


async def test_the_callers_are_told_apart() -> None:
    """Each of the six meets a verdict that some other one does not."""
    seen: dict[str, tuple[str, ...]] = {}
    for caller in CALLERS:
        with opened(SAMPLES[0]) as door:
            token = await caller(door)  # type: ignore[misc] # as above
            shown = ((b"authorization", f"Bearer {token}".encode()),) if token else ()
            became = [await door.gw.agent(name_of(one), given(one), *shown) for one in comparable(door.gw)]
            seen[caller.__name__] = tuple(one.record.verdict for one in became)
    assert len(set(seen.values())) == len(CALLERS)
