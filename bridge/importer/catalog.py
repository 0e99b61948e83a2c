"""From what was read of every API to one catalogue: names are given here, where all tools are known."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bridge.importer.imported import Imported
from bridge.importer.lines import locate
from bridge.importer.naming import lock_key, plain_name, tool_names
from bridge.importer.operations import Draft
from bridge.importer.resources import Plan, listed, plan, unlisted
from bridge.importer.tools import tool, wish
from bridge.importer.unmatched import check_selectors
from bridge.model import Catalog, Finding, Source, Tool


def build(imported: Sequence[Imported], lock: Mapping[str, str] | None = None, later: Sequence[str] = ()) -> Catalog:
    """`lock` maps `api METHOD /path` to the name that its tool keeps, whatever else appears. The APIs of `later`, in
    this order and the last of `imported`, take no name and no address away from those before them."""
    operations = {
        (draft.operation.api, draft.operation.id): draft.operation for api in imported for draft in api.drafts
    }
    planned = plan(imported)
    tools = _tools(planned, lock, later)
    media_types = {key: operation.output.media_types for key, operation in operations.items()}
    offered = sorted(listed(planned), key=lambda one: one.uri)
    readable = (*offered, *unlisted(planned, tools.values(), media_types))
    for api in imported:
        check_selectors(api)
    return Catalog(
        apis=tuple(api.api for api in imported),
        operations=operations,
        tools=tools,
        resources=tuple(sorted(readable, key=lambda one: one.uri)),
        findings=tuple(finding for api in imported for finding in _findings(api)),
        sources=tuple(Source(api.document.name, api.document.digest) for api in imported),
        digest=_digest(
            (
                *(f"{name}:{operations[tool.api, tool.operation].digest}" for name, tool in tools.items()),
                *(f"{one.uri} {operations[one.api, one.operation].digest} {one!r}" for one in offered),
            )
        ),
    )


def _tools(planned: Plan, lock: Mapping[str, str] | None, later: Sequence[str]) -> dict[str, Tool]:
    names = tool_names([wish(one.draft) for one in planned.tools], lock, later)
    tools: dict[str, Tool] = {}
    for one in planned.tools:
        draft = one.draft
        name = names[draft.operation.api, draft.operation.key]
        tools[name] = tool(one.api.reading, draft, name)
        if not lock and not draft.override.name and name != plain_name(wish(draft)):
            _shared(one.api, draft, name)
    return dict(sorted(tools.items()))


def names_lock(catalog: Catalog) -> dict[str, str]:
    """The names of this catalogue, to be committed beside its documents."""
    locked = {
        lock_key(tool.api, catalog.operations[tool.api, tool.operation].key): name
        for name, tool in catalog.tools.items()
    }
    return dict(sorted(locked.items()))


def located(findings: Sequence[Finding], imported: Sequence[Imported]) -> tuple[Finding, ...]:
    """The findings with their lines; apart, because finding lines means reading the text again."""
    # By the API too: of URLs that differ in their queries, the shown names do not differ.
    documents = {(api.api.name, api.document.name): api.document for api in imported}
    wanted: dict[tuple[str, str], set[str]] = {}
    for one in findings:
        if not one.line and (one.api, one.source) in documents:
            wanted.setdefault((one.api, one.source), set()).add(one.where)
    lines = {place: locate(documents[place], pointers) for place, pointers in wanted.items()}
    return tuple(
        one if one.line else replace(one, line=lines.get((one.api, one.source), {}).get(one.where, 0))
        for one in findings
    )


def _shared(api: Imported, draft: Draft, name: str) -> None:
    api.reading.notes.info(
        "name-shared", draft.at, f"another operation wants the same name; this tool is {name!r}",
        advice="give each operation an operationId of its own, or a name under x-mcp",
    )  # fmt: skip


def _findings(api: Imported) -> Iterable[Finding]:
    yield from (replace(finding, api=api.api.name) for finding in api.findings)
    yield from api.reading.notes.findings


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
