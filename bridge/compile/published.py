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
    """One server, the gateway; those of paths and operations would lead around it."""
    out = {**root, "servers": [{"url": f"{public_url}{route.prefix}" or "/"}]}
    out |= _each(root, "paths", _path)
    components = root.get("components")
    if isinstance(components, dict):
        out["components"] = components | _each(components, "pathItems", _path)
    return out


def _each(node: Json, key: str, change: Callable[[Json], Json]) -> dict[str, Json]:
    held = node.get(key)
    return {key: {name: change(value) for name, value in held.items()}} if isinstance(held, dict) else {}


def _path(item: Json) -> Json:
    """`additionalOperations` (3.2) holds operations by their methods."""
    if not isinstance(item, dict):
        return item
    plain = {key: _serverless(value) for key, value in item.items() if key != "servers"}
    return plain | _each(item, "additionalOperations", _serverless)


def _serverless(value: Json) -> Json:
    return {key: inner for key, inner in value.items() if key != "servers"} if isinstance(value, dict) else value


def _swagger(root: Json, route: Route, public_url: str) -> Json:
    """2.0: without `host` and `schemes`, those that serve the document are used."""
    address = urlsplit(public_url)
    out = {key: value for key, value in root.items() if key not in {"host", "schemes", "basePath"}}
    if address.netloc:
        out |= {"host": address.netloc, "schemes": [address.scheme]}
    return out | {"basePath": f"{address.path}{route.prefix}" or "/"}
