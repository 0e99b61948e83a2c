"""The same exchanges with the protocol's own Python server and with ours: equal answers, or a difference that is told.

`differing.py` lists them, with the sentence that decides each. What is not in it must be equal, what is in it must
differ as it says.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bridge.ingress.traffic import Traffic
from bridge.pipeline.runtime import Holder, Legacy
from tests.conformance.asked import ASKED
from tests.conformance.differing import DIFFERENCES
from tests.conformance.exchanges import CLIENT, LANES, Asked, Lane, Seen, belonging, encoded, exchange
from tests.kit.sdk_server import NAME, VERSION, App, sdk
from tests.kit.weather import weather


@asynccontextmanager
async def ours(lane: Lane) -> AsyncIterator[App]:
    made = weather(Legacy.SESSIONLESS if lane.manner == "sessionless" else Legacy.SESSIONS)
    yield Traffic(Holder(replace(made.rt, mcp=replace(made.rt.mcp, name=NAME, version=VERSION))))


async def begun(app: App, lane: Lane) -> str | None:
    """The id of a new session, which its client has taken note of."""
    if lane.manner != "sessions":
        return None
    hello = Asked("initialize", {"protocolVersion": lane.revision, **CLIENT})
    seen = await asked_of(app, lane, hello, None)
    assert seen.session is not None, seen
    await asked_of(app, lane, Asked("notifications/initialized", note=True), seen.session)
    return seen.session


async def asked_of(app: App, lane: Lane, asked: Asked, session: str | None) -> Seen:
    return await exchange(app, asked.verb, belonging(lane, asked, session), encoded(lane, asked))


async def one(app: App, lane: Lane, asked: Asked) -> Seen:
    return await asked_of(app, lane, asked, await begun(app, lane))


async def differences(lane: Lane) -> dict[str, tuple[str, str]]:
    """What ours and theirs answered, of all that is asked in a lane and not answered alike."""
    found = {}
    async with ours(lane) as own, sdk(sessions=lane.manner == "sessions") as theirs:
        for name, asked in ASKED.items():
            if lane.manner not in asked.manners:
                continue
            differing = (await one(own, lane, asked)).differs(await one(theirs, lane, asked))
            if differing is not None:
                found[name] = differing
    return found


@pytest.mark.parametrize("lane", LANES, ids=str)
async def test_both_servers_answer_alike_but_for_what_is_listed(lane: Lane) -> None:
    told = [(name, one) for one in DIFFERENCES for name in one.asked if one.holds(lane)]
    listed = {name: (one.ours, one.sdk) for name, one in told}
    assert len(listed) == len(told), "a difference is listed twice"
    assert await differences(lane) == listed
