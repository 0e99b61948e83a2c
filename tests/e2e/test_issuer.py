"""The issuer of the kit does what tests rely on: its honest tokens hold, and each bad one is bad as it says."""

import ssl
import time

import httpx
import pytest
import trustme
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from tests.kit.bad_tokens import REFUSED
from tests.kit.issuer import FAILS, HANGS, HTML, HUGE, INTROSPECT, JWKS, NO_KEYS, OAUTH, OIDC, TOKEN, issuer, says

GATEWAY = "https://gw.test/mcp"


def fetched(url: str, timeout: float = 5.0) -> httpx.Response:
    return httpx.get(url, timeout=timeout, trust_env=False)


def posted(url: str, **form: str) -> httpx.Response:
    return httpx.post(url, data=form, timeout=5, trust_env=False)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "Ed25519"])
def test_its_tokens_hold_against_the_keys_that_it_publishes(alg: str) -> None:
    with issuer(GATEWAY, alg=alg) as one:
        published = fetched(fetched(one.url + OIDC).json()["jwks_uri"]).json()
        token = jwt.decode(one.token(scope="read write"), KeySet.import_key_set(published), algorithms=[alg])
        assert "d" not in published["keys"][0]
        assert (token.header["typ"], token.claims["iss"], token.claims["aud"]) == ("at+jwt", one.url, GATEWAY)
        assert token.claims["scope"] == "read write"


def test_an_issuer_with_a_path_is_found_by_either_rule() -> None:
    with issuer(GATEWAY, path="/acme") as one:
        root = one.url.removesuffix("/acme")
        places = [f"{root}{OAUTH}/acme", f"{root}{OIDC}/acme", f"{root}/acme{OIDC}"]
        assert {fetched(place).json()["issuer"] for place in places} == {one.url}
        assert fetched(f"{root}{OAUTH}").status_code == 404


def test_a_rotated_key_signs_and_a_dropped_one_is_not_published() -> None:
    with issuer(GATEWAY) as one:
        old = one.keys[0]
        new = one.rotate()
        assert jwt.decode(one.token(), KeySet.import_key_set(fetched(one.url + JWKS).json())).header["kid"] == new.kid
        one.drop(old.kid)
        assert [key["kid"] for key in fetched(one.url + JWKS).json()["keys"]] == [new.kid]
        assert one.counts == {JWKS: 2}


def test_it_says_what_it_is_told_to() -> None:
    with issuer(GATEWAY) as one:
        for answer in (HTML, FAILS, HUGE, NO_KEYS, one.twice(JWKS), says({"keys": []}, delay=0.01, pause=0.001)):
            one.answers[JWKS] = answer
            got = fetched(one.url + JWKS)
            assert (got.status_code, got.content) == (answer.status, answer.body)
        one.answers[JWKS] = HANGS
        with pytest.raises(httpx.ReadTimeout):
            fetched(one.url + JWKS, timeout=0.2)
        del one.answers[JWKS]
        assert fetched(one.url + JWKS).json()["keys"][0]["kid"] == one.keys[0].kid


def test_it_can_be_gone_and_come_back_at_the_same_address() -> None:
    with issuer(GATEWAY) as one, httpx.Client(trust_env=False) as client:
        assert client.get(one.url + JWKS).status_code == 200
        one.stop()
        with pytest.raises(httpx.TransportError):
            client.get(one.url + JWKS)
        with pytest.raises(httpx.ConnectError):
            client.get(one.url + JWKS)
        assert one.counts == {JWKS: 1}, "what reached it when it was gone"
        one.start()
        assert client.get(one.url + JWKS).status_code == 200


def test_it_knows_opaque_tokens_until_they_are_revoked() -> None:
    with issuer(GATEWAY) as one:
        token = one.opaque(sub="ben")
        assert posted(one.url + INTROSPECT, token=token).json()["sub"] == "ben"
        one.active.clear()
        assert posted(one.url + INTROSPECT, token=token).json() == {"active": False}


def test_its_token_endpoint_issues_for_whom_and_what_was_asked() -> None:
    with issuer(GATEWAY) as one:
        form = {"grant_type": "client_credentials", "client_id": "gw", "resource": "https://up.test", "scope": "read"}
        got = posted(one.url + TOKEN, **form).json()
        claims = jwt.decode(got["access_token"], KeySet.import_key_set(fetched(one.url + JWKS).json())).claims
        assert (claims["sub"], claims["aud"], claims["scope"]) == ("gw", "https://up.test", "read")
        assert one.requests[0].form == form


def test_it_serves_over_tls() -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with issuer(GATEWAY, tls=context, host="localhost") as one:
        got = httpx.get(one.url + OIDC, verify=trusting, trust_env=False)
        assert got.json()["jwks_uri"].startswith("https://localhost:")


def test_no_two_bad_tokens_are_alike_and_none_is_a_good_one() -> None:
    with issuer(GATEWAY) as one:
        made = {name: mint(one) for name, mint in REFUSED.items()}
        assert len(set(made.values())) == len(made)
        assert len(made["more than eight kilobytes"]) > 8192


@pytest.mark.parametrize("name", ["signed by a stranger", "an altered payload"])
def test_a_forged_token_does_not_hold(name: str) -> None:
    with issuer(GATEWAY) as one:
        keys = KeySet.import_key_set({"keys": [key.public for key in one.keys]})
        with pytest.raises(BadSignatureError):
            jwt.decode(REFUSED[name](one), keys, algorithms=["RS256"])


@pytest.mark.parametrize("name", ["another audience", "an ID token", "a member twice in the payload", "no expiry"])
def test_a_token_that_is_bad_by_what_it_says_is_signed_all_the_same(name: str) -> None:
    """Else it would be refused for its signature, and the test of what it says would hold nothing."""
    with issuer(GATEWAY) as one:
        keys = KeySet.import_key_set({"keys": [key.public for key in one.keys]})
        token = jwt.decode(REFUSED[name](one), keys, algorithms=["RS256"])
        assert (token.claims["sub"], token.claims["iss"]) == ("ann", one.url)


def test_a_slow_answer_takes_its_time() -> None:
    with issuer(GATEWAY) as one:
        one.answers[JWKS] = says({"keys": []}, delay=0.1, pause=0.02)
        start = time.monotonic()
        assert fetched(one.url + JWKS).json() == {"keys": []}
        assert time.monotonic() - start > 0.2
