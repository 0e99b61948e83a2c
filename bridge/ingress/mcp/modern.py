"""The ladder that a modern (2026-07-28) message must climb: what it says of itself, then what its headers repeat.

The order is the one in which the protocol's own SDKs judge, so that a client learns the same from every server:
`_meta` is there, headers and body agree, the version is one of ours.
"""

from bridge.ingress.mcp.envelope import Message
from bridge.ingress.mcp.eras import MODERN, VERSION_KEY, unsupported
from bridge.ingress.mcp.headers import VERSION, plain
from bridge.ingress.mcp.mirror import unwrap
from bridge.ingress.mcp.refusals import HeaderMismatch, InvalidParams
from bridge.model import Json
from bridge.pipeline.runtime import McpDoor

CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
# "Mcp-Name | params.name or params.uri | tools/call, resources/read, prompts/get requests".
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def climb(door: McpDoor, message: Message, fields: dict[bytes, bytes] | None) -> None:
    """`fields` is None where there are no headers. Raises InvalidParams, HeaderMismatch, UnsupportedVersion."""
    version = _version(message)
    if fields is not None:
        version = _repeated(message, fields, version)
    if version is not None and version != MODERN.name:
        raise unsupported(door, version)


def _repeated(message: Message, fields: dict[bytes, bytes], version: str | None) -> str:
    if message.id is not None or version is not None:
        _check_repeated(fields, VERSION, version)
    if message.id is not None or b"mcp-method" in fields:
        _check_repeated(fields, b"mcp-method", message.method)
    if message.id is not None and message.method in NAMED:
        _check_name(message.params.get(NAMED[message.method]), fields)
    return plain(fields, VERSION) or "" if version is None else version


def _version(message: Message) -> str | None:
    """A notification may come without `_meta`: only requests must name version and capabilities."""
    meta: Json = message.params.get("_meta")
    if message.id is None:
        meta = meta if isinstance(meta, dict) else {}
        return meta[VERSION_KEY] if isinstance(meta.get(VERSION_KEY), str) else None
    if not isinstance(meta, dict):
        raise InvalidParams(f"params._meta must be an object with {VERSION_KEY} and {CAPABILITIES_KEY}")
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in meta]
    if missing:
        raise InvalidParams(f"params._meta lacks {' and '.join(missing)}")
    version = meta[VERSION_KEY]
    if not isinstance(version, str) or not isinstance(meta[CAPABILITIES_KEY], dict):
        raise InvalidParams(f"params._meta: {VERSION_KEY} must be a string and {CAPABILITIES_KEY} an object")
    return version


def _check_repeated(fields: dict[bytes, bytes], header: bytes, said: str | None) -> None:
    sent = plain(fields, header)
    if sent is None:
        raise HeaderMismatch(f"the header {header.decode()} is missing")
    if sent != said:
        raise HeaderMismatch(f"the header {header.decode()} does not repeat what the body says")


def _check_name(said: Json, fields: dict[bytes, bytes]) -> None:
    # A body without a name is refused for that, by the method itself.
    if said is None:
        return
    sent = plain(fields, b"mcp-name")
    if sent is None:
        raise HeaderMismatch("the header mcp-name is missing")
    if unwrap(sent) != said:
        raise HeaderMismatch("the header mcp-name does not repeat what the body says")
