"""What a caller would notice between two catalogues."""

from collections.abc import Iterator, Mapping

from bridge.model.catalog import Catalog, Change, Diff
from bridge.model.json import Json
from bridge.model.tool import Tool


def diff(old: Catalog, new: Catalog) -> Diff:
    """Tools are matched by (api, method, path): a tool that changes its name is changed, not replaced."""
    before, after = _by_place(old), _by_place(new)
    return Diff(
        added=tuple(sorted(after[key].name for key in after.keys() - before.keys())),
        removed=tuple(sorted(before[key].name for key in before.keys() - after.keys())),
        changed=tuple(
            change for key in sorted(before.keys() & after.keys()) for change in _changes(before[key], after[key])
        ),
    )


def _by_place(catalog: Catalog) -> dict[tuple[str, str], Tool]:
    return {(tool.api, catalog.operations[tool.api, tool.operation].key): tool for tool in catalog.tools.values()}


def _changes(old: Tool, new: Tool) -> Iterator[Change]:
    def changed(what: str, *, breaking: bool) -> Change:
        return Change(new.name, new.operation, what, breaking)

    if old.name != new.name:
        yield changed(f"renamed from {old.name}", breaking=True)
    yield from (changed(what, breaking=breaking) for what, breaking in _arguments(old.input_schema, new.input_schema))
    if old.input_schema.get("$defs") != new.input_schema.get("$defs"):
        yield changed("a definition that its arguments use changed", breaking=True)
    if old.output_schema != new.output_schema:
        yield changed("output schema changed", breaking=False)
    if (old.title, old.description) != (new.title, new.description):
        yield changed("description changed", breaking=False)
    if old.annotations != new.annotations:
        yield changed("annotations changed", breaking=False)


def _arguments(old: Json, new: Json) -> Iterator[tuple[str, bool]]:
    before: Mapping[str, Json] = old.get("properties", {})
    after: Mapping[str, Json] = new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield f"argument {name!r} removed", True
    for name in sorted(after.keys() - before.keys()):
        required = name in needs
        yield f"{'required' if required else 'optional'} argument {name!r} added", required
    for name in sorted(before.keys() & after.keys()):
        if name in needs - needed:
            yield f"argument {name!r} became required", True
        elif name in needed - needs:
            yield f"argument {name!r} became optional", False
        if _shape(before[name]) != _shape(after[name]):
            yield f"argument {name!r} takes other values", True


def _shape(schema: Json) -> Json:
    """The schema without its prose."""
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key not in {"description", "title"}}
    return [_shape(item) for item in schema] if isinstance(schema, list) else schema
