"""What the gateway signs and seals with: long enough, of the right form, and never shown."""

from base64 import b64encode

import pytest

from bridge.compile.policy import approvals
from bridge.config.problems import Unfit
from bridge.config.schema import Settings
from bridge.config.secrets import seal_key, webhook_secret, webhook_url
from bridge.egress.webhook import Destination
from bridge.model import Effect, Json
from bridge.pipeline.policy import Approvals

KEY = "whsec_" + b64encode(b"k" * 24).decode()
HOOK: Json = {"url": "https://hooks.example.com:8443/in?a=1", "secret": KEY}


def settings(**given: Json) -> Settings:
    return Settings.model_validate({"apis": {}, "approvals": given})


def test_what_is_configured_is_what_the_path_sees() -> None:
    given = settings(effects=["destroys"], people="true", ttl="5m", pending="3", key="s" * 32, webhook=HOOK)
    assert approvals(given) == Approvals(
        effects=frozenset({Effect.DESTROYS}),
        people=True,
        ttl=300,
        pending=3,
        secret=b"s" * 32,
        webhook=Destination("https://hooks.example.com:8443", "/in?a=1", b"k" * 24),
    )
    assert approvals(settings()) == Approvals()


def test_no_secret_is_shown() -> None:
    given = settings(key="s" * 32, webhook=HOOK)
    shown = given.model_dump_json() + repr(given) + repr(approvals(given).webhook)
    assert "s" * 32 not in shown
    assert KEY not in shown
    assert "kkkk" not in shown


@pytest.mark.parametrize("key", ["", "s" * 31, 5, None])
def test_a_key_is_long_enough(key: Json) -> None:
    with pytest.raises(Unfit) as told:
        seal_key(key)
    assert "sss" not in str(told.value)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        KEY[6:],
        "whsec_",
        "whsec_!!!!",
        "whsec_" + b64encode(b"k" * 23).decode(),
        "whsec_" + b64encode(b"k" * 65).decode(),
    ],
)
def test_a_webhooks_secret_has_the_standards_form(secret: str) -> None:
    with pytest.raises(Unfit):
        webhook_secret(secret)


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "https:///in",
        "https://u:p@hooks.example.com/",
        "https://hooks.example.com/#a",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:x/",
        "https://hooks.example.com/ä",
        "https://hooks.example.com/a b",
    ],
)
def test_a_webhooks_address_is_whole(url: str) -> None:
    with pytest.raises(Unfit):
        webhook_url(url)
