"""Certificates as files, the way an operator has them, and clients that show some."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bridge.config.schema_identity import ClientCertificates, Tls

PAST = datetime.now(UTC) - timedelta(days=2)


def chain(leaf: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in leaf.cert_chain_pems)


def der(leaf: trustme.LeafCert) -> bytes:
    return parsed(leaf).public_bytes(Encoding.DER)


def parsed(leaf: trustme.LeafCert) -> x509.Certificate:
    return x509.load_pem_x509_certificate(chain(leaf))


def put(path: Path, content: bytes) -> None:
    """As tools that renew certificates do: another file takes the name."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


class Files:
    """What `tls` names, in a folder; `issue` writes a certificate for this machine and its key."""

    def __init__(self, folder: Path, client: str = "off", clients: trustme.CA | None = None) -> None:
        self.certificate, self.key, self.ca = folder / "chain.pem", folder / "key.pem", folder / "clients.pem"
        self.client = client
        if clients is not None:
            self.trust(clients)

    def issue(self, authority: trustme.CA, *names: str) -> trustme.LeafCert:
        leaf = authority.issue_cert(*(names or ("localhost", "127.0.0.1")))
        put(self.key, leaf.private_key_pem.bytes())
        put(self.certificate, chain(leaf))
        return leaf

    def trust(self, clients: trustme.CA) -> None:
        put(self.ca, clients.cert_pem.bytes())

    @property
    def settings(self) -> Tls:
        asked = ClientCertificates(self.client)
        return Tls(
            certificate=self.certificate, key=self.key, client=asked,
            client_ca=None if asked is ClientCertificates.OFF else self.ca,
        )  # fmt: skip


def client(authority: trustme.CA, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """Trusts `authority`, and shows a certificate where it is asked for one."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if shown is not None:
        shown.configure_cert(context)
    return context
