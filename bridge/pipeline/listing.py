"""Lists as bytes: each entry encoded once, each page joined once per set of grants.

Three forms cover all revisions: `FIRST` is 2024-11-05, which knows no annotations of tools; `BASIC` is 2025-03-26,
which knows neither `title` nor `outputSchema`; `FULL` is the rest.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import orjson

from bridge.model import Grant, Json, OperationRef, Prompt, Resource, Tool

PAGE = 250
MOST_REMEMBERED = 512


class Form(StrEnum):
    FIRST = "first"
    BASIC = "basic"
    FULL = "full"


Granted: TypeAlias = tuple[OperationRef, ...]
"""The operations that a caller must be granted to see an entry, all of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`digest` changes with everything that a client could see of it."""

    key: str
    granted: Granted
    digest: str
    encode: Callable[[Form], Json]


class Listing:
    """Entries in the order of their keys; the cache of pages is its only state."""

    def __init__(self, entries: Iterable[Entry], *, page: int = PAGE) -> None:
        self._entries = {entry.key: entry for entry in sorted(entries, key=lambda entry: entry.key)}
        self._page = page
        self._encoded: dict[tuple[Form, str], bytes] = {}
        self._pages: dict[tuple[Form, frozenset[OperationRef] | None, int], tuple[bytes, int | None]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def digest(self) -> str:
        parts = "\n".join(f"{key} {entry.digest}" for key, entry in self._entries.items())
        return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def remembered(self) -> int:
        """Pages held ready."""
        return len(self._pages)

    def pieces(self) -> Iterator[object]:
        yield from self._pages.values()
        yield from self._encoded.values()
        yield from self._entries.values()

    def begins_page(self, start: int) -> bool:
        """Whether some page begins there: a cursor is no secret, and pages are kept by their start."""
        return start == 0 or (start % self._page == 0 and start < len(self._entries))

    def page(self, form: Form, grant: Grant, start: int) -> tuple[bytes, int | None]:
        """The JSON array of entries from index `start` on, and the start of the next page."""
        key = (form, grant.operations, start)
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) >= MOST_REMEMBERED:
                self._pages.clear()
            page = self._pages[key] = self._join(form, grant, start)
        return page

    def _join(self, form: Form, grant: Grant, start: int) -> tuple[bytes, int | None]:
        keys = [key for key, entry in self._entries.items() if _granted(entry, grant)]
        end = start + self._page
        page = b"[" + b",".join(self._one(form, key) for key in keys[start:end]) + b"]"
        return page, end if end < len(keys) else None

    def _one(self, form: Form, key: str) -> bytes:
        encoded = self._encoded.get((form, key))
        if encoded is None:
            encoded = self._encoded[form, key] = orjson.dumps(self._entries[key].encode(form))
        return encoded


def _granted(entry: Entry, grant: Grant) -> bool:
    return usable(entry.granted, grant)


def usable(operations: Granted, grant: Grant) -> bool:
    return grant.operations is None or grant.operations.issuperset(operations)


def tool_entry(tool: Tool) -> Entry:
    def encode(form: Form) -> Json:
        return tool_json(tool, form)

    return Entry(tool.name, ((tool.api, tool.operation),), tool.digest or repr(tool), encode)


def resource_entry(resource: Resource) -> Entry:
    def encode(form: Form) -> Json:
        return resource_json(resource, form)

    return Entry(resource.uri, ((resource.api, resource.operation),), repr(resource), encode)


def prompt_entry(prompt: Prompt, embedded: Granted = ()) -> Entry:
    """`embedded` are the operations behind the resources in it."""

    def encode(form: Form) -> Json:
        return prompt_json(prompt, form)

    return Entry(prompt.name, embedded, repr(prompt), encode)


def tool_json(tool: Tool, form: Form) -> dict[str, Json]:
    """MCP's Tool object; the title travels as an annotation where the revision has no better place."""
    out: dict[str, Json] = {"name": tool.name}
    if form is Form.FULL:
        out["title"] = tool.title
    out |= {"description": tool.description, "inputSchema": tool.input_schema}
    if form is Form.FULL and tool.output_schema is not None:
        out["outputSchema"] = tool.output_schema
    if form is not Form.FIRST:
        out["annotations"] = {"title": tool.title} | tool.annotations.as_json()
    return out


def resource_json(resource: Resource, form: Form) -> dict[str, Json]:
    """MCP's Resource or ResourceTemplate object."""
    out: dict[str, Json] = {"uriTemplate" if resource.template else "uri": resource.uri, "name": resource.name}
    if form is Form.FULL and resource.title:
        out["title"] = resource.title
    if resource.description:
        out["description"] = resource.description
    if resource.media_type:
        out["mimeType"] = resource.media_type
    hints: Mapping[str, Json] = {"audience": list(resource.audience) or None, "priority": resource.priority}
    told = {name: hint for name, hint in hints.items() if hint is not None}
    return out | ({"annotations": told} if told else {})


def prompt_json(prompt: Prompt, form: Form) -> dict[str, Json]:
    """MCP's Prompt object."""
    out: dict[str, Json] = {"name": prompt.name}
    if form is Form.FULL and prompt.title:
        out["title"] = prompt.title
    if prompt.description:
        out["description"] = prompt.description
    out["arguments"] = [
        {"name": one.name}
        | ({"title": one.title} if one.title and form is Form.FULL else {})
        | ({"description": one.description} if one.description else {})
        | {"required": one.required}
        for one in prompt.arguments
    ]
    return out
