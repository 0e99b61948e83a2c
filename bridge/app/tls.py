"""TLS of a listener, whose files may change while it serves.

A server keeps the context that it began with. So every handshake is moved, before anything is sent in it, to the one
made of the files as they were read last: `sni_callback` is called without a server name as well. Open connections stay
as they are.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bridge.app.errors import StartFailed
from bridge.config import Settings
from bridge.config.problems import KeyPath, dotted
from bridge.config.schema_identity import ClientCertificates, Tls
from bridge.config.watch import IDLE, look, watch

_log = logging.getLogger(__name__)
_ASKED = {ClientCertificates.OPTIONAL: ssl.CERT_OPTIONAL, ClientCertificates.REQUIRED: ssl.CERT_REQUIRED}


class Unusable(Exception):
    """A file that TLS cannot be made of; `key` is the setting that names it."""

    def __init__(self, key: KeyPath, path: Path, reason: str) -> None:
        super().__init__(f"{dotted(key)}: {path} {reason}")
        self.key = key
        self.path = path
        self.reason = reason


class Handshakes:
    """TLS of one listener, whose settings stand at `key`. The server is given `context`; only `reload` writes what its
    handshakes are moved to. Raises Unusable."""

    def __init__(self, tls: Tls, key: KeyPath) -> None:
        self._tls = tls
        self._key = key
        self._seen = look(self._paths())
        self.context = self._current = context_of(tls, key)
        self._since = 0.0
        self.context.sni_callback = self._enter

    def reload(self) -> None:
        """Reads the files anew. Raises Unusable: then handshakes go on with what was read before."""
        made = context_of(self._tls, self._key)
        self._current, self._since = made, time.time()
        _log.info("%s: certificates were read anew, for new connections", dotted(self._key))

    async def run(self, interval: Callable[[], float | None]) -> None:
        """Goes on until it is cancelled: looks every `interval` seconds whether a file changed, never for None."""
        await watch(self._seen, self._paths, interval, lambda: self._take_over(interval))

    async def _take_over(self, interval: Callable[[], float | None]) -> None:
        """A file that cannot be used is tried again until it can: who may read it changes without a trace in it."""
        told = ""
        while True:
            try:
                await asyncio.to_thread(self.reload)
                return
            except Unusable as error:
                if str(error) != told:
                    told = str(error)
                    _log.error("%s; new connections go on with what was read before", error)
            await asyncio.sleep(interval() or IDLE)

    def _paths(self) -> Iterator[str]:
        yield from (str(path) for path in (self._tls.certificate, self._tls.key, self._tls.client_ca) if path)

    def _enter(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, base: ssl.SSLContext) -> int | None:
        # Whoever takes up a session of TLS 1.2 shows no certificate again: that of the session was held against
        # authorities that may be others by now. RFC 5246 section 7.2.2: a fatal alert makes both ends forget the
        # session, so the next attempt is a whole handshake.
        if connection.session_reused and self._asks():
            session = connection.session
            if session is None or session.time <= self._since:
                return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        connection.context = self._current
        return None

    def _asks(self) -> bool:
        return self._tls.client is not ClientCertificates.OFF


def secured(settings: Settings) -> dict[str, Handshakes]:
    """By listener, those that have TLS. Raises StartFailed, which names every file that cannot be used."""
    made: dict[str, Handshakes] = {}
    failed: list[str] = []
    for name, (tls, key) in _wanted(settings).items():
        try:
            made[name] = Handshakes(tls, key)
        except Unusable as error:
            failed.append(str(error))
    if failed:
        raise StartFailed("\n".join(failed))
    return made


def unusable(settings: Settings) -> Iterator[Unusable]:
    """What would keep the gateway from starting."""
    for tls, key in _wanted(settings).values():
        try:
            context_of(tls, key)
        except Unusable as error:
            yield error


async def kept_fresh(secured: Iterable[Handshakes], interval: Callable[[], float | None]) -> None:
    """Goes on until it is cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for one in secured:
            tasks.create_task(one.run(interval))


def _wanted(settings: Settings) -> dict[str, tuple[Tls, KeyPath]]:
    wanted: dict[str, tuple[Tls, KeyPath]] = {}
    if settings.tls is not None:
        wanted["traffic"] = settings.tls, ("tls",)
    if settings.admin is not None and settings.admin.tls is not None:
        wanted["admin"] = settings.admin.tls, ("admin", "tls")
    return wanted


def context_of(tls: Tls, key: KeyPath) -> ssl.SSLContext:
    """Raises Unusable."""
    _check_pair(tls, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:  # whose kin are those of TLS
        raise Unusable((*key, "certificate"), tls.certificate, f"cannot be used: {_told(error)}") from error
    if tls.client is not ClientCertificates.OFF:
        _ask(context, tls, key)
    return context


def _ask(context: ssl.SSLContext, tls: Tls, key: KeyPath) -> None:
    assert tls.client_ca is not None, "held by the configuration"
    here = (*key, "client_ca")
    text = _read(tls.client_ca, here)
    _certificates(text, tls.client_ca, here)
    try:
        context.load_verify_locations(cadata=text.decode("ascii", "replace"))
    except OSError as error:
        raise Unusable(here, tls.client_ca, f"cannot be used: {_told(error)}") from error
    context.verify_mode = _ASKED[tls.client]
    # A ticket would let a certificate in for as long as it lasts, whatever became of the authorities meanwhile.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0


def _check_pair(tls: Tls, key: KeyPath) -> None:
    """By another library, because OpenSSL does not say which file it means, and asks a terminal for passwords."""
    here, there = (*key, "certificate"), (*key, "key")
    leaf = _certificates(_read(tls.certificate, here), tls.certificate, here)[0]
    if _private(_read(tls.key, there), tls.key, there).public_key() != leaf.public_key():
        raise Unusable(there, tls.key, f"is not the key of the first certificate in {tls.certificate}")
    now = datetime.now(UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        span = f"from {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
        _log.warning("%s: %s is valid %s only: no client takes it", dotted(here), tls.certificate, span)


def _read(path: Path, key: KeyPath) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unusable(key, path, f"cannot be read: {error.strerror}") from error


def _certificates(text: bytes, path: Path, key: KeyPath) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError as error:
        raise Unusable(key, path, "holds no certificate in PEM that can be read") from error


def _private(text: bytes, path: Path, key: KeyPath) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(text, None)
    except TypeError as error:
        raise Unusable(key, path, "has a password; write it without one, readable for the gateway alone") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unusable(key, path, "holds no private key in PEM that can be read") from error


def _told(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or error).lower().replace("_", " ")
