"""`tools/list` as bytes: each tool encoded once, each page joined once per set of grants.

Two forms cover all revisions: `BASIC` is 2025-03-26, which knows neither `title` nor `outputSchema`; `FULL` the rest.
"""

from collections.abc import Mapping
from enum import StrEnum

import orjson

from bridge.model import Endpoint, Grant, Json, Tool

PAGE = 250
MOST_REMEMBERED = 512


class Form(StrEnum):
    BASIC = "basic"
    FULL = "full"


class Toolset:
    """The tools of one agent endpoint, in the order of their names; the page cache is its only state."""

    def __init__(
        self, name: str, endpoints: Mapping[str, Endpoint], *, instructions: str = "", page: int = PAGE
    ) -> None:
        self.name = name
        self.instructions = instructions
        self.endpoints = dict(sorted(endpoints.items()))
        self._page = page
        self._encoded: dict[tuple[Form, str], bytes] = {}
        self._pages: dict[tuple[Form, frozenset[tuple[str, str]] | None, int], tuple[bytes, int | None]] = {}

    @property
    def remembered(self) -> int:
        """Pages held ready."""
        return len(self._pages)

    def get(self, name: str) -> Endpoint | None:
        return self.endpoints.get(name)

    def begins_page(self, start: int) -> bool:
        """Whether some page begins there: a cursor is no secret, and pages are kept by their start."""
        return start == 0 or (start % self._page == 0 and start < len(self.endpoints))

    def page(self, form: Form, grant: Grant, start: int) -> tuple[bytes, int | None]:
        """The JSON array of tools from index `start` on, and the start of the next page."""
        key = (form, grant.operations, start)
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) >= MOST_REMEMBERED:
                self._pages.clear()
            page = self._pages[key] = self._join(form, grant, start)
        return page

    def _join(self, form: Form, grant: Grant, start: int) -> tuple[bytes, int | None]:
        names = [name for name, endpoint in self.endpoints.items() if _granted(endpoint, grant)]
        end = start + self._page
        page = b"[" + b",".join(self._tool(form, name) for name in names[start:end]) + b"]"
        return page, end if end < len(names) else None

    def _tool(self, form: Form, name: str) -> bytes:
        encoded = self._encoded.get((form, name))
        if encoded is None:
            tool = self.endpoints[name].tool
            assert tool is not None
            encoded = self._encoded[form, name] = orjson.dumps(tool_json(tool, form))
        return encoded


def _granted(endpoint: Endpoint, grant: Grant) -> bool:
    return grant.operations is None or (endpoint.operation.api, endpoint.operation.id) in grant.operations


def tool_json(tool: Tool, form: Form) -> dict[str, Json]:
    """MCP's Tool object; the title travels as an annotation where the revision has no better place."""
    out: dict[str, Json] = {"name": tool.name}
    if form is Form.FULL:
        out["title"] = tool.title
    out |= {"description": tool.description, "inputSchema": tool.input_schema}
    if form is Form.FULL and tool.output_schema is not None:
        out["outputSchema"] = tool.output_schema
    out["annotations"] = {"title": tool.title} | tool.annotations.as_json()
    return out
