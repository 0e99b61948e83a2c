"""swagger-client's `buildRequest` in one long-lived Node process, and requests in a form that can be compared.

swagger-client wants references resolved and one set of names, so it gets a document of one operation, resolved by the
second reading. Defaults are left out of it: it sends them, where the gateway sends what an agent asked for.
"""

import base64
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote

import orjson

from bridge.model import BodyKind, Field, Json, Operation, Spread, Wire
from tests.kit.needs import node
from tests.kit.parts import parts
from tests.kit.written import Written, WrittenOperation

SCRIPT = Path(__file__).parent / "node" / "build_request.js"
BASE = "https://upstream.test"


class SwaggerClient:
    """`with SwaggerClient() as client`: one process for any number of requests."""

    _asked = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([str(node()), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)

    def build(
        self, written: Written, place: WrittenOperation, operation: Operation, arguments: Mapping[str, Json]
    ) -> Json:
        """The request that swagger-client makes of the same arguments; `{"error": …}` where it makes none."""
        self._asked += 1
        asked = question(written, place, operation, arguments) | {"id": self._asked}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asked) + b"\n")
        self._process.stdin.flush()
        # Whoever gave up waiting for an earlier answer has left it in the pipe.
        while (answer := orjson.loads(self._process.stdout.readline()))["id"] != self._asked:
            pass
        return answer


def question(written: Written, place: WrittenOperation, operation: Operation, arguments: Mapping[str, Json]) -> Json:
    asked: dict[str, Json] = {
        "spec": _document(written, place),
        "pathName": place.path,
        "method": place.method.lower(),
        "parameters": {
            f"{param.where.value}.{param.name}": arguments[param.argument]
            for param in operation.params
            if param.argument in arguments
        },
        "baseURL": BASE,
    }
    body = _body(operation, arguments)
    if operation.body is None or body is None:
        return asked
    asked["requestContentType"] = operation.body.media_type
    if written.version != "2.0":
        return asked | {"requestBody": body}
    if operation.body.kind in {BodyKind.FORM, BodyKind.MULTIPART}:
        asked["parameters"] |= {f"formData.{name}": value for name, value in body.items()}
    else:
        asked["parameters"] |= {f"body.{name}": body for where, name in written.parameters(place) if where == "body"}
    return asked


def _document(written: Written, place: WrittenOperation) -> Json:
    """A document of one operation with its parameters, the path's among them."""
    parameters = [_parameter(written, node) for node, _ in written.parameters(place).values()]
    operation = {key: value for key, value in place.node.items() if key != "responses"} | {"parameters": parameters}
    if "requestBody" in operation:
        operation["requestBody"] = _resolved_body(written, operation["requestBody"])
    head = {key: written.root[key] for key in ("openapi", "swagger", "consumes", "produces") if key in written.root}
    return head | {"paths": {place.path: {place.method.lower(): operation}}}


def _parameter(written: Written, node: Mapping[str, Json]) -> Json:
    parameter = {key: value for key, value in node.items() if key != "default"}
    if "schema" in parameter:
        schema, _ = written.resolved(parameter["schema"])
        parameter["schema"] = {key: value for key, value in (schema or {}).items() if key != "default"}
    return parameter


def _resolved_body(written: Written, node: Json) -> Json:
    body, _ = written.resolved(node)
    return {**body, "content": {name: written.resolved(media)[0] for name, media in body.get("content", {}).items()}}


def _body(operation: Operation, arguments: Mapping[str, Json]) -> Json:
    """The body in the names of the document; None where no argument makes one up."""
    body = operation.body
    if body is None:
        return None
    if body.spread is Spread.WHOLE:
        given = arguments.get(body.argument)
        return {"$file": _standard(given)} if body.binary and isinstance(given, str) else given
    named = {
        field.name: _field(field, arguments[field.argument]) for field in body.fields if field.argument in arguments
    }
    return named or ({} if body.required else None)


def _field(field: Field, value: Json) -> Json:
    if field.item is not None and isinstance(value, list):
        return [_field(field.item, one) for one in value]
    return {"$file": _standard(value)} if field.binary and isinstance(value, str) else value


def _standard(text: str) -> str:
    return base64.b64encode(base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "==")).decode()


# --- comparing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meaning:
    """A request as a server reads it: percent-encoding undone after the parts were told from each other.

    Pairs of different names may come in any order. `raw` keeps the target as it was written, for a stricter comparison.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    media_type: str
    body: Json
    raw: str


def differences(ours: Meaning, theirs: Meaning) -> list[str]:
    """One line for each part that differs: its name, ours, theirs."""
    return [
        f"{part}: {getattr(ours, part)!r} ≠ {getattr(theirs, part)!r}"
        for part in ("method", "path", "query", "headers", "media_type", "body")
        if getattr(ours, part) != getattr(theirs, part)
    ]


def ours(wire: Wire, names: frozenset[str]) -> Meaning:
    """`names` are the headers that parameters write, in lower case; others are each side's own."""
    headers = {name.decode(): value.decode("latin-1") for name, value in wire.headers}
    media_type = headers.get("content-type", "")
    body = wire.body if isinstance(wire.body, bytes) else b""
    return Meaning(wire.method, *_target(wire.target), _chosen(headers, names), _essence(media_type),
                   _read(body, media_type) if wire.body is not None else None, wire.target)  # fmt: skip


def theirs(answer: Json, names: frozenset[str]) -> Meaning:
    headers = {name.lower(): _text(value) for name, value in answer["headers"].items()}
    media_type = headers.get("content-type", "")
    target = answer["url"].removeprefix(BASE)
    return Meaning(answer["method"], *_target(target), _chosen(headers, names), _essence(media_type),
                   _their_body(answer.get("body"), media_type), target)  # fmt: skip


def _text(value: Json) -> str:
    """As `fetch` writes header values: JavaScript's String()."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _target(target: str) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    # RFC 9110 section 7.1: a request's target leaves out the fragment, which some documents write into a path.
    path, _, query = target.partition("#")[0].partition("?")
    return tuple(map(unquote, path.split("/"))), _pairs(query)


def _pairs(text: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found[name] = (*found.get(name, ()), value)
    return found


def _chosen(headers: Mapping[str, str], names: frozenset[str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name in names}


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _read(body: bytes, media_type: str) -> Json:
    kind = _essence(media_type)
    if kind.endswith("json"):
        return orjson.loads(body)
    if kind == "application/x-www-form-urlencoded":
        return _pairs(body.decode())
    if kind.startswith("multipart/"):
        return sorted(parts(body, media_type))
    return body


def _their_body(body: Json, media_type: str) -> Json:
    kind = _essence(media_type)
    if isinstance(body, dict) and "$form" in body:
        return sorted((name, _bytes(value)) for name, value in body["$form"])
    if isinstance(body, dict) and "$file" in body:
        return _bytes(body)
    if kind == "application/x-www-form-urlencoded" and isinstance(body, str):
        return _pairs(body)
    # Numbers, true and null are written by JSON.stringify; text goes out as it is.
    return body.encode() if isinstance(body, str) and not kind.endswith("json") else body


def _bytes(value: Json) -> bytes:
    return base64.b64decode(value["$file"]) if isinstance(value, dict) else str(value).encode()
