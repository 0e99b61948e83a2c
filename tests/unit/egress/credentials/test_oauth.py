"""What a token endpoint is asked, and what becomes of each of its answers."""

import base64
import logging

import pytest

from bridge.egress.credentials.oauth import Failure, Issue, client_grant, exchange_grant, issue
from bridge.model import (
    CredentialRefused,
    CredentialUnavailable,
    ExchangeRefused,
    Json,
    Refusal,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tests.kit.upstream import JSON, Played, Script, ScriptedUpstream, plays
from tests.unit.egress.credentials.kit import SERVER, client, error, form, issued

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


async def asked(script: Script, *, exchange: bool = False) -> Issue | Failure:
    grant = exchange_grant(client(), "subject") if exchange else client_grant(client())
    upstream = ScriptedUpstream([script])
    found = await issue(upstream, client(), grant)
    assert upstream.open == 0
    return found


# --- the request ------------------------------------------------------------------------------------------------------


async def test_a_client_asks_with_its_id_and_secret_encoded_for_basic() -> None:
    upstream = ScriptedUpstream([issued("t")])
    wanted = {"scopes": ("a", "b"), "audience": ("x", "y"), "resource": ("https://r",)}
    asking = client(id="a:b c", secret="p%ü", target="/token?tenant=1", **wanted)
    await issue(upstream, asking, client_grant(asking))
    (sent,) = upstream.sent
    assert (sent.wire.method, sent.target.origin, sent.wire.target) == ("POST", SERVER, "/token?tenant=1")
    proof = dict(sent.wire.headers)[b"authorization"]
    assert base64.b64decode(proof.removeprefix(b"Basic ")) == b"a%3Ab+c:p%25%C3%BC"
    assert form(sent) == [("grant_type", "client_credentials"), ("scope", "a b"), ("audience", "x"), ("audience", "y"),
                          ("resource", "https://r")]  # fmt: skip


async def test_a_client_may_prove_itself_in_the_body() -> None:
    upstream = ScriptedUpstream([issued("t")])
    await issue(upstream, client(basic=False), client_grant(client(basic=False)))
    (sent,) = upstream.sent
    assert b"authorization" not in dict(sent.wire.headers)
    assert form(sent)[1:] == [("client_id", "gw"), ("client_secret", "s3cret")]


@pytest.mark.statement("A15")
async def test_an_exchange_gives_the_callers_token_as_the_subject() -> None:
    upstream = ScriptedUpstream([issued("t")])
    asking = client(audience=("orders",), resource=("https://orders.internal",))
    await issue(upstream, asking, exchange_grant(asking, "theirs"))
    assert form(upstream.sent[0]) == [
        ("grant_type", EXCHANGE), ("subject_token", "theirs"), ("subject_token_type", ACCESS_TOKEN),
        ("requested_token_type", ACCESS_TOKEN), ("audience", "orders"), ("resource", "https://orders.internal"),
    ]  # fmt: skip


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(300, 300), ("300", 300), (None, 60), ("soon", 60), (True, 60), (-5, 0), (10**12, 86_400), ([], 60), ("nan", 60)],
)
async def test_a_token_lasts_as_long_as_its_server_says_within_reason(said: Json, seconds: float) -> None:
    assert await asked(issued("t", said)) == Issue("t", seconds)


@pytest.mark.parametrize(
    "answer",
    [
        plays(b"<html>"), plays(b"[]"), plays(b"{}"), plays(b'{"access_token": 5, "token_type": "Bearer"}'),
        issued("two words"), issued("line\nbreak"), issued("ü"), issued(""), issued("x" * 20_000),
        issued("t", token_type="DPoP"),
        issued("t", token_type=None), plays(b"{" + b" " * (70 << 10) + b"}"),
    ],
)  # fmt: skip
async def test_an_answer_without_a_token_that_a_header_can_carry_is_none(answer: Played) -> None:
    found = await asked(answer)
    assert isinstance(found, Failure)
    assert found.kind is CredentialRefused


async def test_an_exchange_takes_access_tokens_alone() -> None:
    assert isinstance(await asked(issued("t", issued_token_type=ACCESS_TOKEN), exchange=True), Issue)
    found = await asked(issued("t", issued_token_type="urn:ietf:params:oauth:token-type:saml2"), exchange=True)
    assert isinstance(found, Failure)
    assert found.kind is CredentialRefused


@pytest.mark.statement("F40", "A15")
@pytest.mark.parametrize(
    ("script", "kind", "exchange"),
    [
        (UpstreamUnreachable("away"), CredentialUnavailable, CredentialUnavailable),
        (UpstreamTimeout("late"), CredentialUnavailable, CredentialUnavailable),
        (Played(breaks=UpstreamTimeout("late"), headers=JSON), CredentialUnavailable, CredentialUnavailable),
        (error("x", 503), CredentialUnavailable, CredentialUnavailable),
        (error("slow_down", 429), CredentialUnavailable, CredentialUnavailable),
        (error("temporarily_unavailable"), CredentialUnavailable, CredentialUnavailable),
        (error("invalid_client", 401), CredentialRefused, CredentialRefused),
        (error("invalid_scope"), CredentialRefused, CredentialRefused),
        (error("never_heard_of"), CredentialRefused, CredentialRefused),
        (plays(b"", 302, ((b"location", b"https://evil.test"),)), CredentialRefused, CredentialRefused),
        (error("invalid_grant"), CredentialRefused, ExchangeRefused),
        (error("invalid_request"), CredentialRefused, ExchangeRefused),
        (error("invalid_token", 401), CredentialRefused, ExchangeRefused),
        (error("access_denied", 403), CredentialRefused, ExchangeRefused),
    ],
)  # fmt: skip
async def test_a_failure_is_whose_it_is(script: Script, kind: type[Refusal], exchange: type[Refusal]) -> None:
    for exchanged, expected in ((False, kind), (True, exchange)):
        found = await asked(script, exchange=exchanged)
        assert isinstance(found, Failure)
        assert found.kind is expected
        refusal = found.refusal(found.pause)
        assert (b"retry-after" in dict(refusal.headers)) is (expected is not ExchangeRefused)


async def test_a_server_says_when_to_come_back_and_may_not_say_never() -> None:
    for said, pause in ((b"7", 7), (b"99999", 60), (b"soon", 2)):
        found = await asked(plays(b"", 503, ((b"retry-after", said),)))
        assert isinstance(found, Failure)
        assert dict(found.refusal(found.pause).headers)[b"retry-after"] == b"%d" % pause


async def test_nothing_of_what_a_server_says_beside_the_standards_words_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (error("canary-of-the-server"), error("invalid_client"), plays(b"canary-of-the-server", 500)):
        found = await asked(answer)
        assert isinstance(found, Failure)
        assert "canary" not in f"{found!r} {found.refusal(1).message} {found.refusal(1).cause} {caplog.text}"


def test_no_representation_shows_a_secret() -> None:
    assert "s3cret" not in repr((client(), Issue("s3cret", 1)))
