"""One call on its way through the gateway, and what comes out of it.

A `Call` is written by its door until `pipeline.run` takes it, and by the pipeline's stages from then on; nobody else
writes to it. Everything else here is frozen.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bridge.model.asking import Agent, Questions
from bridge.model.endpoint import Endpoint
from bridge.model.errors import Refusal
from bridge.model.json import Json
from bridge.model.principal import Decision, OperationRef, Principal
from bridge.model.result import Result
from bridge.model.route import Route, Target
from bridge.model.session import Session
from bridge.model.wire import Headers

Chunks: TypeAlias = AsyncIterator[bytes]


class Door(StrEnum):
    REST = "rest"
    MCP = "mcp"


@dataclass(slots=True)
class Call:
    """What a door understood of one request.

    `method` and `path` are the HTTP request's own at the REST door (path raw, percent-encoded, without the query);
    at the agent door they are the operation's. `arguments` belong to agents, `body` to people: bytes once something
    has read it whole, chunks while it streams, None when there is none. `deadline` is on the event loop's clock.
    """

    id: str
    door: Door
    method: str
    path: str
    received: float
    """Unix time in seconds."""
    started: float
    """`time.perf_counter()` when the door took it."""
    deadline: float
    endpoint: Endpoint | None = None
    route: Route | None = None
    below: str = ""
    """What remains of `path` below the route's prefix, raw. REST door only."""
    query: str = ""
    """Raw, without the question mark."""
    headers: Headers = ()
    """As the client sent them, names in lower case. The agent door never forwards them."""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    body: bytes | Chunks | None = None
    peer: str = ""
    """The caller's address; until `admit` has looked, that at the other end of the connection."""
    via: tuple[str, ...] = ()
    """The trusted proxies that the call came through after `peer`; the last one is at the other end of the connection.
    Written by the stage `admit`, as are `peer` and `scheme` where there are any."""
    scheme: str = "http"
    """How the client reached the gateway, or the first of these proxies: http or https."""
    certificate: bytes | None = field(default=None, repr=False)
    """The client's certificate, DER, as TLS on this connection has checked it."""
    toolset: str = ""
    """Where an agent called; agent door only."""
    agent: Agent | None = None
    """What an agent's client brought beside the arguments; agent door only."""
    session: Session | None = None
    """A legacy agent's, where it keeps one."""
    tool: str = ""
    """The tool's name as the agent wrote it, for the record of a call to one that does not exist."""
    unasked: bool = False
    """The gateway makes it beside what its caller asked for (a look for news, suggestions, what a prompt embeds):
    nobody is asked to approve it, and it uses up no approval."""
    known: bool = True
    """The door found what was asked for; `resolve` says *not found* otherwise, after authentication."""
    others: tuple[tuple[str, OperationRef], ...] = ()
    """The operations on the path, with their methods, where it is known but the method is not."""
    principal: Principal | None = None
    subject: str = field(default="", repr=False)
    """The issuer's access token that established the principal, for exchange; empty where it was something else.
    Written by the stage `authenticate`, as is `withheld`."""
    withheld: frozenset[bytes] = frozenset()
    """Names of the header fields that were taken as the caller's credential for the gateway: none of them goes on."""
    decision: Decision | None = None
    reported: tuple[str, ...] = ()
    """What request validation found where it only reports."""
    request_bytes: int = 0
    """Of the request's body, as far as it was received."""
    target: Target | None = None

    @property
    def connected(self) -> str:
        """The address at the other end of the connection."""
        return self.via[-1] if self.via else self.peer


class Origin(StrEnum):
    UPSTREAM = "upstream"
    GATEWAY = "gateway"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a call: the upstream's, or the gateway's own.

    `body` is a stream at the REST door and always bytes at the agent door, where `result` is set as well. `release`
    gives back what the answer holds (connection, lease); `pipeline.finish` calls it exactly once.
    """

    status: int
    headers: Headers = ()
    body: bytes | Chunks = b""
    origin: Origin = Origin.UPSTREAM
    refusal: Refusal | None = None
    result: Result | None = None
    questions: Questions | None = None
    """What a person has to answer first: the call was not made. Agent door only."""
    truncated: bool = False
    """The body was cut at a cap; the result says so."""
    release: Callable[[], Awaitable[None]] | None = None
