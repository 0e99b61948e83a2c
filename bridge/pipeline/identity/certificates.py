"""Client certificates: what TLS on the connection has checked, or what a trusted proxy says that it has.

A header counts only if it came from a trusted proxy; from anybody else it is a claim, and not looked at. From a trusted
one it counts alone: the certificate on the connection is then the proxy's own. One that cannot be read is refused,
never taken for none.
"""

import hashlib
import re
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bridge.model import Call, Unauthenticated
from bridge.pipeline.peers import Addresses

MOST_KNOWN = 512
LARGEST = 16 << 10
"""Bytes of one certificate."""


class Kind(StrEnum):
    """Which part of a certificate says whose it is."""

    URI = "uri"
    EMAIL = "email"
    DNS = "dns"
    CN = "cn"
    DN = "dn"


class Form(StrEnum):
    """The header in which a proxy hands a certificate on."""

    XFCC = "x-forwarded-client-cert"
    CLIENT_CERT = "client-cert"


@dataclass(frozen=True, slots=True)
class Certificate:
    """`thumbprint` is the SHA-256 of its DER in base64url (RFC 8705, `x5t#S256`), `dn` as RFC 4514 writes it. The times
    are Unix times; where a proxy named the certificate and did not send it they are unbounded: it has looked."""

    thumbprint: str
    dn: str = ""
    cn: str = ""
    uris: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    not_before: float = float("-inf")
    not_after: float = float("inf")

    def subject(self, kind: str) -> str:
        """Whose it is, by a `Kind`; empty where it does not say, in one line. A common name counts where there is but
        one."""
        found = {
            Kind.URI: self.uris[:1], Kind.EMAIL: self.emails[:1], Kind.DNS: self.names[:1], Kind.CN: (self.cn,),
            Kind.DN: (self.dn,),
        }[Kind(kind)]  # fmt: skip
        return found[0] if found and found[0].isprintable() else ""


def certificate_of(call: Call, addresses: Addresses, form: Form | None = None) -> Certificate | None:
    """The caller's; None where it showed none. `form` is how trusted proxies hand certificates on, None where they do
    not. Raises Unauthenticated for one that is not valid (any more), or not to be read."""
    if form is not None and addresses.trusts(call.connected):
        found = _forwarded(call, form)
    else:
        found = _parsed(call.certificate) if call.certificate is not None else None
    if found is not None and not found.not_before <= time.time() <= found.not_after:
        raise Unauthenticated("the client certificate has expired, or is not valid yet")
    return found


def _forwarded(call: Call, form: Form) -> Certificate | None:
    wanted = form.value.encode()
    lines = [value.decode("latin-1") for name, value in call.headers if name == wanted]
    if not lines:
        return None
    return _xfcc(",".join(lines)) if form is Form.XFCC else _client_cert(lines)


def _unreadable() -> NoReturn:
    raise Unauthenticated("the client certificate that a proxy handed on cannot be read")


# --- RFC 9440 ---------------------------------------------------------------------------------------------------------

_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):").fullmatch


def _client_cert(lines: list[str]) -> Certificate:
    """Section 2.2: Client-Cert is an Item, "a Byte Sequence" (RFC 8941 section 3.3.5) of DER."""
    written = _BYTES(lines[0]) if len(lines) == 1 else None
    if written is None:
        _unreadable()
    text = written[1].rstrip("=")
    try:
        return _parsed(b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError:
        _unreadable()


# --- Envoy's X-Forwarded-Client-Cert ----------------------------------------------------------------------------------

_PAIR = re.compile(r'[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))[ \t]*([,;]|\Z)')
_SEVERAL = frozenset({"by", "uri", "dns"})
"""What one element may say more than once."""


def _xfcc(text: str) -> Certificate:
    """By its `Cert`, or by `Hash` and what it names. One element, of the nearest proxy: Envoy writes URIs without
    quotes, so that a comma in a client's own may look like another proxy's word."""
    said = _only(text)
    digest, pem = said.get("hash", [""])[0].lower(), said.get("cert", [""])[0]
    if pem:
        found = _in_pem(unquote_to_bytes(pem))
        if digest and _thumbprint(digest) != found.thumbprint:
            _unreadable()
        return found
    dn, cn = _named(said.get("subject", [""])[0])
    uris, names = (tuple(filter(None, said.get(key, ()))) for key in ("uri", "dns"))
    return Certificate(_thumbprint(digest), dn, cn, uris, (), names)


def _only(text: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for key, value, end in _pairs(text):
        if key in said and key not in _SEVERAL:
            _unreadable()
        said.setdefault(key, []).append(value)
        if end == ",":
            _unreadable()
    return said


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """Key in lower case, value, and what follows: a comma ends an element."""
    at, end = 0, ","
    while end:
        pair = _PAIR.match(text, at)
        if pair is None:
            _unreadable()
        key, quoted, plain, end = pair.groups()
        yield key.lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted), end
        at = pair.end()


def _thumbprint(digest: str) -> str:
    """From hexadecimal, as Envoy writes it."""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        _unreadable()
    return _base64url(bytes.fromhex(digest))


@lru_cache(maxsize=MOST_KNOWN)
def _in_pem(text: bytes) -> Certificate:
    """Raises Unauthenticated."""
    if len(text) > 2 * LARGEST:
        _unreadable()
    try:
        return _parsed(x509.load_pem_x509_certificate(text).public_bytes(Encoding.DER))
    except ValueError:
        _unreadable()


# OpenSSL, and Envoy by it, writes these by name where RFC 4514 has numbers.
_WRITTEN = {
    "emailAddress": NameOID.EMAIL_ADDRESS, "serialNumber": NameOID.SERIAL_NUMBER, "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME, "title": NameOID.TITLE,
}  # fmt: skip


def _named(dn: str) -> tuple[str, str]:
    """The distinguished name as `Certificate` has it, and the common name."""
    try:
        name = x509.Name.from_rfc4514_string(dn, _WRITTEN)
    except ValueError:
        return dn, ""
    return name.rfc4514_string(), _common(name)


# --- certificates -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=MOST_KNOWN)
def _parsed(der: bytes) -> Certificate:
    """Raises Unauthenticated."""
    try:
        return _read(der)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise Unauthenticated("the client certificate cannot be read") from None


def _read(der: bytes) -> Certificate:
    if len(der) > LARGEST:
        raise ValueError("too large")
    found = x509.load_der_x509_certificate(der)
    alternative = _alternative(found)
    return Certificate(
        thumbprint=_base64url(hashlib.sha256(der).digest()),
        dn=found.subject.rfc4514_string(),
        cn=_common(found.subject),
        uris=tuple(alternative.get_values_for_type(x509.UniformResourceIdentifier)),
        emails=tuple(alternative.get_values_for_type(x509.RFC822Name)),
        names=tuple(alternative.get_values_for_type(x509.DNSName)),
        not_before=found.not_valid_before_utc.timestamp(),
        not_after=found.not_valid_after_utc.timestamp(),
    )


def _alternative(found: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName(())


def _common(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def _base64url(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")
