"""A catalogue as text that people compare: what agents see, what goes on the wire, and what was noticed."""

from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import orjson

from bridge.importer import Options, Sources, build, import_api
from bridge.model import Catalog, Json, Operation, Tool
from tests.kit.documents import document

CASES = Path(__file__).parent / "importer"
_ELSEWHERE = frozenset({"api", "digest", "input_schema", "summary", "description", "schema", "where"})


def cases() -> list[str]:
    return sorted(path.name for path in CASES.iterdir() if (path / "document.yaml").exists())


def rendered(case: str) -> str:
    source = document((CASES / case / "document.yaml").read_text(), name="document.yaml")
    return text(build([import_api(case, Sources(source), Options())]))


def text(catalog: Catalog) -> str:
    resources = [_plain(resource) for resource in catalog.resources if resource.listed]
    whole = {
        "tools": [_tool(tool) for tool in catalog.tools.values()],
        **({"resources": resources} if resources else {}),
        "operations": [_plain(operation) for operation in catalog.operations.values()],
        "findings": [
            f"{finding.severity} {finding.id} at {finding.where or '/'}: {finding.message}"
            + (f" (lost: {finding.lost})" if finding.lost else "")
            for finding in catalog.findings
        ],
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode() + "\n"


def _tool(tool: Tool) -> Json:
    told = {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "expose": tool.expose,
        "confirm": tool.confirm,
        "ask": _plain(tool.ask) or None,
        "annotations": tool.annotations.as_json(),
        "wrapped": tool.wrapped,
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
        "operation": tool.operation,
    }
    return {key: value for key, value in told.items() if value is not None and value is not False}


def _plain(value: object) -> Json:
    """Dataclasses as objects, without what is at its default and without what the tool shows already."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {one.name: (getattr(value, one.name), one.default) for one in fields(value)}
        hidden = _ELSEWHERE if isinstance(value, Operation) else {"schema"}
        return {
            name: _plain(member)
            for name, (member, default) in members.items()
            if name not in hidden and member != default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(_plain(member) for member in value)
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, tuple | list) else value
