"""Each API's own document with the gateway's address in it, for `<prefix>/openapi.json`."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import orjson

from bridge.importer import Imported
from bridge.importer.dialect import Dialect
from bridge.model import Json, Route

NAME = "openapi.json"
MEDIA_TYPE = "application/json"


def path_of(route: Route) -> str:
    return f"{route.prefix}/{NAME}"


def published(
    imported: tuple[Imported, ...], routes: Mapping[str, Route], public_url: str
) -> dict[tuple[str, str], tuple[str, bytes]]:
    """(host, path) → media type and bytes; the host is "" for an API that answers under any."""
    made: dict[tuple[str, str], tuple[str, bytes]] = {}
    for api in imported:
        route = routes[api.api.name]
        root = api.document.root
        readdressed = _swagger if api.reading.dialect is Dialect.SWAGGER_2_0 else _openapi
        # The public address is the gateway's; an API with a host of its own is found where its document was asked for.
        document = readdressed(root, route, "" if route.host else public_url)
        made[route.host or "", path_of(route)] = (MEDIA_TYPE, orjson.dumps(document))
    return made


def _openapi(root: Json, route: Route, public_url: str) -> Json:
    """One server, the gateway; those of paths, operations, callbacks and links would lead around it."""
    out = {**root, "servers": [{"url": f"{public_url}{route.prefix}" or "/"}]}
    out |= _each(root, "paths", _path) | _each(root, "webhooks", _path)
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


def _swagger(root: Json, route: Route, public_url: str) -> Json:
    """2.0: without `host` and `schemes`, those that serve the document are used."""
    address = urlsplit(public_url)
    out = {key: value for key, value in root.items() if key not in {"host", "schemes", "basePath"}}
    if address.netloc:
        out |= {"host": address.netloc, "schemes": [address.scheme]}
    return out | {"basePath": f"{address.path}{route.prefix}" or "/"}
