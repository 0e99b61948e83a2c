"""Security schemes and requirements, and the servers an operation is called at."""

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from bridge.importer.dialect import Dialect
from bridge.importer.reading import Reading, items, members, object_of, text_of
from bridge.importer.refs import At, Dangling
from bridge.model import Json, SecurityScheme

_FLOWS_2_0 = {"implicit": "implicit", "password": "password", "application": "clientCredentials",
              "accessCode": "authorizationCode"}  # fmt: skip

LONGEST = 4_096
"""Characters of a server's URL, before and after its variables are filled in."""
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_UNFIT = re.compile(r"[\x00-\x20\x7f]")


def schemes(reading: Reading) -> dict[str, SecurityScheme]:
    root = At(reading.document.root, reading.document)
    if reading.dialect is Dialect.SWAGGER_2_0:
        place = members(root, "securityDefinitions")
    else:
        components = members(root, "components")
        place = members(components, "securitySchemes") if components is not None else None
    found: dict[str, SecurityScheme] = {}
    for name in place.value if place is not None else ():
        assert place is not None
        try:
            at = reading.refs.follow(place.child(name))
        except Dangling as error:
            reading.notes.warn(
                "dangling-reference", place.child(name), f"the security scheme {error}", lost="this scheme"
            )
            continue
        if isinstance(at.value, dict):
            found[name] = _scheme(name, at.value)
    return found


def _scheme(name: str, value: Json) -> SecurityScheme:
    kind = text_of(value, "type")
    scheme = text_of(value, "scheme").lower()
    flows = object_of(value, "flows")
    if kind == "basic":
        kind, scheme = "http", "basic"
    elif kind == "oauth2" and "flow" in value:
        flows = {_FLOWS_2_0.get(str(value["flow"]), str(value["flow"])): value}
    url = text_of(value, "openIdConnectUrl") or text_of(value, "oauth2MetadataUrl")
    return SecurityScheme(name, kind, text_of(value, "name"), text_of(value, "in"), scheme, flows, url)


def requirements(reading: Reading, operation: At) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """The operation's own alternatives, else the document's. An empty mapping among them makes all optional."""
    owner = operation if "security" in operation.value else At(reading.document.root, reading.document)
    return tuple(
        {
            name: tuple(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else ()
            for name, scopes in alternative.value.items()
        }
        for alternative in items(owner, "security")
        if isinstance(alternative.value, dict)
    )


def document_security(reading: Reading) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """The document's own alternatives, whatever its operations say."""
    return requirements(reading, At({}, reading.document))


def servers(reading: Reading, path_item: At, operation: At) -> tuple[tuple[str, ...], bool]:
    """Effective server URLs (operation over path over root), and whether they are not the document's own.

    Servers of which none can be used are not replaced by those above them: they may be another host's.
    """
    if reading.dialect is Dialect.SWAGGER_2_0:
        return _servers2(reading, operation), False
    root = At(reading.document.root, reading.document)
    for owner in (operation, path_item, root):
        given = items(owner, "servers")
        if given:
            return tuple(url for at in given if (url := _url(reading, at))), owner is not root
    return (), False


def document_servers(reading: Reading) -> tuple[str, ...]:
    """The document's own servers, whatever its operations say."""
    root = At(reading.document.root, reading.document)
    return servers(reading, At({}, root.doc), At({}, root.doc))[0]


def _url(reading: Reading, at: At) -> str:
    if not isinstance(at.value, dict) or not isinstance(at.value.get("url"), str):
        return ""
    url: str = at.value["url"]
    if len(url) > LONGEST:
        return _unusable(reading, at, f"it has {len(url):,} characters, more than {LONGEST:,}")
    variables = at.value.get("variables")
    values: dict[str, str] = {}
    for name in dict.fromkeys(_VARIABLE.findall(url)):
        value = _variable(reading, at, name, variables.get(name) if isinstance(variables, dict) else None)
        if value is None:
            return ""
        values[name] = value
    # In one go, so that what a value brings is never read as a variable again.
    return _usable(reading, at, _VARIABLE.sub(lambda found: values[found[1]], url))


def _usable(reading: Reading, at: At, url: str) -> str:
    """The absolute URL; "" for one that is none, which a finding says."""
    if len(url) > LONGEST:
        return _unusable(reading, at, f"with its variables it has {len(url):,} characters, more than {LONGEST:,}")
    if _UNFIT.search(url):
        return _unusable(reading, at, f"{url[:100]!r} holds a blank or a control character")
    try:
        urlsplit(url).port  # noqa: B018 - raises for what is no port
        return _resolved(reading, url)
    except ValueError as error:
        return _unusable(reading, at, f"{url[:100]!r} is no URL: {error}")


def _unusable(reading: Reading, at: At, why: str) -> str:
    reading.notes.warn(
        "invalid-server", at, f"this server cannot be called: {why}", lost="this server",
        advice="mend its url, or give an upstream address",
    )  # fmt: skip
    return ""


def _variable(reading: Reading, at: At, name: str, variable: Json) -> str | None:
    """The configured value, else the default; never anything a caller sends."""
    chosen = reading.options.server_variables.get(name)
    default = variable.get("default") if isinstance(variable, dict) else None
    allowed = variable.get("enum") if isinstance(variable, dict) else None
    if chosen is not None and isinstance(allowed, list) and chosen not in allowed:
        reading.notes.warn(
            "server-variable", at, f"{chosen!r} is no value of the server variable {name!r}; its default is used",
            advice=f"one of {', '.join(map(str, allowed))}",
        )  # fmt: skip
        chosen = None
    if chosen is None and default is None:
        reading.notes.warn(
            "server-variable", at, f"the server variable {name!r} has no default", lost="this server",
            advice="set it under server_variables, or give an upstream address",
        )  # fmt: skip
        return None
    return chosen if chosen is not None else str(default)


def _resolved(reading: Reading, url: str) -> str:
    """OpenAPI: a relative server URL is relative to where the document is served; a file gives it no host."""
    base = reading.document.uri
    return (urljoin(base, url) if "://" in base else url).rstrip("/")


def _servers2(reading: Reading, operation: At) -> tuple[str, ...]:
    root = reading.document.root
    host, base = text_of(root, "host"), text_of(root, "basePath")
    own = operation.value.get("schemes")
    listed = own if isinstance(own, list) and own else root.get("schemes")
    usable = [scheme for scheme in ("https", "http") if scheme in listed] if isinstance(listed, list) else []
    path = f"/{base.strip('/')}".rstrip("/") if base.strip("/") else ""
    document = reading.document.uri
    if not host:
        return _listed(reading, [path or "/"]) if path or "://" in document else ()
    if not usable:
        # 2.0: "If the schemes is not included, the default scheme to be used is the one used to access the document."
        usable = ["http"] if document.startswith("http://") else ["https"]
    return _listed(reading, [f"{scheme}://{host}{path}" for scheme in usable])


def _listed(reading: Reading, urls: list[str]) -> tuple[str, ...]:
    at = At(reading.document.root, reading.document)
    return tuple(usable for url in urls if (usable := _usable(reading, at, url)))
