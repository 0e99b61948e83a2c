"""What a caller would notice between what two gateways offer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.model.catalog import Catalog, Change, Diff
from bridge.model.diff_prompts import prompts
from bridge.model.diff_resources import resources
from bridge.model.json import Json
from bridge.model.operation import Operation
from bridge.model.resource import Prompt
from bridge.model.steps import Steps, at_once
from bridge.model.tool import Tool
from bridge.model.wider import PROSE, accepts

_OWN = frozenset({"properties", "required"}) | PROSE
"""Keywords of a tool's input that are compared argument by argument, or not at all."""


ASKED = "a person must consent to each call"
UNASKED = "calls need no person's consent any more"


def _asked(operation: Operation) -> bool:
    return bool(operation.confirm)


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared: all that agents are offered, and of which operations a person must consent to each call."""

    catalog: Catalog
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    asks: Callable[[Operation], bool] = _asked


def diff(old: Side, new: Side) -> Diff:
    return at_once(diffing(old, new))


def diffing(old: Side, new: Side) -> Steps[Diff]:
    """Tools and resources are matched by (api, method, path), then by name or address: one that changes its name or its
    place is changed, not replaced. Where both catalogues have one API it is the same one, whatever its name."""
    several = len(old.catalog.apis) > 1 or len(new.catalog.apis) > 1
    before = yield from _by_place(old.catalog, several=several)
    after = yield from _by_place(new.catalog, several=several)
    places = {key: key for key in before.keys() & after.keys()} | _moved(before, after)
    yield
    changed: list[Change] = []
    for was, now in sorted(places.items()):
        if was != now or before[was] is not after[now]:
            changed += _changes(before[was], after[now], was, now)
        changed += _consent(old, new, before[was], after[now])
        yield
    read = resources(old.catalog, new.catalog, several=several)
    yield
    return Diff(
        added=tuple(sorted(after[key].name for key in after.keys() - places.values())),
        removed=tuple(sorted(before[key].name for key in before.keys() - places.keys())),
        changed=tuple(changed),
        resources=read,
        prompts=prompts(old.prompts, new.prompts),
    )


def _consent(old: Side, new: Side, was: Tool, now: Tool) -> Iterator[Change]:
    before = old.asks(old.catalog.operations[was.api, was.operation])
    after = new.asks(new.catalog.operations[now.api, now.operation])
    if before is not after:
        yield Change(now.name, now.operation, ASKED if after else UNASKED, breaking=after)


def _by_place(catalog: Catalog, *, several: bool) -> Steps[dict[tuple[str, str], Tool]]:
    found: dict[tuple[str, str], Tool] = {}
    for tool in catalog.tools.values():
        found[tool.api if several else "", catalog.operations[tool.api, tool.operation].key] = tool
        yield
    return found


def _moved(
    before: Mapping[tuple[str, str], Tool], after: Mapping[tuple[str, str], Tool]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Old place → new place of the tools that kept their names and nothing else."""
    arrived = {after[place].name: place for place in after.keys() - before.keys()}
    left = {place: before[place].name for place in before.keys() - after.keys()}
    return {place: arrived[name] for place, name in left.items() if name in arrived}


def _changes(old: Tool, new: Tool, was: tuple[str, str], now: tuple[str, str]) -> Iterator[Change]:
    def changed(what: str, *, breaking: bool) -> Change:
        return Change(new.name, new.operation, what, breaking)

    if old.name != new.name:
        yield changed(f"renamed from {old.name}", breaking=True)
    if was != now:
        yield changed(f"moved from {_told(was, now)} to {_told(now, was)}", breaking=True)
    yield from (changed(what, breaking=breaking) for what, breaking in _arguments(old.input_schema, new.input_schema))
    if old.output_schema != new.output_schema:
        yield changed("output schema changed", breaking=False)
    if (old.title, old.description) != (new.title, new.description):
        yield changed("description changed", breaking=False)
    if old.annotations != new.annotations:
        yield changed("annotations changed", breaking=False)


def _told(place: tuple[str, str], other: tuple[str, str]) -> str:
    """`GET /a`, with its API where that is another one."""
    (api, key), (elsewhere, _) = place, other
    return key if api == elsewhere else f"{api} {key}"


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
        yield from _taken(f"argument {name!r} takes", before[name], after[name], old, new)
    rest, others = ({key: value for key, value in root.items() if key not in _OWN} for root in (old, new))
    yield from _taken("the arguments together take", rest, others, old, new)


def _taken(subject: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[tuple[str, bool]]:
    """What a schema takes, in words, where that changed; `old` and `new` are the roots that hold the definitions."""
    definitions = _shape(old.get("$defs")) == _shape(new.get("$defs")) or "$ref" not in str(before)
    if definitions and _shape(before) == _shape(after):
        return
    if not accepts(before, after, old, new):
        yield f"{subject} other values", True
    elif not accepts(after, before, new, old):
        yield f"{subject} more values", False
    elif _shape(before) != _shape(after):
        yield f"{subject} the same values, written otherwise", False


def _shape(schema: Json) -> Json:
    """The schema without its prose."""
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key not in {"description", "title"}}
    return [_shape(item) for item in schema] if isinstance(schema, list) else schema
