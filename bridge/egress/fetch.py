"""The one way to fetch a small document from a URL that somebody else may have chosen.

Each hop is resolved once, every address it resolves to is checked (`address`), and the connection goes to a checked
address and no other (`dial`); a redirect starts all over. Time, redirects and bytes, on the wire and decompressed,
are bounded. Proxies from the environment are ignored on purpose: a proxy resolves the name itself, so the address
that was checked would not be the address that is called.

Synchronous: the importer runs off the event loop.
"""

import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import certifi
import httpcore
import httpx

from bridge.egress.dial import Deadline, Pinned, Resolver, system_resolver
from bridge.egress.fetch_errors import (
    REDIRECTS,
    BadAnswer,
    BadStatus,
    FetchError,
    FetchTimeout,
    HeaderRefused,
    SchemeRefused,
    TooLarge,
    TooManyRedirects,
    Unreachable,
)
from bridge.egress.guard import checked_addresses, checked_url
from bridge.egress.inflate import Undecodable, inflate
from bridge.model.urls import shown

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    allow_private: bool = False  # loopback and private networks; what stays closed even then: `address`
    permit: str = "pass --allow-private"  # how whoever asks would allow them
    max_bytes: int = 64 << 20  # of the body, both as it comes and decompressed
    timeout: float = 30.0  # seconds for everything: names, connections, redirects, body
    max_redirects: int = 5
    schemes: frozenset[str] = frozenset({"http", "https"})  # these or fewer


@dataclass(frozen=True, slots=True)
class Fetched:
    url: str  # after redirects
    body: bytes  # decompressed; empty if not modified
    media_type: str  # lower case, without parameters; "" if the server names none
    charset: str | None
    etag: str | None
    last_modified: str | None
    not_modified: bool


# Written by the fetcher itself: another Host would undo the check, another framing the bounds.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "if-none-match", "te", "trailer"}
    | {"if-modified-since", "transfer-encoding", "upgrade"}
)

# What may follow a redirect to another origin. A list of credentials could never be complete (X-API-Key,
# PRIVATE-TOKEN, …), so anything else a caller adds counts as one.
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})

_DEFAULTS = (("Accept", "*/*"), ("User-Agent", "dualbridge"))

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")  # section 5.5


@dataclass(frozen=True, slots=True)
class _Errand:
    """What stays the same over all hops."""

    policy: FetchPolicy
    deadline: Deadline
    resolver: Resolver
    network: httpcore.NetworkBackend
    etag: str | None
    last_modified: str | None


def fetch(
    url: str,
    policy: FetchPolicy = FetchPolicy(),
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    headers: Headers = (),
    resolver: Resolver = system_resolver,
    network: httpcore.NetworkBackend | None = None,
) -> Fetched:
    """The document at `url`. Raises FetchError.

    With the `etag` or the `last_modified` of a known copy, as the server said them, the answer may be `not_modified`.

    `headers` that may carry a credential are dropped for good at the first redirect to another origin.
    """
    known = (_sendable(etag), _sendable(last_modified))
    errand = _Errand(policy, Deadline(policy.timeout), resolver, network or httpcore.SyncBackend(), *known)
    hop = url
    try:
        _check_headers(url, headers)
        for _ in range(policy.max_redirects + 1):
            answer = _get(hop, headers, errand)
            if isinstance(answer, Fetched):
                return answer
            headers = _following(hop, answer, headers)
            hop = answer
        raise TooManyRedirects(hop, f"more than {policy.max_redirects} redirects")
    except FetchError as error:
        error.first = url if hop != url else None
        raise


def _sendable(validator: str | None) -> str | None:
    """One that cannot be sent cannot be known either."""
    return validator if validator and _VALUE.fullmatch(validator) else None


def _get(url: str, headers: Headers, errand: _Errand) -> Fetched | str:
    """One hop: the document, or the URL that the server points to."""
    parsed = checked_url(url, errand.policy.schemes)
    try:
        policy = errand.policy
        addresses = checked_addresses(
            parsed, errand.resolver, errand.deadline, allow_private=policy.allow_private, permit=policy.permit
        )
        pinned = Pinned(addresses, errand.deadline, errand.network)
        context = _trust() if parsed.scheme == "https" else None
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=pinned) as pool,
            pool.stream(
                "GET",
                httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path),
                headers=_request_headers(parsed, headers, errand),
                # RFC 6066 section 3: the name goes “without a trailing dot”.
                extensions={"sni_hostname": parsed.raw_host.decode("ascii").removesuffix(".")},
            ) as response,
        ):
            return _answer(parsed, response, errand)
    except httpcore.TimeoutException as error:
        raise FetchTimeout(url, f"took longer than {errand.deadline.seconds:g} s in all") from error
    except httpcore.NetworkError as error:
        raise Unreachable(url, f"cannot be reached: {str(error) or type(error).__name__}") from error
    except (httpcore.ProtocolError, Undecodable) as error:
        raise BadAnswer(url, f"answered, but not usably: {error}") from error


def _trust() -> ssl.SSLContext:
    """The system's certificate authorities (SSL_CERT_FILE and SSL_CERT_DIR name others); certifi's if it has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
        context.load_verify_locations(certifi.where())
    return context


def _check_headers(url: str, headers: Headers) -> None:
    """Values are never shown: they may be secrets."""
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise HeaderRefused(url, f"the header {name!r} has a character that HTTP does not allow")
        if name.lower() in _OURS:
            raise HeaderRefused(url, f"the header {name!r} cannot be chosen; the fetcher writes it itself")


def _request_headers(url: httpx.URL, headers: Headers, errand: _Errand) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    own = [("Host", url.netloc.decode("ascii")), ("Accept-Encoding", "gzip, identity"), ("Connection", "close")]
    own += [(name, value) for name, value in _DEFAULTS if name.lower() not in given]
    # RFC 9110 section 13.1.3: a recipient ignores If-Modified-Since where it is given If-None-Match and knows it.
    conditions = (("If-None-Match", errand.etag), ("If-Modified-Since", errand.last_modified))
    own += [(name, value) for name, value in conditions if value is not None]
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in [*own, *headers]]


def _answer(url: httpx.URL, response: httpcore.Response, errand: _Errand) -> Fetched | str:
    headers = httpx.Headers(response.headers)
    location = headers.get("location")
    if response.status in REDIRECTS and location:
        return _target(url, location)
    not_modified = response.status == 304 and (errand.etag or errand.last_modified) is not None
    if not not_modified and response.status not in (200, 203):
        raise BadStatus(str(url), response.status)
    media_type, charset = _content_type(headers.get("content-type", ""))
    return Fetched(
        url=str(url.copy_with(fragment=None)),
        body=b"" if not_modified else _body(str(url), response.iter_stream(), headers, errand),
        media_type=media_type,
        charset=charset,
        etag=headers.get("etag") or (errand.etag if not_modified else None),
        last_modified=headers.get("last-modified") or (errand.last_modified if not_modified else None),
        not_modified=not_modified,
    )


def _target(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except httpx.InvalidURL as error:
        raise BadAnswer(str(url), f"redirects to something that is not a URL: {error}") from error


def _following(url: str, target: str, headers: Headers) -> Headers:
    """The headers that may go on from `url` to `target`."""
    here, there = httpx.URL(url), httpx.URL(target)
    if here.scheme == "https" and there.scheme == "http":
        raise SchemeRefused(url, f"redirects to {shown(target)}, which would drop the encryption")
    if (here.scheme, here.raw_host, here.port) == (there.scheme, there.raw_host, there.port):
        return headers
    return [(name, value) for name, value in headers if name.lower() in _HARMLESS]


def _body(url: str, chunks: Iterable[bytes], headers: httpx.Headers, errand: _Errand) -> bytes:
    limit = errand.policy.max_bytes
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(url, limit)
    body = bytearray()
    for piece in inflate(_bounded(url, chunks, limit), headers.get("content-encoding", "")):
        body += piece
        if len(body) > limit:
            raise _too_large(url, limit)
    return bytes(body)


def _bounded(url: str, chunks: Iterable[bytes], limit: int) -> Iterable[bytes]:
    """The chunks as they come off the wire, which can be more than what they decompress to."""
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > limit:
            raise _too_large(url, limit)
        yield chunk


def _too_large(url: str, limit: int) -> TooLarge:
    return TooLarge(url, f"larger than the limit of {limit} bytes")


def _content_type(value: str) -> tuple[str, str | None]:
    if not value:
        return "", None
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), message.get_content_charset()
