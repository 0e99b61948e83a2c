"""Where calls go."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum


class Unlisted(StrEnum):
    """What becomes of REST paths under an API's prefix that no operation describes."""

    ALLOW = "allow"
    REFUSE = "refuse"


class Validate(StrEnum):
    """Whether REST requests are held against the document."""

    OFF = "off"
    REPORT = "report"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` ends the wait for each piece of the answer, `total` an agent's call as a whole and a person's
    wait for the answer to begin: a download or a stream of events may go on."""

    connect: float = 5.0
    read: float = 60.0
    total: float = 60.0


@dataclass(frozen=True, slots=True)
class ClientTls:
    """The certificate that the gateway shows to an upstream. `digest` is of the files that `context` was made of."""

    digest: str
    context: ssl.SSLContext = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """One upstream address: `origin` is scheme://host[:port], `base` a path without a trailing slash.

    `headers` are the operator's own (credentials among them): they replace what a caller sent under the same name.
    """

    id: str
    origin: str
    base: str = ""
    weight: int = 1
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    timeouts: Timeouts = Timeouts()
    credential: str = ""
    """The key, in the runtime, of what is added to requests so that the upstream lets them in; empty for nothing."""
    tls: ClientTls | None = None
    guarded: bool = False
    """A stranger named the address: it is dialled only where it resolves to public addresses, at every connection."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What the REST door changes about a request on its way up; header names are lower case."""

    strip_prefix: bool = True
    set_headers: tuple[tuple[bytes, bytes], ...] = ()
    remove_headers: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Presented:
    """Where callers of an API present credentials to it, by its document and its settings: names of header fields, with
    `-` for `_`, and of query parameters, all in lower case."""

    headers: frozenset[bytes] = frozenset()
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix (no trailing slash, "" for the root) or a host that leads to the targets of one API."""

    api: str
    prefix: str
    host: str | None
    targets: tuple[Target, ...]
    rewrite: Rewrite = Rewrite()
    unlisted: Unlisted = Unlisted.ALLOW
    validate: Validate = Validate.OFF
    passthrough: bool = True
    """Whether people's own credentials go on to the upstream, less those that the gateway took for itself."""
    presented: Presented = Presented()
    underscored: frozenset[bytes] = frozenset()
    """Header names with an underscore that the API's document has; no other one goes on to its upstream."""
