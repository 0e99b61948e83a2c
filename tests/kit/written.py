"""A document as it was written, and what a caller should be able to say to it: an independent second reading.

Nothing here uses the importer: what both readings agree on was not lost. The rules that exclude a parameter are those
of the specification and of the gateway's documentation, written down once more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import orjson
import ryaml

from bridge.model import Json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
# "If in is "header" and the name field is "Accept", "Content-Type" or "Authorization", the parameter definition SHALL
# be ignored." (OpenAPI 3.0.3, Parameter Object; 2.0 has no such rule.)
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
# RFC 9110 section 7.6.1, and what frames or routes a message: no argument may write these.
CONNECTION_HEADERS = frozenset(
    {"host", "content-length", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "expect",
     "proxy-authorization", "proxy-authenticate", "proxy-connection", "cookie"}
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that a caller must be able to send. `name` is "" for a body without named properties."""

    kind: str
    """path, query, header, cookie, querystring, json, form, multipart or other (bodies of any other media type)."""
    name: str
    where: str
    """JSON pointer."""


@dataclass(frozen=True, slots=True)
class WrittenOperation:
    """`item` and `node` are the Path Item and the Operation Object, references of the path itself followed."""

    method: str
    path: str
    item: Mapping[str, Json] = field(repr=False)
    node: Mapping[str, Json] = field(repr=False)
    where: str

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


def read(path: Path) -> "Written":
    text = path.read_text(encoding="utf-8")
    is_json = text.lstrip()[:1] == "{"
    return Written(orjson.loads(text) if is_json else ryaml.loads(text))  # type: ignore[attr-defined] # its stubs forget


@dataclass(frozen=True, slots=True)
class Written:
    root: Json = field(repr=False)

    @property
    def version(self) -> str:
        return str(self.root.get("openapi") or self.root.get("swagger"))[:3]

    @property
    def methods(self) -> tuple[str, ...]:
        more = {"2.0": (), "3.2": ("trace", "query")}
        return METHODS + more.get(self.version, ("trace",))

    def operations(self) -> Iterator[WrittenOperation]:
        """Every Operation Object under `paths`, whatever may be wrong with it."""
        for path, written in (self.root.get("paths") or {}).items():
            if path.startswith("x-"):
                continue
            item, where = self.resolved(written, f"/paths/{escaped(path)}")
            if not isinstance(item, dict):
                continue
            for method in self.methods:
                if isinstance(item.get(method), dict):
                    yield WrittenOperation(method.upper(), path, item, item[method], f"{where}/{method}")
            extra = item.get("additionalOperations") if self.version == "3.2" else None
            for method, node in (extra or {}).items():
                yield WrittenOperation(method, path, item, node, f"{where}/additionalOperations/{escaped(method)}")

    def resolved(self, node: Json, where: str = "") -> tuple[Json, str]:
        """What a node means once its references are followed, and where that stands. None for a dangling one."""
        for _ in range(DEEPEST):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node, where
            where = unquote(node["$ref"].removeprefix("#"))
            node = self._at(where)
        return None, where

    def _at(self, pointer: str) -> Json:
        node = self.root
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, ValueError, IndexError, TypeError):
                return None
        return node

    # --- parameters ---------------------------------------------------------------------------------------------------

    def parameters(self, operation: WrittenOperation) -> dict[tuple[str, str], tuple[Mapping[str, Json], str]]:
        """By place and name, the operation's own over those of its path: each with its pointer."""
        found: dict[tuple[str, str], tuple[Mapping[str, Json], str]] = {}
        above = operation.where.rpartition("/")[0].removesuffix("/additionalOperations")
        for owner, where in ((operation.item, above), (operation.node, operation.where)):
            for position, node in enumerate(owner.get("parameters") or []):
                target, place = self.resolved(node, f"{where}/parameters/{position}")
                if isinstance(target, dict) and "name" in target and "in" in target:
                    found[target["in"], target["name"]] = target, place
        return found

    def expected(self, operation: WrittenOperation, media_type: str | None) -> Iterator[Expected]:
        """Parameters, then the body in the media type that was chosen; None takes the document's first."""
        credentials = self._credentials()
        for (where, name), (parameter, place) in self.parameters(operation).items():
            if where in {"body", "formData"} and self.version == "2.0":
                continue
            if (where, name.lower()) in credentials or self._is_read_only(parameter):
                continue
            if where == "header" and self._is_spoken_for(name):
                continue
            yield Expected(where, name, place)
        yield from self._expected2(operation) if self.version == "2.0" else self._expected3(operation, media_type)

    def _is_spoken_for(self, name: str) -> bool:
        ignored = IGNORED_HEADERS if self.version != "2.0" else frozenset[str]()
        return name.lower() in ignored | CONNECTION_HEADERS

    def _credentials(self) -> set[tuple[str, str]]:
        schemes = self.root.get("securityDefinitions") or (self.root.get("components") or {}).get("securitySchemes")
        nodes = [self.resolved(node)[0] for node in (schemes or {}).values()]
        return {(node["in"], node["name"].lower()) for node in nodes if node and node.get("type") == "apiKey"}

    def _is_read_only(self, parameter: Mapping[str, Json]) -> bool:
        schema, _ = self.resolved(parameter.get("schema"))
        return isinstance(schema, dict) and schema.get("readOnly") is True

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _expected2(self, operation: WrittenOperation) -> Iterator[Expected]:
        consumes = operation.node.get("consumes", self.root.get("consumes")) or []
        of_form = {name: found for (where, name), found in self.parameters(operation).items() if where == "formData"}
        is_file = any(parameter.get("type") == "file" for parameter, _ in of_form.values())
        multipart = is_file or ("multipart/form-data" in consumes and FORM not in consumes)
        for name, (_, place) in of_form.items():
            yield Expected("multipart" if multipart else "form", name, place)
        for (where, _), (parameter, place) in self.parameters(operation).items():
            if where == "body" and not of_form:
                yield from self._fields("json", parameter.get("schema"), place)

    def _expected3(self, operation: WrittenOperation, media_type: str | None) -> Iterator[Expected]:
        body, place = self.resolved(operation.node.get("requestBody"), f"{operation.where}/requestBody")
        content = body.get("content") if isinstance(body, dict) else None
        if not content:
            return
        chosen = media_type if media_type is not None and media_type in content else next(iter(content))
        media, _ = self.resolved(content[chosen])
        media = media if isinstance(media, dict) else {}
        yield from self._fields(kind_of(chosen), media.get("schema", media.get("itemSchema")), place)

    def _fields(self, kind: str, schema: Json, where: str) -> Iterator[Expected]:
        names = properties(schema, self) if kind != "other" else {}
        for name, read_only in names.items():
            if not read_only:
                yield Expected(kind, name, where)
        if not names:
            yield Expected(kind, "", where)


def kind_of(media_type: str) -> str:
    bare = media_type.partition(";")[0].strip().lower()
    if bare in {"application/json", "text/json", "*/*", "application/*"} or bare.endswith("+json"):
        return "json"
    if bare == FORM:
        return "form"
    return "multipart" if bare.startswith("multipart/") else "other"


def properties(schema: Json, document: Written, depth: int = 0) -> dict[str, bool]:
    """The top-level properties of an object schema, all branches together, and whether each is readOnly throughout."""
    node, _ = document.resolved(schema)
    if not isinstance(node, dict) or depth > DEEPEST or not isinstance(node.get("properties", {}), dict):
        return {}
    found = {name: _read_only(one, document) for name, one in node.get("properties", {}).items()}
    for part in node.get("allOf") or []:
        for name, read_only in properties(part, document, depth + 1).items():
            found[name] = found.get(name, False) or read_only
    branches = [properties(one, document, depth + 1) for key in ("oneOf", "anyOf") for one in node.get(key) or []]
    for name in {name for branch in branches for name in branch}:
        everywhere = all(branch[name] for branch in branches if name in branch)
        found[name] = found[name] or everywhere if name in found else everywhere
    if isinstance(schema, dict) and schema is not node and isinstance(schema.get("properties"), dict):
        found |= {name: _read_only(one, document) for name, one in schema["properties"].items()}
    return found


def _read_only(schema: Json, document: Written, depth: int = 0) -> bool:
    """readOnly beside a reference counts too: documents write it there, and 3.1 means it."""
    node, _ = document.resolved(schema)
    nodes = [one for one in (schema, node) if isinstance(one, dict)]
    if any(one.get("readOnly") is True for one in nodes):
        return True
    parts = [part for one in nodes[-1:] for part in one.get("allOf") or []]
    return depth < DEEPEST and any(_read_only(part, document, depth + 1) for part in parts)


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
