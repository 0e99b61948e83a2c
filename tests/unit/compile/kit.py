"""Runtimes compiled from documents that are written in tests, from wherever these pretend to come."""

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bridge.compile import Loaded, backends
from bridge.compile.published import unaddressed
from bridge.compile.runtime import Parts, compile_runtime
from bridge.config import Settings, load
from bridge.importer import Budgets, Options, Sources, build, import_api
from bridge.importer.load import parse
from bridge.model import Finding, Json
from bridge.pipeline.runtime import Runtime
from tests.kit.upstream import ScriptedUpstream

FILE = "api.json"
URL = "https://specs.example.com/api.json"


def settings(root: Json) -> Settings:
    with TemporaryDirectory() as folder:
        Path(folder, FILE).write_text("{}")
        file = Path(folder, "bridge.yaml")
        file.write_bytes(orjson.dumps(root))
        return load(file, {})


def compiled(documents: Json, *, spec: str = FILE, apis: Json = None, **root: Json) -> Runtime:
    """`documents` by the names of their APIs, whose keys are in `apis`; they were read from `spec`."""
    keys = {name: {"spec": spec} | (apis or {}).get(name, {}) for name in documents}
    chosen = settings({"apis": keys, **root})
    imported = tuple(
        import_api(name, Sources(parse(orjson.dumps(one), spec, spec, None, Budgets())), Options())
        for name, one in documents.items()
    )
    lasting = Parts(ScriptedUpstream(), backends.state(chosen.state))
    loaded = Loaded(build(list(imported)), imported, documents=unaddressed(imported))
    return compile_runtime(chosen, loaded, lasting)


def findings(rt: Runtime, id: str) -> list[Finding]:
    return [finding for finding in rt.catalog.findings if finding.id == id]
