"""The certificate that the gateway shows to an upstream in TLS, made ready once."""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.model import ClientTls

MOST_BYTES = 1 << 20
"""Of each file: a chain of certificates has a few thousand."""


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files; `authorities` check the upstream's own certificate, None for the public ones."""

    certificate: Path
    key: Path
    authorities: Path | None = None


class CertificateUnusable(Exception):
    """`file` cannot be used, and why."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")
        self.file = file
        self.why = why


def client_tls(files: Files) -> ClientTls:
    """Raises CertificateUnusable."""
    given = [file for file in (files.certificate, files.key, files.authorities) if file is not None]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(_read(file)).digest() for file in given)).hexdigest()
    context = _trusting(files.authorities)
    try:
        # Without a word to give, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(files.certificate, files.key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise _unusable(files, error) from error
    return ClientTls(f"{digest} {files.authorities is None}", context)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError as error:
        raise CertificateUnusable(file, f"cannot be read: {error.strerror}") from error


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    if authorities is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=authorities)
    except ssl.SSLError as error:
        raise CertificateUnusable(authorities, "holds no certificate of an authority in PEM") from error


def _unusable(files: Files, error: Exception) -> CertificateUnusable:
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return CertificateUnusable(files.key, f"is not the key of {files.certificate}")
    if b"-----BEGIN CERTIFICATE-----" not in _read(files.certificate):
        return CertificateUnusable(files.certificate, "holds no certificate in PEM")
    return CertificateUnusable(files.key, "holds no usable private key in PEM, without a password")
