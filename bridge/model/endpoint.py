"""The compiled twin of an operation: the same thing with everything expensive done. Lives only in a Runtime."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bridge.model.json import Json
from bridge.model.operation import Operation
from bridge.model.result import Result
from bridge.model.route import Route
from bridge.model.tool import Tool
from bridge.model.wire import Headers, Wire

Arguments: TypeAlias = Mapping[str, Json]
Build: TypeAlias = Callable[[Arguments], Wire]
"""Arguments that passed `check` → the upstream request. Raises BadArguments for what a schema cannot say (CR/LF in a
header, a `..` path segment, bad base64)."""
Check: TypeAlias = Callable[[Arguments], None]
"""Raises BadArguments naming every argument that is wrong and what would be right."""
Decode: TypeAlias = Callable[[int, Headers, bytes, bool], Result]
"""Status, headers, whole body, whether the body was cut → what the agent gets. Never raises."""
Inspect: TypeAlias = Callable[[str, str, Headers, bytes], tuple[str, ...]]
"""Raw path below the API's prefix, raw query, headers, body of a REST request → what breaks the document."""
Read: TypeAlias = Callable[[str, str, Headers, bytes], Arguments]
"""Raw path below the API's prefix, raw query, headers, body of a REST request → the arguments that an agent would give
for it. Raises ValueError for what cannot be read in one way only."""
Address: TypeAlias = Callable[[Arguments], str | None]
"""The address under which `resources/read` gives what a call with these arguments answers; None where there is none."""


def unread(path: str, query: str, headers: Headers, body: bytes) -> Arguments:
    """The `Read` of an operation that nobody judges by its arguments."""
    raise ValueError("they are not read")


@dataclass(frozen=True, slots=True)
class Declared:
    """Header fields and cookies that the document has as parameters of an operation, and not as credentials: an agent
    may send them as arguments, and so may a person. Fields are in lower case with `-` for `_`, cookies as they are."""

    headers: frozenset[bytes] = frozenset()
    cookies: frozenset[bytes] = frozenset()


UNDECLARED = Declared()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`inspect` is None where REST requests are not validated; `needs_body` says that somebody reads the body whole."""

    operation: Operation
    tool: Tool | None
    route: Route
    build: Build
    check: Check
    decode: Decode
    inspect: Inspect | None = None
    needs_body: bool = False
    read: Read = unread
    declared: Declared = UNDECLARED
    address: Address | None = None
    """None where the operation does not merely read, or needs what no address can hold."""
