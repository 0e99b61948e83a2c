"""Tokens are asked for once for all who wait, and serve as long as they last."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bridge.egress.credentials.issued import OfCaller, OfClient
from bridge.egress.credentials.tokens import Tokens
from bridge.model import (
    Call,
    CredentialRefused,
    CredentialUnavailable,
    ExchangeRefused,
    Json,
    NoSubject,
    UpstreamUnreachable,
    Wire,
)
from tests.kit.upstream import Played
from tests.unit.egress.credentials.kit import WIRE, Clock, Server, call, client, error, issued, sent_token

DOWN = UpstreamUnreachable("away")


@dataclass(slots=True)
class World:
    server: Server = field(default_factory=Server)
    clock: Clock = field(default_factory=Clock)
    tokens: Tokens = field(init=False)
    machine: OfClient = field(init=False)
    person: OfCaller = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.clock)
        self.machine = OfClient(client(), self.tokens, self.server.upstream)
        self.person = OfCaller(client(), self.tokens, self.server.upstream)

    async def token(self, made: Call | None = None) -> str:
        return sent_token(await self.machine.attach(WIRE, made or call()))

    async def exchanged(self, made: Call) -> str:
        return sent_token(await self.person.attach(WIRE, made))


def held(event: asyncio.Event, played: Played) -> Played:
    return Played(played.status, played.headers, played.pieces, hold=event)


@pytest.fixture
def w() -> World:
    return World()


# --- the gateway's own ------------------------------------------------------------------------------------------------


@pytest.mark.statement("A15")
async def test_a_token_serves_until_it_expires(w: World) -> None:
    assert [await w.token(), await w.token()] == ["token-1", "token-1"]
    w.clock.now += 300
    assert await w.token() == "token-2"
    assert w.server.asked == 2


@pytest.mark.statement("F40")
async def test_two_hundred_who_wait_make_one_request(w: World) -> None:
    gate = asyncio.Event()
    w.server.play(held(gate, issued("one")))
    waiting = [asyncio.create_task(w.token()) for _ in range(200)]
    await w.server.upstream.reached()
    gate.set()
    assert set(await asyncio.gather(*waiting)) == {"one"}
    assert w.server.asked == 1


@pytest.mark.statement("F40")
async def test_the_first_who_waits_may_leave_without_failing_the_others(w: World) -> None:
    gate = asyncio.Event()
    w.server.play(held(gate, issued("one")))
    first = asyncio.create_task(w.token())
    await w.server.upstream.reached()
    others = [asyncio.create_task(w.token()) for _ in range(3)]
    first.cancel()
    await asyncio.wait([first])
    gate.set()
    assert await asyncio.gather(*others) == ["one"] * 3
    assert (first.cancelled(), w.server.asked) == (True, 1)


async def test_a_wait_ends_with_its_calls_deadline_and_the_request_goes_on(w: World) -> None:
    gate = asyncio.Event()
    w.server.play(held(gate, issued("one")))
    with pytest.raises(CredentialUnavailable) as caught:
        await w.token(call(seconds=0.01))
    assert dict(caught.value.headers)[b"retry-after"] == b"1"
    gate.set()
    assert await w.token() == "one"
    assert w.server.asked == 1


@pytest.mark.statement("F40")
async def test_the_next_one_is_fetched_beside_the_calls_before_the_end(w: World) -> None:
    await w.token()
    w.clock.now += 269
    await w.token()
    await asyncio.sleep(0)
    assert w.server.asked == 1
    w.clock.now += 2
    assert await w.token() == "token-1", "nobody waits for it"
    await w.server.upstream.reached(2)
    await asyncio.sleep(0.01)
    assert (await w.token(), w.server.asked) == ("token-2", 2)


@pytest.mark.statement("F40")
async def test_while_the_server_is_down_a_token_serves_to_its_end_and_then_calls_are_refused(w: World) -> None:
    w.server.play(issued("one", 100), DOWN)
    assert await w.token() == "one"
    w.server.upstream.scripts[:] = [DOWN]
    for _ in range(9):
        w.clock.now += 11
        assert await w.token() == "one"
        await asyncio.sleep(0.001)
    w.clock.now += 2
    with pytest.raises(CredentialUnavailable) as caught:
        await w.token()
    assert 1 <= int(dict(caught.value.headers)[b"retry-after"]) <= 2
    assert (caught.value.http, caught.value.retryable) == (503, True)


async def test_a_failure_stands_for_a_moment_so_that_calls_do_not_all_ask(w: World) -> None:
    w.server.play(DOWN)
    for _ in range(5):
        with pytest.raises(CredentialUnavailable):
            await w.token()
    assert w.server.asked == 1
    w.clock.now += 2.1
    assert await w.token() == "token-1"


async def test_a_server_that_knows_no_such_client_is_not_asked_at_once_again(w: World) -> None:
    w.server.play(error("invalid_client", 401))
    for _ in range(2):
        with pytest.raises(CredentialRefused) as caught:
            await w.token()
        assert (caught.value.http, caught.value.headers) == (502, ((b"retry-after", b"10"),))
    assert w.server.asked == 1


async def test_a_rejected_token_is_replaced_once_and_not_with_every_call(w: World) -> None:
    wire = await w.machine.attach(WIRE, call())
    w.machine.rejected(wire, call())
    assert await w.token() == "token-2"
    w.machine.rejected(wire, call())
    assert await w.token() == "token-2", "it was the one before that was rejected"
    w.machine.rejected(await w.machine.attach(WIRE, call()), call())
    assert await w.token() == "token-2", "an upstream that takes none would have each call ask"
    w.clock.now += 31
    w.machine.rejected(await w.machine.attach(WIRE, call()), call())
    assert await w.token() == "token-3"


async def test_a_token_that_lasts_no_time_serves_those_who_waited_for_it(w: World) -> None:
    w.server.play(issued("brief", 0))
    assert await w.token() == "brief"
    assert await w.token() == "token-1"


async def test_clients_do_not_share_tokens(w: World) -> None:
    other = OfClient(client(scopes=("more",)), w.tokens, w.server.upstream)
    assert await w.token() == "token-1"
    assert sent_token(await other.attach(WIRE, call())) == "token-2"


async def test_what_is_kept_is_bounded(w: World) -> None:
    w.tokens = Tokens(w.clock, most=2)
    w.person = OfCaller(client(), w.tokens, w.server.upstream)
    for who in ("a", "b", "c"):
        await w.exchanged(call("t", who))
    assert [await w.exchanged(call("t", who)) for who in ("c", "b")] == ["token-3", "token-2"]
    assert await w.exchanged(call("t", "a")) == "token-4"


async def test_closing_ends_what_is_under_way(w: World) -> None:
    w.server.play(held(asyncio.Event(), issued("never")))
    waiting = asyncio.create_task(w.token())
    await w.server.upstream.reached()
    await w.tokens.aclose()
    await asyncio.wait([waiting])
    assert (waiting.cancelled(), w.server.upstream.cancelled) == (True, 1)


async def test_a_fault_of_ours_fails_who_waits_and_not_the_next(w: World) -> None:
    w.server.play(RuntimeError("a fault"))
    with pytest.raises(RuntimeError):
        await w.token()
    assert await w.token() == "token-1"


# --- on behalf of callers ---------------------------------------------------------------------------------------------


@pytest.mark.statement("A15")
async def test_an_exchanged_token_is_kept_for_its_caller(w: World) -> None:
    assert [await w.exchanged(call("t-ann")), await w.exchanged(call("t-ann"))] == ["token-1", "token-1"]
    assert w.server.asked == 1


@pytest.mark.statement("A15")
@pytest.mark.parametrize(
    "other",
    [{"subject": "t-bob"}, {"who": "bob"}, {"tenant": "b"}, {"issuer": "https://b"}, {"client": "b"}],
)
async def test_nothing_that_tells_callers_apart_is_left_out_of_account(w: World, other: Json) -> None:
    given: Json = {"subject": "t-ann", "who": "ann"}
    assert await w.exchanged(call(**given)) == "token-1"
    assert await w.exchanged(call(**(given | other))) == "token-2"
    assert await w.exchanged(call(**given)) == "token-1"


@pytest.mark.statement("A15")
async def test_at_one_moment_each_caller_has_an_exchange_of_its_own(w: World) -> None:
    got = await asyncio.gather(*(w.exchanged(call(f"t-{who}", who)) for who in "abcabc"))
    assert got[:3] == got[3:]
    assert len(set(got)) == 3


@pytest.mark.statement("A15")
async def test_a_caller_without_an_access_token_is_refused_and_nobody_is_asked(w: World) -> None:
    await w.token()
    with pytest.raises(NoSubject) as caught:
        await w.exchanged(call(""))
    assert caught.value.http == 403
    assert w.server.asked == 1


@pytest.mark.statement("A15")
async def test_one_callers_refusal_is_no_others_and_falls_back_to_nothing(w: World) -> None:
    await w.token()
    w.server.play(error("invalid_grant"))
    with pytest.raises(ExchangeRefused) as caught:
        await w.exchanged(call("t-ann"))
    assert (caught.value.http, caught.value.headers) == (403, ())
    assert await w.exchanged(call("t-bob", "bob")) == "token-2"


async def test_an_exchanged_token_that_is_rejected_is_that_callers_alone(w: World) -> None:
    ann, bob = call("t-ann"), call("t-bob", "bob")
    wire: Wire = await w.person.attach(WIRE, ann)
    await w.exchanged(bob)
    w.person.rejected(wire, ann)
    assert [await w.exchanged(ann), await w.exchanged(bob)] == ["token-3", "token-2"]


def test_no_representation_shows_a_token(w: World) -> None:
    assert "s3cret" not in repr((w.machine, w.person))
