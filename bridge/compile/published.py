"""Each API's own document with the gateway's address in it, for `<prefix>/openapi.json`.

Everything but the address is written when the document is imported: a runtime only puts the end to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from bridge.importer import Imported
from bridge.importer.dialect import Dialect
from bridge.model import Json, Route

NAME = "openapi.json"
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Unaddressed:
    """A document as JSON without its last brace and without where its API is found."""

    swagger: bool
    pieces: tuple[bytes, ...]

    def addressed(self, route: Route, public_url: str) -> bytes:
        address = _swagger_address(route, public_url) if self.swagger else _address(route, public_url)
        # Whatever is read as a document has members of its own.
        return b"".join((*self.pieces, b",", orjson.dumps(address)[1:]))


def path_of(route: Route) -> str:
    return f"{route.prefix}/{NAME}"


def unaddressed(imported: Iterable[Imported]) -> dict[str, Unaddressed]:
    """By the names of the APIs."""
    made: dict[str, Unaddressed] = {}
    for api in imported:
        swagger = api.reading.dialect is Dialect.SWAGGER_2_0
        text = orjson.dumps((_swagger if swagger else _openapi)(api.document.root))
        made[api.api.name] = Unaddressed(swagger, (text[:-1],))
    return made


def published(
    documents: Mapping[str, Unaddressed], routes: Mapping[str, Route], public_url: str
) -> dict[tuple[str, str], tuple[str, bytes]]:
    """(host, path) → media type and bytes; the host is "" for an API that answers under any."""
    made: dict[tuple[str, str], tuple[str, bytes]] = {}
    for name, document in documents.items():
        route = routes[name]
        # The public address is the gateway's; an API with a host of its own is found where its document was asked for.
        text = document.addressed(route, "" if route.host else public_url)
        made[route.host or "", path_of(route)] = (MEDIA_TYPE, text)
    return made


def _address(route: Route, public_url: str) -> Json:
    """One server, the gateway."""
    return {"servers": [{"url": f"{public_url}{route.prefix}" or "/"}]}


def _swagger_address(route: Route, public_url: str) -> Json:
    """2.0: without `host` and `schemes`, those that serve the document are used."""
    address = urlsplit(public_url)
    out: dict[str, Json] = {"host": address.netloc, "schemes": [address.scheme]} if address.netloc else {}
    return out | {"basePath": f"{address.path}{route.prefix}" or "/"}


def _openapi(root: Json) -> Json:
    """The servers of paths, operations, callbacks and links would lead around the gateway."""
    out = _without(root, "servers") | _each(root, "paths", _path) | _each(root, "webhooks", _path)
    components = root.get("components")
    if isinstance(components, dict):
        out["components"] = components | _changed(components, _COMPONENTS)
    return out


def _each(node: Json, key: str, change: Callable[[Json], Json]) -> dict[str, Json]:
    held = node.get(key)
    return {key: {name: change(value) for name, value in held.items()}} if isinstance(held, dict) else {}


def _path(item: Json) -> Json:
    """`additionalOperations` (3.2) holds operations by their methods."""
    if not isinstance(item, dict):
        return item
    plain = {key: _operation(value) for key, value in item.items() if key != "servers"}
    return plain | _each(item, "additionalOperations", _operation)


def _operation(value: Json) -> Json:
    return _without(value, "servers") | _changed(value, _OPERATION) if isinstance(value, dict) else value


def _callback(value: Json) -> Json:
    """Path Items by expressions."""
    return {key: _path(item) for key, item in value.items()} if isinstance(value, dict) else value


def _response(value: Json) -> Json:
    return value | _each(value, "links", _link) if isinstance(value, dict) else value


def _link(value: Json) -> Json:
    return _without(value, "server") if isinstance(value, dict) else value


_OPERATION = {"callbacks": _callback, "responses": _response}
_COMPONENTS = {"pathItems": _path, "callbacks": _callback, "responses": _response, "links": _link}


def _changed(node: Json, changes: Mapping[str, Callable[[Json], Json]]) -> dict[str, Json]:
    return {name: held for key, change in changes.items() for name, held in _each(node, key, change).items()}


def _without(value: dict[str, Json], key: str) -> dict[str, Json]:
    return {name: inner for name, inner in value.items() if name != key}


def _swagger(root: Json) -> Json:
    return {key: value for key, value in root.items() if key not in {"host", "schemes", "basePath"}}
