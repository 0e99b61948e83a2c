"""Documents from URLs, and the last good copy of each for the day its URL is dead.

A copy is good once an import of it succeeded: what was fetched is kept aside until `commit`. Servers are asked whether
it is still the document they have (RFC 9110 section 13), so that one that did not change is not sent again.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from bridge.egress.fetch import FetchPolicy, fetch
from bridge.egress.fetch_errors import FetchError
from bridge.importer.source import Fetched, Unfetchable
from bridge.model import Json
from bridge.state.files import replace_file


@dataclass(frozen=True, slots=True)
class Copy:
    """A document as it was fetched; `url` is where redirects ended."""

    url: str
    body: bytes
    media_type: str | None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(slots=True)
class Copies:
    """The `Fetch` of one import. `fresh` and `stale` say, by URL, what came from the network and what from the folder.
    What the server said is unchanged is in neither; `read` has the digests of all.

    `offline` turns the network off: everything comes from the folder.
    """

    folder: Path
    policy: FetchPolicy
    offline: bool = False
    fresh: dict[str, Copy] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    """URL → why its copy was used."""
    read: dict[str, str] = field(default_factory=dict)

    def __call__(self, url: str, /) -> Fetched:
        """Raises Unfetchable when neither the URL nor a copy answers."""
        copy = self._copy(url)
        self.read[url] = hashlib.sha256(copy.body).hexdigest()
        return copy

    def _copy(self, url: str) -> Copy:
        if self.offline:
            return self._stored(url, "the document that it answers cannot be imported")
        try:
            copy, new = self._current(url)
        except FetchError as error:
            return self._stored(url, str(error).removeprefix(f"{url}: "))
        if new:
            self.fresh[url] = copy
        return copy

    def changed(self, url: str) -> bool:
        """Whether its server has another document than the copy. Raises FetchError."""
        known = self._kept(url)
        copy, new = self._current(url)
        return new and (known is None or copy.body != known.body)

    def _current(self, url: str) -> tuple[Copy, bool]:
        """The document, and whether it was sent. Raises FetchError."""
        known = self._kept(url)
        etag, last_modified = (known.etag, known.last_modified) if known else (None, None)
        fetched = fetch(url, self.policy, etag=etag, last_modified=last_modified)
        if fetched.not_modified and known is not None:
            return known, False
        return Copy(fetched.url, fetched.body, fetched.media_type, fetched.etag, fetched.last_modified), True

    def commit(self) -> None:
        """Keeps what was fetched as the last good copies. A folder that cannot be written is the caller's to tell."""
        for url, copy in self.fresh.items():
            self.folder.mkdir(parents=True, exist_ok=True)
            head: Json = {"url": copy.url, "mediaType": copy.media_type}
            head |= {"etag": copy.etag, "lastModified": copy.last_modified}
            replace_file(self._path(url), orjson.dumps(head) + b"\n" + copy.body)

    def _stored(self, url: str, why: str) -> Copy:
        copy = self._kept(url)
        if copy is None:
            raise Unfetchable(why)
        self.stale[url] = why
        return copy

    def _kept(self, url: str) -> Copy | None:
        """None where there is no copy that can be read."""
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            known = orjson.loads(head)
            return Copy(known["url"], body, known["mediaType"], known.get("etag"), known.get("lastModified"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _path(self, url: str) -> Path:
        """Named by a digest: a URL may hold a credential, and characters that a file name may not."""
        host = urlsplit(url).hostname or "document"
        return self.folder / f"{host[:60]}-{hashlib.sha256(url.encode()).hexdigest()[:24]}"
