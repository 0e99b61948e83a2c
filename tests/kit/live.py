"""A gateway without listeners, in this process: its admin API, and everything behind it that reloads."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import orjson
from fastapi import FastAPI

from bridge.app import Given, reloader_of, start_runtime
from bridge.compile.registry import Registry
from bridge.compile.reload import Reloader
from bridge.compile.runtime import Parts, parts
from bridge.config import Settings, load
from bridge.control.api import admin_app
from bridge.model import Json
from bridge.pipeline.runtime import Holder
from bridge.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Alive:
    """`file` is the configuration: what is written there counts with the next reload."""

    file: Path
    holder: Holder
    reloader: Reloader
    metrics: Metrics
    admin: FastAPI

    @property
    def tools(self) -> list[str]:
        return sorted(self.holder.current.catalog.tools)


def assembled(file: Path, lasting: Parts | None = None) -> Alive:
    settings = load(file, {})
    lasting = lasting or parts(settings)
    registry = Registry(settings.data, lasting.state.shared)
    registry.read_files()
    started = start_runtime(settings, registry, lasting)
    holder = Holder(started.runtime)

    def read() -> Settings:
        return load(file, {})

    reloader = reloader_of(started, holder, registry, Given(read))
    return Alive(file, holder, reloader, started.metrics, admin_app(holder, reloader))


@asynccontextmanager
async def alive(file: Path, lasting: Parts | None = None) -> AsyncIterator[Alive]:
    """While it is entered, reloads that are asked for are worked off."""
    made = assembled(file, lasting)
    task = asyncio.create_task(made.reloader.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


def written(
    home: Path, documents: dict[str, Json], settings: Mapping[str, Json] = MappingProxyType({}), **root: Json
) -> Path:
    """A configuration of these documents, each an API; `settings` are further ones of each."""
    for name, document in documents.items():
        (home / f"{name}.json").write_bytes(orjson.dumps(document))
    away = {"upstream": {"url": "http://127.0.0.1:9"}}
    apis: Json = {name: {"spec": f"{name}.json", **away, **settings.get(name, {})} for name in documents}
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps({"apis": apis} | root))
    return file
