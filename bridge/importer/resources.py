"""Which operations are read as resources, and the one address of everything that can be read.

An address must lead to one resource: who wishes for one that is taken, or that lies among another API's, gets the
canonical address, whose scheme nobody may wish for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bridge.importer.addresses import canonical, unreadable, wished
from bridge.importer.claims import Claims
from bridge.importer.imported import Imported
from bridge.importer.naming import plain_name
from bridge.importer.operations import Draft
from bridge.importer.refs import At
from bridge.importer.select import selected
from bridge.importer.text import clean, shorten
from bridge.importer.tools import LONGEST_TITLE, described, titled, wish
from bridge.model import Resource, Tool
from bridge.model.media import is_json, is_range

Key = tuple[str, str]
"""API and id of an operation."""

_LOST = "this address; the canonical one is used"
_APART = "an API's addresses have a scheme or an authority that no other API's have, as in orders://open/{id}"
_ADVICE = "a resource is a GET without a body whose required arguments stand in its path or query"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that agents may see. `wanted`: as a resource; `explicit`: because its own setting says so."""

    api: Imported
    draft: Draft
    wanted: bool
    explicit: bool

    @property
    def key(self) -> Key:
        return self.draft.operation.api, self.draft.operation.id


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes a resource, and what becomes a tool, with the address where each can be read; "" for nowhere."""

    resources: tuple[Candidate, ...]
    tools: tuple[Candidate, ...]
    addresses: dict[Key, str]


def plan(imported: Iterable[Imported]) -> Plan:
    """Findings go to the notes of each API."""
    candidates = [one for api in imported for one in _candidates(api)]
    reasons = {one.key: _unreadable(one.draft) for one in candidates}
    addresses = _addresses(candidates, reasons)
    resources = tuple(one for one in candidates if one.wanted and addresses[one.key])
    for one in candidates:
        if one.wanted and not addresses[one.key]:
            _refuse(one, reasons[one.key])
    chosen = {one.key for one in resources}
    tools = tuple(one for one in candidates if one.key not in chosen and _is_tool(one))
    return Plan(resources, tools, addresses)


def listed(planned: Plan) -> Iterator[Resource]:
    """What agents are offered to read."""
    for one in planned.resources:
        override, operation = one.draft.override, one.draft.operation
        name = shorten(clean(override.name or ""), LONGEST_TITLE) or plain_name(wish(one.draft))
        yield Resource(
            uri=planned.addresses[one.key], name=name, title=titled(one.draft, name), description=described(one.draft),
            api=operation.api, operation=operation.id, media_type=_media_type(operation.output.media_types),
            audience=override.audience or (), priority=override.priority,
        )  # fmt: skip


def unlisted(planned: Plan, tools: Iterable[Tool], media_types: dict[Key, tuple[str, ...]]) -> Iterator[Resource]:
    """Where tools' answers can be read again, so that links lead there."""
    for tool in tools:
        key = tool.api, tool.operation
        if planned.addresses[key]:
            yield Resource(
                planned.addresses[key], tool.name, tool.title, tool.description, *key,
                media_type=_media_type(media_types[key]), listed=False,
            )  # fmt: skip


def _candidates(api: Imported) -> Iterator[Candidate]:
    options = api.reading.options
    for draft in api.drafts:
        operation, expose = draft.operation, draft.override.expose
        if expose == "none" or not selected(operation, (), options.exclude):
            continue
        matched = (
            expose is None
            and operation.method == "GET"
            and bool(options.resource_include)
            and selected(operation, options.resource_include, options.resource_exclude)
        )
        explicit = expose == "resource"
        if matched or selected(operation, options.include, ()):
            yield Candidate(api, draft, matched or explicit, explicit)


def _is_tool(one: Candidate) -> bool:
    """A pattern may have brought in what the selection of tools leaves out."""
    return selected(one.draft.operation, one.api.reading.options.include, ())


def _unreadable(draft: Draft) -> str:
    if draft.override.read_only is False:
        return "it is said to change something"
    return unreadable(draft.operation)


def _addresses(candidates: Sequence[Candidate], reasons: dict[Key, str]) -> dict[Key, str]:
    """Wishes first, then the canonical addresses, of resources before those of tools. Adds to the reasons."""
    taken: dict[str, str] = {}
    claims = Claims()
    found = {one.key: _granted(one, reasons[one.key], taken, claims) for one in candidates}
    for one in sorted(candidates, key=lambda one: not one.wanted):
        if found[one.key] or reasons[one.key]:
            continue
        template = canonical(one.draft.operation)
        if template is None:
            reasons[one.key] = "its path cannot be read back from an address"
        elif template.shape in taken:
            reasons[one.key] = f"{taken[template.shape]} has the same address"
        else:
            taken[template.shape] = one.draft.operation.key
            found[one.key] = template.text
    return found


def _granted(one: Candidate, reason: str, taken: dict[str, str], claims: Claims) -> str:
    """The address that was asked for, "" where none was or where it cannot be had, and then it is said."""
    uri = one.draft.override.uri
    if uri is None:
        return ""
    if reason:
        if not one.wanted:
            _say(one, f"the address {_shown(uri)} stays unused: {reason}", "this address", _ADVICE)
        return ""
    try:
        template = wished(uri, one.draft.operation)
    except ValueError as error:
        message, _, advice = str(error).rpartition("; ")
        _say(one, f"the address {_shown(uri)} {message}", _LOST, advice)
        return ""
    owner = claims.holder(template, one.draft.operation.api)
    if owner != one.draft.operation.api:
        _say(one, f"the address {_shown(uri)} lies among those of the API {owner!r}", _LOST, _APART)
        return ""
    holder = taken.setdefault(template.shape, one.draft.operation.key)
    if holder != one.draft.operation.key:
        _say(one, f"the address {_shown(uri)} is that of {holder} too", _LOST, "give each its own")
        return ""
    return template.text


def _shown(uri: str) -> str:
    return repr(uri if len(uri) <= 100 else f"{uri[:100]}…")


def _say(one: Candidate, message: str, lost: str, advice: str) -> None:
    one.api.reading.notes.warn("resource-address", _place(one.draft.at, "uri"), message, lost=lost, advice=advice)


def _refuse(one: Candidate, reason: str) -> None:
    notes, at = one.api.reading.notes, _place(one.draft.at, "expose")
    message = f"{one.draft.operation.key} cannot be a resource: {reason}"
    if one.explicit:
        notes.warn("resource-refused", at, message, lost="the resource; it stays a tool", advice=_ADVICE)
    else:
        notes.info("resource-refused", at, message, lost="the resource; it stays a tool", advice=_ADVICE)


def _place(at: At, key: str) -> At:
    """The setting in the document; the operation where the configuration has it."""
    own = at.value.get("x-mcp")
    return at.child("x-mcp").child(key) if isinstance(own, dict) and key in own else at


def _media_type(offered: tuple[str, ...]) -> str:
    """JSON where it is offered, as calls ask for it; else the first that is no range."""
    exact = [one for one in offered if not is_range(one)]
    return next((one for one in exact if is_json(one)), exact[0] if exact else "")
