"""Secrets by which the gateway signs, seals and proves itself, and where it sends what it signs. None is quoted."""

import re
from base64 import b64decode
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

from bridge.config.names import split_or_nothing
from bridge.config.problems import Unfit
from bridge.config.values import Secret, Text, parse_text
from bridge.model import Json

LEAST_KEY = 32
_PREFIX = "whsec_"
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")


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


def admin_token(value: Json) -> Secret:
    """RFC 6750 section 2.1: b64token, which a header can carry."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if len(text) < LEAST_KEY or not _BEARER.fullmatch(text):
        raise Unfit("is no token", "write at least 32 letters, digits, hyphens or underscores", quotable=False)
    return Secret(text)


def client_secret(value: Json) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if not text or not text.isprintable():
        raise Unfit("is no secret", "write it in one line, without control characters", quotable=False)
    return Secret(text)


def presented_key(value: Json) -> Secret:
    """Whether it fits where it goes is known once that is: a query parameter carries more than a header."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if not text or not text.isprintable() or text != text.strip():
        raise Unfit("is no key", "write it in one line, without a space at either end", quotable=False)
    return Secret(text)


def presented_token(value: Json) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if not _VISIBLE.fullmatch(text):
        raise Unfit(
            "is no token", "write visible ASCII without spaces, and without the word Bearer", quotable=False
        )  # fmt: skip
    return Secret(text)


def user_id(value: Json) -> Secret:
    """RFC 7617 section 2: "a user-id containing a colon character is invalid"."""
    secret = password(value)
    if ":" in secret.reveal():
        raise Unfit("holds a colon, which ends a user's name in basic authentication", "leave it out", quotable=False)
    return secret


def password(value: Json) -> Secret:
    """RFC 7617 section 2: "The user-id and password MUST NOT contain any control characters"."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if _CONTROL.search(text):
        raise Unfit("holds a control character", "write it in one line", quotable=False)
    return Secret(text)


_SECRET = (PlainSerializer(repr), WithJsonSchema({"type": "string"}))
ClientSecret: TypeAlias = Annotated[Secret, PlainValidator(client_secret), *_SECRET]
PresentedKey: TypeAlias = Annotated[Secret, PlainValidator(presented_key), *_SECRET]
PresentedToken: TypeAlias = Annotated[Secret, PlainValidator(presented_token), *_SECRET]
UserId: TypeAlias = Annotated[Secret, PlainValidator(user_id), *_SECRET]
Password: TypeAlias = Annotated[Secret, PlainValidator(password), *_SECRET]
AdminToken: TypeAlias = Annotated[Secret, PlainValidator(admin_token), *_SECRET]
SealKey: TypeAlias = Annotated[Secret, PlainValidator(seal_key), *_SECRET]
WebhookSecret: TypeAlias = Annotated[Secret, PlainValidator(webhook_secret), *_SECRET]
WebhookUrl: TypeAlias = Annotated[Text, AfterValidator(webhook_url)]
