"""The whole way of a person's request: raw client, uvicorn, the traffic application, a real client, a raw upstream."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bridge.egress.general import General
from bridge.ingress.traffic import Traffic
from bridge.model import Endpoint, Record, Rewrite, Route, Target, Timeouts, Unlisted
from bridge.pipeline.match import Router
from bridge.pipeline.runtime import Cors, Holder, Runtime
from tests.kit.gateway import serving
from tests.kit.origin import Origin, Script, playing
from tests.kit.raw import Got, ask
from tests.kit.runtime import API, Plan, world


@dataclass(frozen=True, slots=True)
class Setting:
    """What differs from one API at `/`, all of whose paths pass."""

    prefix: str = ""
    rewrite: Rewrite = field(default_factory=Rewrite)
    unlisted: Unlisted = Unlisted.ALLOW
    timeouts: Timeouts = field(default_factory=Timeouts)
    base: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    cors: Cors | None = None
    hosts: frozenset[str] | None = None
    published: Mapping[tuple[str, str], tuple[str, bytes]] | None = None
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True)
class Door:
    url: str
    origin: Origin
    records: list[Record]
    rt: Runtime

    async def ask(self, request: bytes) -> Got:
        return await ask(self.url, request)

    async def get(self, target: bytes, *lines: bytes, method: bytes = b"GET") -> Got:
        return await self.ask(request(target, *lines, method=method))


def request(target: bytes, *lines: bytes, method: bytes = b"GET", body: bytes = b"") -> bytes:
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: gw.example", *lines, b"", body])


@asynccontextmanager
async def opened(script: Script, setting: Setting | None = None) -> AsyncIterator[Door]:
    setting = setting or Setting()
    async with playing(script) as origin, _served(setting, origin) as door:
        yield door


@asynccontextmanager
async def served_at(url: str, timeouts: Timeouts | None = None) -> AsyncIterator[Door]:
    """Before an address where no upstream plays."""
    async with _served(Setting(timeouts=timeouts or Timeouts()), Origin(url)) as door:
        yield door


@asynccontextmanager
async def _served(setting: Setting, origin: Origin) -> AsyncIterator[Door]:
    rt, records = _world(setting, origin.url)
    async with serving(Traffic(Holder(rt))) as url:
        yield Door(url, origin, records, rt)
    await rt.upstream.aclose()


def _world(setting: Setting, url: str) -> tuple[Runtime, list[Record]]:
    target = Target("t1", url, setting.base, headers=setting.headers, timeouts=setting.timeouts)
    route = Route(API, setting.prefix, None, (target,), setting.rewrite, setting.unlisted)
    endpoints = {
        (API, one.operation.id): replace(one, route=replace(route, validate=one.route.validate))
        for one in setting.endpoints
    }
    made = world(endpoints.values(), replace(setting.plan, upstream=General()))
    router = Router([(route, endpoints)])
    rt = replace(made.rt, router=router, cors=setting.cors, hosts=setting.hosts, published=setting.published or {})
    return rt, made.records
