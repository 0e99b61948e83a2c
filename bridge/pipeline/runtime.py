"""What a configuration and a catalogue become: everything expensive, done once per reload.

A Runtime never changes. `Holder.swap` is the one assignment that makes a new one current; calls in flight keep theirs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from bridge.egress.credentials import Credentials
from bridge.egress.upstream import Upstream
from bridge.egress.webhook import Post, no_post
from bridge.model import Call, Catalog, Endpoint, Outcome, Principal, Record
from bridge.pipeline.changes import Changes
from bridge.pipeline.identity.capabilities import Capabilities
from bridge.pipeline.identity.keys import KeyRing
from bridge.pipeline.identity.protected import Protected
from bridge.pipeline.match import Router
from bridge.pipeline.peers import ANYWHERE, Addresses
from bridge.pipeline.policy import NO_POLICY, Approvals
from bridge.pipeline.toolset import Toolset
from bridge.state.base import Buckets, Leases, Shared

Account: TypeAlias = Callable[[Record], None]
"""Told of every finished call. Must neither raise nor block."""


class Authenticator(Protocol):
    async def authenticate(self, call: Call) -> Principal:
        """Establishes who calls. Raises Unauthenticated, or another Refusal where a credential cannot be judged."""


Recall: TypeAlias = Callable[[Call], Awaitable[Outcome | None]]
"""Looks for an answer that is already there: a finished idempotent call, a fresh cached answer. May raise a Refusal."""
Journal: TypeAlias = Callable[[Call], Awaitable[None]]
"""Writes down that a call with effects is about to be made. May refuse: no record, no effect."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Permits per second and how many may be taken at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Per caller; None is no limit. Bytes are those of a body that has to be read whole."""

    requests: Rate | None = None
    concurrent: int | None = None
    body_bytes: int = 8 << 20
    result_bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Cors:
    """Browser origins that may read answers; `*` stands for all. Seconds for `max_age`."""

    origins: frozenset[str]
    headers: tuple[str, ...] = ()
    max_age: int = 600


class Legacy(StrEnum):
    """How the revisions before 2026-07-28 are served."""

    SESSIONS = "sessions"
    SESSIONLESS = "sessionless"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class McpDoor:
    """`hosts` and `origins` are allow-lists for the agent door; None for hosts means any."""

    path: str = "/mcp"
    hosts: frozenset[str] | None = None
    origins: frozenset[str] = frozenset()
    instructions: str = ""
    name: str = "dualbridge"
    version: str = ""
    ttl_ms: int = 60_000
    body_bytes: int = 8 << 20
    legacy: Legacy = Legacy.SESSIONS
    sse: bool = False
    """Whether 2024-11-05's HTTP+SSE is served, below `path`."""
    poll: float = 30.0
    """Seconds between two looks at a resource that somebody subscribed to."""
    keep_alive: float = 15.0
    """Seconds of silence after which a stream is shown to be open: proxies give up idle ones after 30 to 60."""
    long: float = 5.0
    """Seconds after which an answer in a session becomes a stream, which its client can find again."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """`endpoints` is keyed by (api, operation id); `toolsets` by name, "" being all tools.

    `published` holds the documents that the REST door serves: (host, path) → (media type, bytes); "" is any host.
    """

    version: int
    digest: str
    catalog: Catalog
    router: Router
    endpoints: Mapping[tuple[str, str], Endpoint]
    toolsets: Mapping[str, Toolset]
    authenticator: Authenticator
    upstream: Upstream
    buckets: Buckets
    leases: Leases
    credentials: Credentials = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    approvals: Approvals = NO_POLICY
    post: Post = no_post
    shared: Shared | None = None
    """None where nothing can be kept between requests: then there are no sessions and no approvals."""
    protected: Protected = field(default_factory=Protected)
    keys: KeyRing | None = None
    """None where no API keys are taken."""
    capabilities: Capabilities | None = None
    """None where callers cannot narrow their authority."""
    forget: Callable[[str], None] = lambda credential: None
    """Told of a credential that was revoked here, which is not to count as good for another moment."""
    token_path: str = ""
    """Where the endpoints for capabilities are; empty where there are none."""
    limits: Limits = Limits()
    mcp: McpDoor = McpDoor()
    cors: Cors | None = None
    addresses: Addresses = ANYWHERE
    hosts: frozenset[str] | None = None
    """Host names that the people's door answers to; None is any."""
    public_url: str = ""
    published: Mapping[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    recalls: tuple[Recall, ...] = ()
    caches: tuple[Recall, ...] = ()
    journals: tuple[Journal, ...] = ()
    accounts: tuple[Account, ...] = ()


class Holder:
    """The current runtime, written by `swap` alone. Those before it live as long as calls hold them."""

    def __init__(self, runtime: Runtime) -> None:
        self.current = runtime

    def swap(self, runtime: Runtime) -> Runtime:
        """Makes `runtime` current and returns the one before it, which calls in flight still use."""
        before = self.current
        self.current = runtime
        runtime.changes.swapped(digests(before), digests(runtime))
        return before


def digests(runtime: Runtime) -> dict[str, Mapping[str, str]]:
    """What each toolset lists, by toolset and kind of list."""
    return {name: toolset.digests for name, toolset in runtime.toolsets.items()}
