"""What the steps of one import pass along, and the neutral shapes into which both generations of OpenAPI are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.importer.dialect import Dialect
from bridge.importer.document import Document
from bridge.importer.notes import Notes
from bridge.importer.options import Options
from bridge.importer.refs import At, Refs
from bridge.importer.schema import Schemas
from bridge.model import Json, Style, Where


@dataclass(frozen=True, slots=True)
class Reading:
    """One import under way."""

    api: str
    document: Document
    dialect: Dialect
    options: Options
    refs: Refs
    notes: Notes
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class RawParam:
    """A parameter outside the body. `schema` is None when the document gives none."""

    at: At
    name: str
    where: Where
    required: bool
    style: Style
    explode: bool
    schema: At | None
    description: str = ""
    allow_reserved: bool = False
    allow_empty: bool = False
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class RawContent:
    """One media type of a body: its schema and its encodings by property."""

    media_type: str
    schema: At | None
    encoding: Mapping[str, At] = field(default_factory=dict)
    item_schema: At | None = None


@dataclass(frozen=True, slots=True)
class RawBody:
    """`required` is None where the document does not say."""

    at: At
    required: bool | None
    contents: tuple[RawContent, ...]
    description: str = ""
    styles: Mapping[str, tuple[Style, bool]] = field(default_factory=dict)
    """Swagger 2.0's collectionFormat of form fields, as style and explode."""
    name: str = "body"


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: str
    at: At
    description: str
    contents: tuple[RawContent, ...]


def text_of(value: Json, key: str) -> str:
    """A text member of an object; "" when it is not there or not text."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def object_of(value: Json, key: str) -> dict[str, Json]:
    """An object member of an object; empty when it is not there or no object."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def members(at: At, key: str) -> At | None:
    """The object under `key`; None when it is missing or no object."""
    return at.child(key) if isinstance(at.value, dict) and isinstance(at.value.get(key), dict) else None


def items(at: At, key: str) -> list[At]:
    """The items of the list under `key`; none when it is missing or no list."""
    found = at.value.get(key) if isinstance(at.value, dict) else None
    return [at.child(key).child(position) for position in range(len(found))] if isinstance(found, list) else []
