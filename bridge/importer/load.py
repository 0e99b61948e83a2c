"""A path or a URL becomes a Document; a directory becomes the list of the documents in it."""

import re
from pathlib import Path

import orjson

from bridge.importer.budget import Budgets, ImportFailed
from bridge.importer.document import Document
from bridge.importer.library import Library, ReferenceRefused, join
from bridge.importer.parse import parse
from bridge.importer.source import Fetch, Fetched, Unfetchable, fetch_document, named, read_file
from bridge.model import Json

__all__ = [
    "Document",
    "Fetch",
    "Fetched",
    "Library",
    "ReferenceRefused",
    "Unfetchable",
    "join",
    "load",
    "parse",
    "sources_in",
]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def load(source: str, *, fetch: Fetch | None, budgets: Budgets) -> Document:
    """A document from a path or an http(s) URL. Raises ImportFailed."""
    scheme = _SCHEME.match(source)
    if not scheme or Path(source).exists():
        path = Path(source)
        return parse(read_file(path, source, budgets), str(path.resolve()), source, None, budgets)
    if scheme.group(1).lower() not in {"http", "https"}:
        raise ImportFailed(named(source), f"cannot read {scheme.group(1)}: documents; give a path or an http(s) URL")
    fetched = fetch_document(source, named(source), fetch)
    return parse(fetched.body, fetched.url, named(source), fetched.media_type, budgets)


def sources_in(path: Path) -> list[Path]:
    """The OpenAPI and Swagger documents right in a directory, sorted; overlays, fragments and the rest left out."""
    candidates = (file for file in sorted(path.iterdir()) if file.suffix.lower() in {".json", ".yaml", ".yml"})
    return [file for file in candidates if file.is_file() and _is_api_description(file)]


# The key at the root of a YAML document stands in the first column, in JSON it may stand anywhere.
_YAML_ROOT_KEY = re.compile(rb"""^["']?(?:openapi|swagger)["']?[ \t]*:""", re.MULTILINE)
_JSON_KEY = re.compile(rb'"(?:openapi|swagger)"\s*:\s*"')


def _is_api_description(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            data = opened.read(Budgets().bytes)
    except OSError:
        return False
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return bool(_YAML_ROOT_KEY.search(data))
    try:
        root: Json = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return bool(_JSON_KEY.search(data))  # listed, so that its import says what is wrong with it
    return "openapi" in root or "swagger" in root
