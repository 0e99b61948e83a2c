"""Following `$ref`: JSON pointers, anchors and `$id`s, in this document and in those it may refer to.

Only what is asked for is resolved, once, and a reference that leads nowhere is an answer (`Dangling`), not a crash: the
caller knows what is lost with it. Real documents also write `#/$defs/X` inside a schema that carries its own `$defs`,
meaning that schema: the enclosing values are tried when the document's root has no such place.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.document import Document
from bridge.importer.library import Library, ReferenceRefused, join
from bridge.model import Json

LONGEST_CHAIN = 50
_MISSING = object()
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)  # RFC 6901 section 4: no leading zeros


class Dangling(Exception):
    """A reference that leads nowhere, or to where it may not."""

    def __init__(self, ref: str, reason: str) -> None:
        super().__init__(f"{ref!r} {reason}")
        self.ref = ref
        self.reason = reason


class At(NamedTuple):
    """A value together with its place: `pointer` is its JSON pointer in `doc`.

    One is made for every value that is looked at, and a tuple is made in half the time of a frozen dataclass.
    """

    value: Json
    doc: Document
    pointer: str = ""

    def child(self, key: str | int) -> "At":
        """The member or item under `key`, which must exist."""
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        return At(self.value[key], self.doc, f"{self.pointer}/{escaped}")

    @property
    def key(self) -> str:
        """Names this place across documents."""
        return f"{self.doc.uri}#{self.pointer}"


@dataclass(slots=True)
class _Index:
    """The names a document gives to its own places: anchors by name, `$id`s by absolute URI."""

    anchors: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)


class Refs:
    """`budgets.references` bounds how many different references are resolved."""

    def __init__(self, root: Document, library: Library, budgets: Budgets) -> None:
        self._library = library
        self._budgets = budgets
        self._known: dict[tuple[str, str], At] = {}
        self._indexes: dict[str, _Index] = {}
        self._selves = {root.root["$self"]: root} if isinstance(root.root.get("$self"), str) else {}

    @property
    def documents(self) -> tuple[Document, ...]:
        """What was read so far, the root first."""
        return self._library.documents

    def follow(self, at: At) -> At:
        """Goes on until the value is no reference. Raises Dangling, also for references in a circle."""
        for _ in range(LONGEST_CHAIN):
            ref = at.value.get("$ref") if isinstance(at.value, dict) else None
            if not isinstance(ref, str):
                return at
            at = self.resolve(ref, at)
        raise Dangling(str(at.value.get("$ref")), "leads round in a circle")

    def resolve(self, ref: str, at: At) -> At:
        """The place that `ref`, written at `at`, points to. Raises Dangling, BudgetExceeded."""
        known = self._known.get((at.doc.uri, ref))
        if known is not None:
            return known
        if len(self._known) >= self._budgets.references:
            raise BudgetExceeded(at.doc.name, "references", self._budgets.references)
        try:
            uri, fragment = urldefrag(ref)
            doc = self._document(ref, uri, at)
            found = self._find(doc, fragment, uri, at)
        except ValueError as error:
            raise Dangling(ref, f"is no URI: {error}") from error
        if found is None:
            raise Dangling(ref, "leads nowhere")
        value, pointer, everywhere = found
        target = At(value, doc, pointer)
        if everywhere:
            self._known[at.doc.uri, ref] = target
        return target

    def _document(self, ref: str, uri: str, at: At) -> Document:
        if not uri or uri in self._index(at.doc).ids:
            return at.doc
        if uri in self._selves:
            return self._selves[uri]
        absolute = _absolute(uri, at.doc.uri)
        if absolute == at.doc.uri or absolute in self._index(at.doc).ids:
            return at.doc
        try:
            return self._library.open(absolute)
        except BudgetExceeded:
            raise
        except ReferenceRefused as error:
            raise Dangling(ref, f"is refused: {error.reason}") from error
        except ImportFailed as error:
            raise Dangling(ref, f"cannot be read: {error.message}") from error

    def _find(self, doc: Document, fragment: str, uri: str, at: At) -> tuple[Json, str, bool] | None:
        """Value, pointer, and whether every place in the document would find the same."""
        index = self._index(doc)
        base = index.ids.get(uri) or index.ids.get(_absolute(uri, at.doc.uri)) or "" if uri else ""
        if fragment and not fragment.startswith("/"):
            pointer = index.anchors.get(fragment)
            return None if pointer is None else (_look(doc.root, pointer), pointer, True)
        if not uri:
            base = next((place for place in _ancestors(at.pointer) if place in index.places), "")
        # Strictly, an `$id` makes its schema the root of what is written in it; most who give one mean the document.
        for pointer in dict.fromkeys((base + _decoded(fragment), _decoded(fragment))):
            value = _look(doc.root, pointer)
            if value is not _MISSING:
                return value, pointer, not index.places
        return self._enclosing(doc, fragment, at) if doc is at.doc else None

    @staticmethod
    def _enclosing(doc: Document, fragment: str, at: At) -> tuple[Json, str, bool] | None:
        if not fragment.startswith(("/$defs/", "/definitions/")):
            return None
        for place in _ancestors(at.pointer):
            value = _look(doc.root, place + _decoded(fragment))
            if value is not _MISSING:
                return value, place + _decoded(fragment), False
        return None

    def _index(self, doc: Document) -> _Index:
        index = self._indexes.get(doc.uri)
        if index is None:
            index = self._indexes[doc.uri] = _index(doc) if doc.has_anchors else _Index()
        return index


def _absolute(uri: str, base: str) -> str:
    return join(base, uri)[0]


def _decoded(fragment: str) -> str:
    """A URI fragment as a JSON pointer (RFC 6901 section 6)."""
    return unquote(fragment) if "%" in fragment else fragment


def _look(value: Json, pointer: str) -> Json:
    """What `pointer` leads to, or `_MISSING`."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~") if "~" in part else part
        if isinstance(value, dict):
            value = value.get(key, _MISSING)
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return _MISSING
    return value


def _ancestors(pointer: str) -> list[str]:
    """From the place itself up to, but not including, the root."""
    places = []
    while pointer:
        places.append(pointer)
        pointer = pointer.rpartition("/")[0]
    return places


def _index(doc: Document) -> _Index:
    index = _Index()
    waiting = [At(doc.root, doc)]
    while waiting:
        at = waiting.pop()
        if isinstance(at.value, dict):
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(at.value.get(keyword), str):
                    index.anchors.setdefault(at.value[keyword], at.pointer)
            if isinstance(at.value.get("$id"), str):
                index.places.add(at.pointer)
                index.ids.setdefault(at.value["$id"], at.pointer)
                index.ids.setdefault(urljoin(doc.uri, at.value["$id"]), at.pointer)
            waiting.extend(at.child(key) for key in at.value)
        elif isinstance(at.value, list):
            waiting.extend(at.child(position) for position in range(len(at.value)))
    return index
