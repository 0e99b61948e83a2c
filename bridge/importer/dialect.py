"""Which specification a document follows, and what that decides."""

import re
from enum import StrEnum

from bridge.importer.budget import ImportFailed
from bridge.importer.document import Document

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Dialect(StrEnum):
    SWAGGER_2_0 = "2.0"
    OPENAPI_3_0 = "3.0"
    OPENAPI_3_1 = "3.1"
    OPENAPI_3_2 = "3.2"

    @property
    def siblings(self) -> bool:
        """Whether keywords beside a schema's `$ref` count."""
        return self in {Dialect.OPENAPI_3_1, Dialect.OPENAPI_3_2}

    @property
    def methods(self) -> tuple[str, ...]:
        """The Path Item's fixed method fields; `query` is new in 3.2."""
        return (*METHODS, "query") if self is Dialect.OPENAPI_3_2 else METHODS


def dialect_of(document: Document) -> Dialect:
    """Raises ImportFailed for what is no OpenAPI document, or one of another generation."""
    root = document.root
    if not isinstance(root, dict):
        raise ImportFailed(document.name, "not an OpenAPI document: the root must be an object", 1, 1)
    for field in ("openapi", "swagger"):
        if field in root:
            return _named(document, field, str(root[field]).strip())
    if "swaggerVersion" in root:
        raise ImportFailed(document.name, "Swagger 1.x is not supported; convert it to OpenAPI 3 first")
    if "overlay" in root:
        raise ImportFailed(document.name, "this is an Overlay, not an OpenAPI document; name it as an overlay")
    if "asyncapi" in root:
        raise ImportFailed(document.name, "this is an AsyncAPI document; only OpenAPI and Swagger 2.0 can be imported")
    raise ImportFailed(
        document.name, 'not an OpenAPI document: it has neither "openapi: 3.x" nor "swagger: 2.0" at its root', 1, 1
    )


def _named(document: Document, field: str, version: str) -> Dialect:
    found = re.match(r"(2|3)(?:\.(\d+))?", version)
    if found and found[1] == "2" and (found[2] or "0") == "0":
        return Dialect.SWAGGER_2_0
    if found and found[1] == "3":
        # A later 3.x is read as the latest one known: minor versions only add.
        return {"0": Dialect.OPENAPI_3_0, "1": Dialect.OPENAPI_3_1}.get(found[2] or "0", Dialect.OPENAPI_3_2)
    raise ImportFailed(document.name, f"{field}: {version!r} is no supported version (2.0, 3.0, 3.1, 3.2)")
