"""`Mcp-Param-*`: arguments that a tool's schema wants repeated as headers, so that proxies can route by them.

"Any server that processes the message body MUST validate that encoded header values [...] match the corresponding
values in the request body" (2026-07-28, Streamable HTTP, Server Behavior for Custom Headers).
"""

import base64
import binascii
import re
from collections.abc import Mapping

from bridge.ingress.mcp.headers import plain
from bridge.ingress.mcp.refusals import HeaderMismatch
from bridge.model import Json
from bridge.pipeline.mirror import Mirror

_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_WHOLE = re.compile(r"(-?[0-9]{1,310})(?:\.0+)?")


def check_mirrors(wanted: tuple[Mirror, ...], arguments: Mapping[str, Json], fields: dict[bytes, bytes]) -> None:
    """Raises HeaderMismatch."""
    for mirror in wanted:
        sent = plain(fields, mirror.name)
        problem = _problem(mirror, _value(arguments, mirror.path), sent)
        if problem:
            raise HeaderMismatch(f"header {mirror.name.decode()}: {problem} the argument {'.'.join(mirror.path)!r}")


def _problem(mirror: Mirror, value: Json, sent: str | None) -> str:
    # Null counts as absent: "Server MUST NOT expect the header". A value that no header can carry has none either.
    text = _as_text(value)
    if text is None:
        return "it is there without" if sent is not None else ""
    if sent is None:
        return "it is missing, and must repeat"
    decoded = unwrap(sent)
    if decoded is None or not _agree(mirror.kind, value, text, decoded):
        return "it does not repeat"
    return ""


def _as_text(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _agree(kind: str, value: Json, text: str, sent: str) -> bool:
    # "servers SHOULD compare the header value and the body value numerically rather than as strings".
    whole = _WHOLE.fullmatch(sent) if kind == "integer" and not isinstance(value, bool) else None
    if whole is not None and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        return int(whole[1]) == int(value)
    return sent == text


def _value(arguments: Mapping[str, Json], path: tuple[str, ...]) -> Json:
    value: Json = arguments
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def unwrap(sent: str) -> str | None:
    """A header value without its `=?base64?…?=`; None when what is inside is not canonical base64 of UTF-8."""
    match = _ENCODED.fullmatch(sent)
    if match is None:
        return sent
    try:
        data = base64.b64decode(match[1], validate=True)
        return data.decode() if base64.b64encode(data).decode() == match[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None
