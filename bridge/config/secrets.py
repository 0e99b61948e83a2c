"""Secrets that the gateway signs and seals with, and where it sends what it signs. No message quotes one."""

from base64 import b64decode
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

from bridge.config.names import split_or_nothing
from bridge.config.problems import Unfit
from bridge.config.values import Secret, Text, parse_text
from bridge.model import Json

LEAST_KEY = 32
_PREFIX = "whsec_"


def seal_key(value: Json) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if len(text.encode()) < LEAST_KEY:
        raise Unfit("is too short for a key", "write at least 32 random characters", quotable=False)
    return Secret(text)


def webhook_secret(value: Json) -> Secret:
    """Standard Webhooks 1.0: "between 24 bytes (192 bits) and 64 bytes (512 bits)", base64, "prefixed with whsec_"."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    key = webhook_key(Secret(text)) if text.startswith(_PREFIX) else b""
    if not 24 <= len(key) <= 64:
        raise Unfit("is no secret of a webhook", "write whsec_ and the base64 of 24 to 64 bytes", quotable=False)
    return Secret(text)


def webhook_key(secret: Secret) -> bytes:
    """Its bytes; none where it is no base64."""
    try:
        return b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)
    except ValueError:
        return b""


def webhook_url(value: str) -> str:
    parts = split_or_nothing(value)
    try:
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.fragment or not value.isascii() or not value.isprintable():
        raise Unfit(
            "is no http or https URL to post to", "write it whole, as in https://hooks.example.com/approvals",
            quotable=False,
        )  # fmt: skip
    if " " in value:
        raise Unfit("holds a space", "percent-encode it", quotable=False)
    return value


_SECRET = (PlainSerializer(repr), WithJsonSchema({"type": "string"}))
SealKey: TypeAlias = Annotated[Secret, PlainValidator(seal_key), *_SECRET]
WebhookSecret: TypeAlias = Annotated[Secret, PlainValidator(webhook_secret), *_SECRET]
WebhookUrl: TypeAlias = Annotated[Text, AfterValidator(webhook_url)]
