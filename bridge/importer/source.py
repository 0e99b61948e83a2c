"""Where bytes come from: files, and URLs by way of the `Fetch` that the caller hands in."""

from pathlib import Path
from typing import Protocol

from bridge.importer.budget import Budgets, ImportFailed, Unreachable
from bridge.model.urls import shown


def named(source: str) -> str:
    """A path as it is; a URL without what may be a credential."""
    return shown(source) if "://" in source else source


class Unfetchable(Exception):
    """There is no document to be had at a URL; the message says why. What a `Fetch` raises."""


class Fetched(Protocol):
    """An answer with status 200, redirects followed."""

    @property
    def url(self) -> str:
        """Where it came from in the end."""

    @property
    def body(self) -> bytes: ...

    @property
    def media_type(self) -> str | None: ...


class Fetch(Protocol):
    def __call__(self, url: str, /) -> Fetched:
        """Raises Unfetchable or OSError."""


def fetch_document(url: str, source: str, fetch: Fetch | None) -> Fetched:
    if fetch is None:
        raise ImportFailed(source, "is a URL, and fetching documents is switched off here: save it as a file")
    try:
        return fetch(url)
    except (OSError, Unfetchable) as error:
        raise Unreachable(source, f"could not be fetched: {error}") from error


def read_file(path: Path, source: str, budgets: Budgets) -> bytes:
    """Raises ImportFailed. Only regular files: a pipe or a device could hold the import for ever."""
    try:
        if path.is_dir():
            raise ImportFailed(source, "is a directory; give one of the documents in it")
        if path.exists() and not path.is_file():
            raise ImportFailed(source, "is not a regular file")
        with path.open("rb") as file:
            return file.read(budgets.bytes + 1)
    except (OSError, ValueError) as error:
        raise ImportFailed(source, _unreadable(error, path)) from error


def _unreadable(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no such file: {path.absolute()}"
    if isinstance(error, PermissionError):
        return f"may not be read: {path.absolute()}"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
