"""Each API's own document with the gateway's address in it, for `<prefix>/openapi.json`."""

from collections.abc import Mapping
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
) -> dict[str, tuple[str, bytes]]:
    """Path → media type and bytes. An API that only answers under a host of its own shares the path with others."""
    made: dict[str, tuple[str, bytes]] = {}
    for api in imported:
        route = routes[api.api.name]
        root = api.document.root
        readdressed = _swagger if api.reading.dialect is Dialect.SWAGGER_2_0 else _openapi
        document = readdressed(root, route, public_url)
        made.setdefault(path_of(route), (MEDIA_TYPE, orjson.dumps(document)))
    return made


def _openapi(root: Json, route: Route, public_url: str) -> Json:
    """One server, the gateway; those of paths and operations would lead around it."""
    paths = root.get("paths")
    out = {**root, "servers": [{"url": f"{public_url}{route.prefix}" or "/"}]}
    if isinstance(paths, dict):
        out["paths"] = {key: _without_servers(item) for key, item in paths.items()}
    return out


def _without_servers(item: Json) -> Json:
    if not isinstance(item, dict):
        return item
    return {
        key: {k: v for k, v in value.items() if k != "servers"} if isinstance(value, dict) else value
        for key, value in item.items()
        if key != "servers"
    }


def _swagger(root: Json, route: Route, public_url: str) -> Json:
    """2.0: without `host` and `schemes`, those that serve the document are used."""
    address = urlsplit(public_url)
    out = {key: value for key, value in root.items() if key not in {"host", "schemes", "basePath"}}
    if address.netloc:
        out |= {"host": address.netloc, "schemes": [address.scheme]}
    return out | {"basePath": f"{address.path}{route.prefix}" or "/"}
