"""Small runtimes made by hand: operations with plain closures where the compiler would put built ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from bridge.egress.upstream import Upstream
from bridge.egress.webhook import Post, no_post
from bridge.model import (
    Annotations,
    Api,
    Arguments,
    BadArguments,
    Call,
    Catalog,
    Effect,
    Endpoint,
    Grant,
    Headers,
    Json,
    Operation,
    Principal,
    PrincipalKind,
    Record,
    Result,
    Route,
    Target,
    Text,
    Tool,
    Unauthenticated,
    Wire,
)
from bridge.pipeline.authenticate import Anonymous
from bridge.pipeline.match import Router
from bridge.pipeline.policy import NO_POLICY, Approvals
from bridge.pipeline.runtime import Authenticator, Limits, McpDoor, Runtime
from bridge.pipeline.toolset import NOTHING as NOTHING_BESIDE
from bridge.pipeline.toolset import Offer, Toolset
from bridge.state.base import Shared
from bridge.state.memory import MemoryBuckets, MemoryBus, MemoryEventLog, MemoryLeases, MemoryMeters, MemoryStore
from tests.kit.upstream import ScriptedUpstream

API = "orders"
TARGET = Target("t1", "http://upstream.test")
ROUTE = Route(API, "", None, (TARGET,))
NOTHING: Json = {"type": "object", "properties": {}}


def operation(id: str, method: str = "GET", path: str = "", *, timeout: float | None = None) -> Operation:
    effect = Effect.READS if method in {"GET", "HEAD"} else Effect.WRITES
    return Operation(id, API, method, path or f"/{id}", effect=effect, timeout=timeout, operation_id=id)


def tool(name: str, schema: Json = NOTHING, *, output: Json = None, confirm: bool = False, title: str = "") -> Tool:
    annotations = Annotations(read_only=True, destructive=False, idempotent=True)
    return Tool(
        name, title or name, f"Does {name}.", schema, annotations, API, name, output_schema=output, confirm=confirm
    )


def endpoint(
    name: str,
    method: str = "GET",
    path: str = "",
    *,
    schema: Json = NOTHING,
    output: Json = None,
    confirm: bool = False,
    timeout: float | None = None,
    route: Route = ROUTE,
) -> Endpoint:
    """Sends its arguments as a JSON body (a GET none), insists on `required`, and hands JSON on as it came."""
    described = replace(operation(name, method, path, timeout=timeout), confirm=confirm or None)

    def build(arguments: Arguments) -> Wire:
        body = None if method == "GET" else orjson.dumps(dict(arguments))
        return Wire(method, described.path, (), body)

    def check(arguments: Arguments) -> None:
        missing = [key for key in schema.get("required", ()) if key not in arguments]
        if missing:
            raise BadArguments(f"missing: {', '.join(missing)}")

    return Endpoint(described, tool(name, schema, output=output, confirm=confirm), route, build, check, as_json)


def as_json(status: int, headers: Headers, body: bytes, cut: bool) -> Result:
    return Result((Text(body.decode()),), structured=None if cut else body, error=status >= 400)


def answering(made: Endpoint, result: Result) -> Endpoint:
    """`made`, whose answers always become `result`."""

    def decode(status: int, headers: Headers, body: bytes, cut: bool) -> Result:
        return result

    return replace(made, decode=decode)


class Badge:
    """Everybody has the same badge; None is no badge, and whoever has none is challenged."""

    def __init__(self, grant: Grant | None) -> None:
        self._grant = grant

    async def authenticate(self, call: Call) -> Principal:
        if self._grant is None:
            raise Unauthenticated("who is it?", headers=((b"www-authenticate", b"Bearer"),))
        return Principal("ann", PrincipalKind.AGENT, self._grant, f"key:{call.peer}")


@dataclass(frozen=True, slots=True)
class World:
    """A runtime with what it talks to."""

    rt: Runtime
    upstream: ScriptedUpstream
    records: list[Record]


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs from the plainest runtime."""

    limits: Limits = field(default_factory=Limits)
    mcp: McpDoor = field(default_factory=partial(McpDoor, version="1.2.3"))
    authenticator: Authenticator = field(default_factory=Anonymous)
    toolsets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 250
    digest: str = "d1"
    upstream: Upstream | None = None
    offer: Offer = NOTHING_BESIDE
    approvals: Approvals = NO_POLICY
    post: Post = no_post
    shared: Shared | None = None
    """What several runtimes of one test have in common; a new one in memory if None."""


def memory() -> Shared:
    store = MemoryStore()
    return Shared(store, MemoryEventLog(), MemoryBus(), store, MemoryMeters())


def world(endpoints: Iterable[Endpoint], plan: Plan | None = None) -> World:
    plan = plan or Plan()
    made = {(one.operation.api, one.operation.id): one for one in endpoints}
    tools = {one.tool.name: one for one in made.values() if one.tool is not None}
    routes = {one.route for one in made.values()} or {ROUTE}
    played, records = ScriptedUpstream(), list[Record]()
    named = {
        name: Toolset(name, {key: tools[key] for key in keys}, plan.offer, page=plan.page)
        for name, keys in plan.toolsets.items()
    }
    rt = Runtime(
        version=1,
        digest=plan.digest,
        catalog=Catalog(
            (Api(API),),
            {key: one.operation for key, one in made.items()},
            {name: one.tool for name, one in tools.items() if one.tool is not None},
            digest=plan.digest,
        ),
        router=Router([(route, {key: one for key, one in made.items() if one.route == route}) for route in routes]),
        endpoints=made,
        toolsets={"": Toolset("", tools, plan.offer, page=plan.page), **named},
        authenticator=plan.authenticator,
        upstream=plan.upstream or played,
        buckets=MemoryBuckets(),
        leases=MemoryLeases(),
        approvals=plan.approvals,
        post=plan.post,
        shared=plan.shared or memory(),
        limits=plan.limits,
        mcp=plan.mcp,
        accounts=(records.append,),
    )
    return World(rt, played, records)
