"""The protocol's own client on the current revision: it answers our questions and makes its calls again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestFormParams, ElicitResult

from bridge.ingress.traffic import Traffic
from bridge.model import AskFor, Json
from bridge.pipeline.runtime import Holder
from tests.kit.gateway import serving
from tests.kit.runtime import World, endpoint, world

SCHEMA: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "place": {"enum": ["Rome", "Oslo"]}},
    "required": ["name", "place"],
}


@dataclass(slots=True)
class Answers:
    """A person with an answer for each field; `action` is what becomes of a form without fields."""

    known: dict[str, Json]
    action: str = "accept"
    asked: list[str] = field(default_factory=list)

    async def give(self, context: object, params: object) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        names = params.requested_schema["properties"]
        content = {name: self.known[name] for name in names}
        return ElicitResult(action="accept" if names else self.action, content=content)  # type: ignore[arg-type]


def shop() -> World:
    made = endpoint("book", "POST", schema=SCHEMA, confirm=True)
    assert made.tool is not None
    forms = (AskFor("who", ("name",), "Who travels?"), AskFor("where", ("place",)))
    return world([replace(made, tool=replace(made.tool, ask=forms))])


@asynccontextmanager
async def client_of(made: World, person: Answers) -> AsyncIterator[Client]:
    async with serving(Traffic(Holder(made.rt))) as url, httpx2.AsyncClient(timeout=10, trust_env=False) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, elicitation_callback=person.give) as client:
            assert client.session.protocol_version == "2026-07-28"
            yield client


async def test_two_forms_and_a_consent_later_the_call_is_made() -> None:
    made, person = shop(), Answers({"name": "Ann", "place": "Rome"})
    async with client_of(made, person) as client:
        result = await client.call_tool("book", {})
    assert not result.is_error
    assert person.asked[0] == "Who travels?"
    assert person.asked[2].startswith("Do you approve")
    body = made.upstream.wires[0].body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"name": "Ann", "place": "Rome"}


async def test_a_person_who_declines_is_heard() -> None:
    made, person = shop(), Answers({"name": "Ann", "place": "Rome"}, action="decline")
    async with client_of(made, person) as client:
        result = await client.call_tool("book", {})
    assert result.is_error
    assert "declined" in str(result.content)
    assert not made.upstream.sent
