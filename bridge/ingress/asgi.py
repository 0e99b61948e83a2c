"""The ASGI interface as far as the doors use it, and look-ups in a scope's headers."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import TypeAlias

from bridge.model import Headers, Json

Scope: TypeAlias = MutableMapping[str, Json]
Message: TypeAlias = MutableMapping[str, Json]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


CERTIFICATE = "dualbridge.certificate"
"""The key in a scope under which a server says which certificate, DER, a client has shown in TLS; absent for none."""


def field_lines(scope: Scope) -> Headers:
    """The request's headers, names in lower case.

    RFC 9110 section 5.5: “A field value does not include leading or trailing whitespace”; servers differ in whether
    they cut it off.
    """
    return tuple((name.lower(), value.strip(b" \t")) for name, value in scope["headers"])


def first(headers: Headers, name: bytes) -> bytes:
    """The first value of `name`, empty when there is none."""
    return next((value for key, value in headers if key == name), b"")


def members(headers: Headers, name: bytes) -> Iterator[bytes]:
    """The members of a comma-separated list header, over all its lines, in lower case."""
    for key, value in headers:
        if key == name:
            yield from filter(None, (member.strip().lower() for member in value.split(b",")))


def raw_path(scope: Scope) -> str:
    """The path as it came: `scope["path"]` is decoded, which turns `%2F` into another path."""
    raw: bytes = scope["raw_path"]
    return raw.decode("latin-1")


def peer(scope: Scope) -> str:
    """The address at the other end of the connection, without its port."""
    client = scope.get("client")
    return str(client[0]) if client else ""
