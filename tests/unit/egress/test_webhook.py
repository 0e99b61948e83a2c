"""Announcements: signed as Standard Webhooks has it, tried again where that may help, and nobody waits for them."""

import asyncio
import hmac
import logging
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bridge.egress.webhook import Destination, Message, Webhooks, signed
from bridge.model import UpstreamUnreachable
from tests.kit.origin import OK, Line, playing
from tests.kit.upstream import Played, Script, ScriptedUpstream, plays

KEY = b"k" * 24
THERE = Destination("https://hooks.test:8443", "/in?token=1", KEY)
NEWS = Message("msg_1", b'{"a":1}')


@asynccontextmanager
async def running(webhooks: Webhooks) -> AsyncIterator[None]:
    task = asyncio.create_task(webhooks.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def scripted(*scripts: Script) -> ScriptedUpstream:
    return ScriptedUpstream(list(scripts))


async def settled(caplog: pytest.LogCaptureFixture, word: str) -> None:
    while word not in caplog.text:  # noqa: ASYNC110 (a log has no event to wait for)
        await asyncio.sleep(0.005)


def test_a_signature_is_that_of_the_standards_own_example() -> None:
    """Standard Webhooks 1.0, "Example signatures": the values of its reference implementations' tests."""
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    fields = dict(signed(key, message, 1614265330))
    assert fields[b"webhook-signature"] == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert fields[b"webhook-id"] == b"msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert fields[b"webhook-timestamp"] == b"1614265330"


async def test_an_announcement_goes_out_once_and_signed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    upstream = scripted(plays(b""))
    webhooks = Webhooks(upstream=upstream)
    async with running(webhooks):
        webhooks.post(THERE, NEWS)
        await settled(caplog, "is delivered")
    (sent,) = upstream.sent
    assert (sent.target.origin, sent.wire.method, sent.wire.target, sent.wire.body) == (
        "https://hooks.test:8443",
        "POST",
        "/in?token=1",
        NEWS.body,
    )
    assert sent.target.guarded
    fields = dict(sent.wire.headers)
    assert abs(int(fields[b"webhook-timestamp"]) - time.time()) < 60
    content = b"msg_1." + fields[b"webhook-timestamp"] + b"." + NEWS.body
    assert fields[b"webhook-signature"] == b"v1," + b64encode(hmac.digest(KEY, content, "sha256"))
    assert upstream.open == 0


@pytest.mark.parametrize(
    "trouble", [plays(b"", 500), plays(b"", 429), plays(b"", 503), UpstreamUnreachable("could not be reached")]
)
async def test_what_may_pass_is_tried_again(trouble: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    upstream = scripted(trouble, trouble, plays(b"", 204))
    webhooks = Webhooks((0.001, 0.001, 0.001), upstream=upstream)
    async with running(webhooks):
        webhooks.post(THERE, NEWS)
        await settled(caplog, "is delivered")
    assert len(upstream.sent) == 3
    assert {dict(wire.headers)[b"webhook-id"] for wire in upstream.wires} == {b"msg_1"}


@pytest.mark.parametrize(("answer", "attempts"), [(plays(b"", 404), 1), (plays(b"", 302), 1), (plays(b"", 500), 3)])
async def test_what_will_not_pass_is_given_up_with_a_word(
    answer: Played, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    upstream = scripted(answer)
    webhooks = Webhooks((0.001, 0.001), upstream=upstream)
    async with running(webhooks):
        webhooks.post(THERE, NEWS)
        await settled(caplog, f"msg_1 is given up: https://hooks.test:8443: it was answered with {answer.status}")
    assert len(upstream.sent) == attempts
    assert "token" not in caplog.text


async def test_a_receiver_that_hangs_does_not_keep_others_waiting(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    upstream = scripted(Played(hold=asyncio.Event()), plays(b""))
    webhooks = Webhooks(upstream=upstream)
    async with running(webhooks):
        webhooks.post(THERE, NEWS)
        webhooks.post(THERE, replace(NEWS, id="msg_2"))
        await settled(caplog, "msg_2 is delivered")


async def test_what_does_not_fit_into_the_queue_is_dropped_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    webhooks = Webhooks(most=2, upstream=scripted())
    for number in range(3):
        webhooks.post(THERE, replace(NEWS, id=f"msg_{number}"))
    assert "msg_2 is dropped" in caplog.text


async def test_a_private_address_is_reached_only_where_the_operator_allows_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def script(line: Line) -> None:
        await line.take()
        await line.say(OK)

    async with playing(script) as origin:
        webhooks = Webhooks((0.001,))
        async with running(webhooks):
            webhooks.post(Destination(origin.url, "/in", KEY), NEWS)
            await settled(caplog, "msg_1 is given up")
            assert not origin.requests
            webhooks.post(Destination(origin.url, "/in", KEY, allow_private=True), replace(NEWS, id="msg_2"))
            await settled(caplog, "msg_2 is delivered")
    (arrived,) = origin.requests
    assert (arrived.line, arrived.body) == (b"POST /in HTTP/1.1", NEWS.body)
    content = b"msg_2." + arrived.values(b"webhook-timestamp")[0] + b"." + arrived.body
    assert arrived.values(b"webhook-signature") == [b"v1," + b64encode(hmac.digest(KEY, content, "sha256"))]


async def test_the_first_failure_tells_address_and_mend(caplog: pytest.LogCaptureFixture) -> None:
    async def nobody(line: Line) -> None:
        await line.say(OK)

    async with playing(nobody) as origin:
        webhooks = Webhooks(pauses=(60.0,))
        async with running(webhooks):
            webhooks.post(Destination(origin.url, "/in?token=1", KEY), NEWS)
            async with asyncio.timeout(5):
                await settled(caplog, "is tried again")
    assert f"{origin.url}: 127.0.0.1 is a loopback address" in caplog.text
    assert "allow_private: true" in caplog.text
    assert "token" not in caplog.text
