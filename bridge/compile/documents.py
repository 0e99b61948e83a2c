"""Documents from URLs, and the last good copy of each for the day its URL is dead.

A copy is good once an import of it succeeded: what was fetched is kept aside until `commit`.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from bridge.egress.fetch import FetchPolicy, fetch
from bridge.egress.fetch_errors import FetchError
from bridge.importer.source import Fetched, Unfetchable


@dataclass(frozen=True, slots=True)
class Copy:
    """A document as it was fetched; `url` is where redirects ended."""

    url: str
    body: bytes
    media_type: str | None


@dataclass(slots=True)
class Copies:
    """The `Fetch` of one import. `fresh` and `stale` say, by URL, what came from the network and what from the folder.

    `offline` turns the network off: everything comes from the folder.
    """

    folder: Path
    policy: FetchPolicy
    offline: bool = False
    fresh: dict[str, Copy] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    """URL → why its copy was used."""

    def __call__(self, url: str, /) -> Fetched:
        """Raises Unfetchable when neither the URL nor a copy answers."""
        if self.offline:
            return self._stored(url, "the document that it answers cannot be imported")
        try:
            fetched = fetch(url, self.policy)
        except FetchError as error:
            return self._stored(url, str(error).removeprefix(f"{url}: "))
        copy = self.fresh[url] = Copy(fetched.url, fetched.body, fetched.media_type)
        return copy

    def commit(self) -> None:
        """Keeps what was fetched as the last good copies. A folder that cannot be written is the caller's to tell."""
        for url, copy in self.fresh.items():
            self.folder.mkdir(parents=True, exist_ok=True)
            head = orjson.dumps({"url": copy.url, "mediaType": copy.media_type})
            _replace(self._path(url), head + b"\n" + copy.body)

    def _stored(self, url: str, why: str) -> Copy:
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            known = orjson.loads(head)
            copy = Copy(known["url"], body, known["mediaType"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unfetchable(why) from error
        self.stale[url] = why
        return copy

    def _path(self, url: str) -> Path:
        """Named by a digest: a URL may hold a credential, and characters that a file name may not."""
        host = urlsplit(url).hostname or "document"
        return self.folder / f"{host[:60]}-{hashlib.sha256(url.encode()).hexdigest()[:24]}"


def _replace(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".copy-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
