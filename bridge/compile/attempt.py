"""One attempt to make a new runtime of what the settings, the documents and the registrations say now.

The settings are read, everything is imported by another process, compiled in slices beside the calls that are served
meanwhile, and taken over by one assignment. What an API served until then it goes on serving: a document that cannot
be read any more fails the attempt, though at start it would only cost its own API.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bridge.compile.apart import Brought, ImportRefused, import_apart
from bridge.compile.apis import Loaded
from bridge.compile.errand import Candidate, Errand, problem
from bridge.compile.identity import IssuersFailed
from bridge.compile.operations import Known
from bridge.compile.pace import paced, quiet
from bridge.compile.registered import WHERE, Registered
from bridge.compile.registry import Registry
from bridge.compile.report import NO_DIFF, Result
from bridge.compile.retire import Leftovers, leftovers, unused
from bridge.compile.runtime import Compiled, Parts, compiling, unserved
from bridge.compile.sides import served
from bridge.config import ConfigInvalid, Problem, Settings, restarted_with, static_changes
from bridge.model import Catalog, Diff, Finding
from bridge.model.diff import diffing
from bridge.pipeline.runtime import Holder, Runtime

Change: TypeAlias = Candidate | str | None
"""An API that is to be registered, the name of one that is not to be any more, or neither."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stays the same from one attempt to the next. `started` are the settings of the start.

    `read` reads them anew and raises ConfigInvalid; `parts` gives what outlives a runtime; `applied` is told what has
    taken effect.
    """

    started: Settings
    holder: Holder
    registry: Registry
    read: Callable[[], Settings]
    parts: Callable[[Settings], Parts]
    applied: Callable[[Settings, Runtime], None]


@dataclass(frozen=True, slots=True)
class World:
    """Where that comes from which is served. `configured` are the settings without the registered APIs.

    `contents` is a digest of all that was read, `files` and `urls` say by API what that was; `known` is what the next
    runtime need not compile again.
    """

    configured: Settings
    settings: Settings
    contents: str
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    urls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    known: Known = field(default_factory=dict)

    @property
    def registered(self) -> tuple[str, ...]:
        """The names of the APIs that come from registrations, whether they could be imported or not."""
        return tuple(name for name in self.settings.apis if name not in self.configured.apis)


@dataclass(frozen=True, slots=True)
class Made:
    """`world` is None where nothing else is served than before; `old` is what was left behind."""

    result: Result
    diff: Diff = NO_DIFF
    findings: tuple[Finding, ...] = ()
    restart: tuple[str, ...] = ()
    world: World | None = None
    old: Leftovers | None = None


async def attempt(standing: Standing, world: World, change: Change, *, dry: bool) -> Made:
    """Raises ConfigInvalid, ImportRefused, NotKept: then nothing was changed."""
    read = await asyncio.to_thread(standing.read)
    restart = static_changes(standing.started, read)
    configured = restarted_with(standing.started, read)
    candidate = change if isinstance(change, Candidate) else None
    errand = Errand(configured, _registrations(standing.registry, change), candidate)
    with ExitStack() as still:
        brought = await import_apart(errand, lambda: still.enter_context(quiet()))
        _check(brought, candidate, standing.holder.current.catalog)
        if brought.loaded.contents == world.contents and brought.settings == world.settings:
            made = await _same(standing, replace(world, configured=configured), brought, change, dry=dry)
        else:
            made = await _other(standing, world, configured, brought, change, dry=dry)
    return replace(made, restart=restart)


def _registrations(registry: Registry, change: Change) -> tuple[bytes, ...]:
    return tuple(one.raw for one in registry.known.values() if not one.gone and one.name != change)


def _check(brought: Brought, candidate: Candidate | None, serving: Catalog) -> None:
    """Raises ImportRefused."""
    failed = {one.api: problem(one.error) for one in brought.loaded.absent}
    if candidate is not None and candidate.name in failed:
        raise ImportRefused(failed[candidate.name], candidate=True)
    lost = [failed[api.name] for api in serving.apis if api.name in failed]
    if lost:
        raise ImportRefused(*lost)


def _check_upstream(catalog: Catalog, candidate: Candidate | None) -> None:
    """Tools that nobody can call are no use to whoever registers them, who is there to mend it. An API that has stood
    in the configuration or among the registrations may lose its upstream later: that is a finding.

    Raises ImportRefused."""
    if candidate is None:
        return
    advice = "set options.upstream.url to where its calls go; options.allow_private permits servers in private networks"
    nowhere = [one for one in catalog.findings if one.id == "no-upstream" and one.api == candidate.name]
    if nowhere:
        problems = (Problem(WHERE, 0, 0, "options.upstream.url", one.message, advice) for one in nowhere)
        raise ImportRefused(*problems, candidate=True)


async def _same(standing: Standing, world: World, brought: Brought, change: Change, *, dry: bool) -> Made:
    _check_upstream(standing.holder.current.catalog, change if isinstance(change, Candidate) else None)
    if not dry:
        await _keep(standing.registry, brought, change)
    result = Result.PROPOSED if dry else Result.UNCHANGED
    findings, old = standing.holder.current.catalog.findings, unused(brought.loaded.catalog)
    return Made(result, findings=findings, world=None if dry else world, old=old)


async def _other(
    standing: Standing, world: World, configured: Settings, brought: Brought, change: Change, *, dry: bool
) -> Made:
    settings, loaded = brought.settings, brought.loaded
    candidate = change if isinstance(change, Candidate) else None
    await _prepare_issuers(settings, standing.parts(settings))
    compiled = await paced(compiling(settings, loaded, standing.parts(settings), world.known))
    catalog = compiled.runtime.catalog
    _check_upstream(catalog, candidate)
    nowhere = unserved(catalog)
    if nowhere:
        raise ImportRefused(*(Problem(one.source, 0, 0, "", one.message, one.advice) for one in nowhere))
    diff = await paced(diffing(served(standing.holder.current), served(compiled.runtime)))
    old = await paced(leftovers(compiled.runtime if dry else standing.holder.current, loaded.catalog))
    if dry:
        return Made(Result.PROPOSED, diff, catalog.findings, old=old)
    await _keep(standing.registry, brought, change)
    standing.holder.swap(compiled.runtime)
    standing.applied(settings, compiled.runtime)
    return Made(Result.APPLIED, diff, catalog.findings, world=world_of(configured, settings, loaded, compiled), old=old)


async def _prepare_issuers(settings: Settings, lasting: Parts) -> None:
    """New issuers have to say their keys before their tokens are taken. Raises ConfigInvalid."""
    try:
        await asyncio.to_thread(lasting.links.prepare, settings)
    except IssuersFailed as error:
        advice = "mend it, or see that it can be reached"
        raise ConfigInvalid(
            Problem("configuration", 0, 0, f"identity.issuers.{name}", why, advice)
            for name, why in error.problems.items()
        ) from error


async def _keep(registry: Registry, brought: Brought, change: Change) -> None:
    """What is told to the others is stored by then; they read it when they come to it."""
    if isinstance(change, str):
        await registry.keep(Registered.removed(change, time.time()))
    elif brought.registration is not None:
        await registry.keep(Registered.read(brought.registration))


def world_of(configured: Settings, settings: Settings, loaded: Loaded, compiled: Compiled) -> World:
    files = {name: traces.files for name, traces in loaded.traces.items()}
    urls = {name: traces.urls for name, traces in loaded.traces.items()}
    return World(configured, settings, loaded.contents, files, urls, compiled.known)
