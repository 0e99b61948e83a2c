"""Header fields that a configuration may set or remove; their values are secrets."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from bridge.config.problems import Unfit
from bridge.config.values import Secret, Text, parse_text
from bridge.model import Json

# RFC 9110 section 5.6.2: token = 1*tchar
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9110 section 5.5: field values are limited to visible US-ASCII with space and tab between them.
_FIELD_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t \x21-\x7e]*[\x21-\x7e])?)?")
# RFC 9110 section 7.6.1 and the fields that the gateway itself writes for each request: what carries a message along
# one connection is not the configuration's to set.
_CONNECTION_FIELDS = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "host", "expect"),
    )
)


def header_name(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise Unfit("is not a header name", "write letters, digits and hyphens, as in X-Api-Version")
    if value.lower() in _CONNECTION_FIELDS:
        raise Unfit("is written by the gateway itself for each connection", "remove it")
    return value.lower()


def header_value(value: Json) -> Secret:
    """The message must not quote the value: it may be a credential."""
    text = value.reveal() if isinstance(value, Secret) else parse_text(value)
    if not _FIELD_VALUE.fullmatch(text):
        raise Unfit(
            "is not a header value",
            "use visible ASCII characters, without a line break and without a space at either end",
            quotable=False,
        )
    return Secret(text)


def distinct_names(headers: Mapping[str, Json]) -> Mapping[str, Json]:
    """Header names are compared without regard to case (RFC 9110 section 5.1)."""
    names = Counter(str(name).lower() for name in headers) if isinstance(headers, Mapping) else Counter()
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise Unfit(f"has the header {twice} twice, in different case", "keep one of them")
    return headers


HeaderName: TypeAlias = Annotated[Text, AfterValidator(header_name)]
HeaderValue: TypeAlias = Annotated[
    Secret, PlainValidator(header_value), PlainSerializer(repr), WithJsonSchema({"type": "string"})
]
HeaderMap: TypeAlias = Annotated[Mapping[HeaderName, HeaderValue], BeforeValidator(distinct_names)]
