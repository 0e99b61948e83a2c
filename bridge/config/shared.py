"""The URL of what replicas share: `memory://` for nothing, or a Redis with its credentials."""

import re
from typing import Annotated, TypeAlias
from urllib.parse import SplitResult

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

from bridge.config.addresses import parse_host
from bridge.config.names import split_or_nothing
from bridge.config.problems import Unfit
from bridge.config.values import Secret, Text, parse_text
from bridge.model import Json

MEMORY = "memory://"
_SCHEMES = frozenset({"redis", "rediss"})
_DATABASE = re.compile(r"/?|/[0-9]{1,5}")
_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def state_url(value: Json) -> Secret:
    """No message quotes it: it may hold a password."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if text == MEMORY:
        return Secret(text)
    parts = split_or_nothing(text)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise Unfit(
            "is no place for shared state",
            "write memory://, redis://HOST:PORT/DATABASE, or rediss://USER:PASSWORD@HOST:PORT for TLS",
            quotable=False,
        )
    _check_place(parts)
    if not _DATABASE.fullmatch(parts.path) or "?" in text or "#" in text:
        raise Unfit(
            "has more than the number of a database behind the host",
            "end it as in /0; within a password write #, ? and / percent-encoded",
            quotable=False,
        )
    return Secret(text)


def _check_place(parts: SplitResult) -> None:
    try:
        host, port = parts.hostname or "", parts.port
        parse_host(f"[{host}]" if ":" in host else host)
    except ValueError as error:
        raise Unfit(
            "has no valid host and port", "write host:port, as in redis.internal:6379", quotable=False
        ) from error
    if port == 0:
        raise Unfit("has no valid port", "write a port from 1 to 65535", quotable=False)


def without_password(url: Secret) -> str:
    parts = split_or_nothing(url.reveal())
    name, at, place = parts.netloc.rpartition("@")
    user, colon, _ = name.partition(":")
    return parts._replace(netloc=f"{user}{':***' if colon else ''}{at}{place}").geturl() if at else url.reveal()


def state_prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise Unfit("is not a prefix of keys", "write up to 64 letters, digits, dots, colons, hyphens or underscores")
    return value


StateUrl: TypeAlias = Annotated[
    Secret,
    PlainValidator(state_url),
    PlainSerializer(without_password, return_type=str),
    WithJsonSchema({"type": "string"}),
]
StatePrefix: TypeAlias = Annotated[Text, AfterValidator(state_prefix)]
