"""The documents that a root document refers to, and which ones it may: the sandbox of `$ref`.

A reference is a stranger's wish. From a file it may name files at or below that file's own directory, symbolic links
followed first; from a URL, documents of the same origin; from both, origins that the operator named. Never a file
from a URL, never another scheme. Which addresses an allowed origin may resolve to is for the `Fetch` to say.
"""

import os.path
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from bridge.importer.budget import BudgetExceeded, Budgets
from bridge.importer.document import Document
from bridge.importer.parse import parse
from bridge.importer.source import Fetch, fetch_document, named, read_file

_PORTS = {"http": 80, "https": 443}


class ReferenceRefused(Exception):
    """A `$ref` to a document that the root document may not refer to; the message says why."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(uri, reason)
        self.uri = uri
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.uri}: {self.reason}"


def join(base: str, reference: str) -> tuple[str, str]:
    """The absolute URI of a reference and its fragment, still encoded (RFC 3986 section 5.2).

    A base that is a path gives a path with its percent-encoding undone, so that `%2e%2e/` is seen for what it is.
    """
    target, fragment = urldefrag(reference)
    if not target:
        return base, fragment
    if _is_url(base) or urlsplit(target).scheme:
        return urljoin(base, target), fragment
    if target.startswith("//"):
        return f"file:{target}", fragment
    path = unquote(target.partition("?")[0])
    return os.path.normpath(os.path.join(os.path.dirname(base), path)), fragment  # noqa: PTH118, PTH120 - keeps `..` lexical


class Library:
    """Documents by URI, loaded when first asked for."""

    def __init__(
        self, root: Document, fetch: Fetch | None, budgets: Budgets, allowed_origins: Iterable[str] = frozenset()
    ) -> None:
        self._root = root
        self._fetch = fetch
        self._budgets = budgets
        self._documents = {root.uri: root}
        self._origins = {_origin(origin) for origin in allowed_origins}
        self._directory: Path | None = None
        if _is_url(root.uri):
            self._origins.add(_origin(root.uri))
        elif Path(root.uri).is_absolute():
            self._directory = Path(root.uri).resolve().parent

    @property
    def documents(self) -> tuple[Document, ...]:
        """What was read so far, the root first."""
        return tuple({id(document): document for document in self._documents.values()}.values())

    def open(self, uri: str) -> Document:
        """The document at an absolute URI without its fragment. Raises ReferenceRefused and ImportFailed."""
        if uri not in self._documents:
            self._documents[uri] = self._open_url(uri) if _is_url(uri) else self._open_file(uri)
            self._charge()
        return self._documents[uri]

    def _open_file(self, uri: str) -> Document:
        path = self._allowed_path(uri)
        if str(path) in self._documents:
            return self._documents[str(path)]
        assert self._directory is not None
        name = str(Path(self._root.name).parent / path.relative_to(self._directory))
        return parse(read_file(path, name, self._budgets), str(path), name, None, self._budgets)

    def _allowed_path(self, uri: str) -> Path:
        parts = urlsplit(uri)
        if self._directory is None:
            raise ReferenceRefused(uri, "only a document that is a file itself may refer to files")
        if len(parts.scheme) > 1 and parts.scheme != "file":
            raise ReferenceRefused(uri, f"{parts.scheme}: references are not followed")
        if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
            raise ReferenceRefused(uri, "files of another host are not read")
        plain = unquote(parts.path) if parts.scheme == "file" else uri
        if "\0" in plain:
            raise ReferenceRefused(uri, "the path contains a NUL character")
        path = Path(plain).resolve()
        if not path.is_relative_to(self._directory):
            raise ReferenceRefused(uri, "lies outside the directory of the root document")
        return path

    def _open_url(self, uri: str) -> Document:
        self._check_origin(uri)
        fetched = fetch_document(uri, named(uri), self._fetch)
        self._check_origin(fetched.url)
        return parse(fetched.body, fetched.url, named(uri), fetched.media_type, self._budgets)

    def _check_origin(self, uri: str) -> None:
        if urlsplit(uri).username is not None:
            raise ReferenceRefused(uri, "a URL with a user name in it is not followed")
        if _origin(uri) not in self._origins:
            raise ReferenceRefused(uri, f"its origin {_origin(uri)} is neither the root document's nor an allowed one")

    def _charge(self) -> None:
        read = self.documents
        spent = {
            "files": len(read),
            "bytes": sum(len(document.text) for document in read),
            "nodes": sum(document.nodes for document in read),
        }
        for budget, amount in spent.items():
            limit = getattr(self._budgets, budget)
            if amount > limit:
                raise BudgetExceeded(self._root.name, budget, limit)


def _is_url(uri: str) -> bool:
    return urlsplit(uri).scheme in _PORTS


def _origin(url: str) -> str:
    """RFC 6454 section 4, the default port written out."""
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"
