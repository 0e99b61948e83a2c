"""TLS on a listener, with real handshakes on both event loops: who is let in, and what a change of its files does."""

import asyncio
import hashlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path

import orjson
import pytest
import trustme
import uvloop
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from bridge.app import StartFailed
from bridge.app.serving import server_of
from bridge.app.tls import Handshakes, Unusable, secured
from bridge.config import Settings
from bridge.ingress.asgi import CERTIFICATE, Receive, Scope, Send
from bridge.model import Json
from tests.kit.certificates import PAST, Files, client, der, put
from tests.kit.command import run as command
from tests.kit.documents import paths

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

US, THEM = trustme.CA(), trustme.CA()
"""Authorities; each test says of what."""
ANN = US.issue_cert("ann@example.com", common_name="ann")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers the scheme, and the digest of the certificate that the client has shown."""
    shown = scope.get(CERTIFICATE)
    body = f"{scope['scheme']} {hashlib.sha256(shown).hexdigest() if shown else 'nobody'}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def known(leaf: trustme.LeafCert) -> str:
    return f"https {hashlib.sha256(der(leaf)).hexdigest()}"


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @property
    def tls(self) -> ssl.SSLObject:
        found = self.writer.get_extra_info("ssl_object")
        assert isinstance(found, ssl.SSLObject)
        return found

    async def ask(self) -> str:
        """Raises OSError, IncompleteReadError where the other end wants nothing to do with us."""
        self.writer.write(REQUEST)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return (await self._reader.readexactly(length)).decode()


Dial = Callable[..., Awaitable[Connection]]
Scene = Callable[[Handshakes, Dial], Coroutine[None, None, None]]


def played(loop: Callable[[], asyncio.AbstractEventLoop], files: Files, scene: Scene) -> None:
    """`scene` before our own server, whose sockets and protocol are those of production."""

    async def main() -> None:
        handshakes = Handshakes(files.settings, ("tls",))
        server = server_of(echo, handshakes)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            # The socket is bound: whoever dials now waits a moment at most.
            serving = asyncio.create_task(server.serve([listener]))

            async def dial(context: ssl.SSLContext, name: str = "localhost") -> Connection:
                port = listener.getsockname()[1]
                return Connection(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name))

            try:
                await scene(handshakes, dial)
            finally:
                server.should_exit = server.force_exit = True
                await serving

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


async def asked(dial: Dial, context: ssl.SSLContext, name: str = "localhost") -> str:
    connection = await dial(context, name)
    try:
        return await connection.ask()
    finally:
        connection.writer.close()


async def refused(dial: Dial, context: ssl.SSLContext) -> bool:
    try:
        await asked(dial, context)
    except (OSError, asyncio.IncompleteReadError):
        return True
    return False


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_comes_in_over_tls_with_a_protocol_that_is_spoken(tmp_path: Path, loop: Json) -> None:
    files = Files(tmp_path)
    files.issue(US)

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        connection = await dial(client(US, ANN))
        assert connection.tls.selected_alpn_protocol() == "http/1.1"
        assert connection.tls.version() == "TLSv1.3"
        assert await connection.ask() == "https nobody"
        old = client(US)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        assert await asked(dial, old) == "https nobody"
        connection.writer.close()

    played(loop, files, scene)


@pytest.mark.statement("A27")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("wanted", ["optional", "required"])
def test_a_certificate_of_another_authority_or_past_its_time_fails_the_handshake(
    tmp_path: Path, loop: Json, wanted: str
) -> None:
    files = Files(tmp_path, wanted, US)
    files.issue(US)

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        assert await asked(dial, client(US, ANN)) == known(ANN)
        assert await refused(dial, client(US, THEM.issue_cert("ann@example.com")))
        assert await refused(dial, client(US, US.issue_cert("ann@example.com", not_after=PAST)))
        if wanted == "required":
            assert await refused(dial, client(US))
        else:
            assert await asked(dial, client(US)) == "https nobody"

    played(loop, files, scene)


@pytest.mark.statement("F49")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])  # a client names no address (RFC 6066 section 3)
def test_new_handshakes_get_the_new_certificate_and_open_connections_stay(
    tmp_path: Path, loop: Json, name: str
) -> None:
    files = Files(tmp_path)
    files.issue(US)

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        before = await dial(client(US), name)
        assert await before.ask() == "https nobody"
        files.issue(THEM)
        handshakes.reload()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asked(dial, client(US), name)
        assert await asked(dial, client(THEM), name) == "https nobody"
        assert await before.ask() == "https nobody"
        before.writer.close()

    played(loop, files, scene)


@pytest.mark.statement("F49", "A27")
@pytest.mark.parametrize("loop", LOOPS)
def test_new_handshakes_are_held_against_the_new_authorities(tmp_path: Path, loop: Json) -> None:
    files = Files(tmp_path, "optional", US)
    files.issue(US)
    theirs = THEM.issue_cert("ann@example.com")

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        assert await refused(dial, client(US, theirs))
        files.trust(THEM)
        handshakes.reload()
        assert await asked(dial, client(US, theirs)) == known(theirs)
        assert await refused(dial, client(US, ANN))

    played(loop, files, scene)


@pytest.mark.statement("F49", "A27")
@pytest.mark.parametrize("loop", LOOPS)
def test_a_session_taken_up_again_brings_no_certificate_past_a_change_of_authorities(
    tmp_path: Path, loop: Json
) -> None:
    files = Files(tmp_path, "required", US)
    files.issue(US)
    context = client(US, ANN)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def once(port: int, session: ssl.SSLSession | None) -> tuple[bytes, ssl.SSLSession | None, bool]:
        """asyncio's clients take up no session. Raises OSError."""
        with (
            socket.create_connection(("127.0.0.1", port), 5) as raw,
            context.wrap_socket(raw, server_hostname="localhost", session=session) as line,
        ):
            line.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            answer = b"".join(iter(partial(line.recv, 1 << 12), b""))
            return answer, line.session, bool(line.session_reused)

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        connection = await dial(context)
        port = connection.writer.get_extra_info("peername")[1]
        connection.writer.close()
        first, session, _ = await asyncio.to_thread(once, port, None)
        again, _, reused = await asyncio.to_thread(once, port, session)
        assert known(ANN).encode() in first
        assert known(ANN).encode() in again
        assert reused, "otherwise this tests nothing"
        files.trust(THEM)
        handshakes.reload()
        for _ in range(2):
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(once, port, session)

    played(loop, files, scene)


@pytest.mark.statement("F49")
@pytest.mark.parametrize("loop", LOOPS)
def test_files_are_looked_at_and_a_broken_one_keeps_the_old_until_it_is_mended(
    tmp_path: Path, loop: Json, caplog: pytest.LogCaptureFixture
) -> None:
    files = Files(tmp_path)
    files.issue(US)
    caplog.set_level(logging.INFO, "bridge.app.tls")

    async def told(text: str) -> None:
        async with asyncio.timeout(10):
            while text not in caplog.text:  # noqa: ASYNC110 (a log has no event)
                await asyncio.sleep(0.01)

    async def scene(handshakes: Handshakes, dial: Dial) -> None:
        watching = asyncio.create_task(handshakes.run(lambda: 0.03))
        put(files.certificate, b"-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
        await told(f"tls.certificate: {files.certificate} holds no certificate in PEM that can be read")
        assert await asked(dial, client(US)) == "https nobody"
        files.issue(THEM)
        await told("tls: certificates were read anew")
        assert await asked(dial, client(THEM)) == "https nobody"
        assert len([line for line in caplog.messages if "holds no certificate" in line]) == 1
        watching.cancel()

    played(loop, files, scene)


def spoil_certificate(files: Files) -> str:
    files.certificate.write_text("no PEM")
    return f"tls.certificate: {files.certificate} holds no certificate in PEM that can be read"


def spoil_key(files: Files) -> str:
    files.key.write_text("no PEM")
    return f"tls.key: {files.key} holds no private key in PEM that can be read"


def lock_key(files: Files) -> str:
    key = load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    return f"tls.key: {files.key} has a password; write it without one"


def swap_key(files: Files) -> str:
    files.key.write_bytes(US.issue_cert("localhost").private_key_pem.bytes())
    return f"tls.key: {files.key} is not the key of the first certificate in {files.certificate}"


def lose_certificate(files: Files) -> str:
    files.certificate.unlink()
    return f"tls.certificate: {files.certificate} cannot be read: No such file or directory"


def spoil_authorities(files: Files) -> str:
    files.ca.write_text("no PEM")
    return f"tls.client_ca: {files.ca} holds no certificate in PEM that can be read"


SPOILT = [spoil_certificate, spoil_key, lock_key, swap_key, lose_certificate, spoil_authorities]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_start_with_files_that_cannot_be_used_names_key_file_and_reason(
    tmp_path: Path, spoil: Callable[[Files], str]
) -> None:
    files = Files(tmp_path, "required", US)
    files.issue(US)
    reason = spoil(files)
    with pytest.raises(StartFailed) as caught:
        secured(Settings(tls=files.settings))
    assert reason in str(caught.value)


def test_all_listeners_are_told_of_at_once(tmp_path: Path) -> None:
    nowhere = Files(tmp_path).settings
    with pytest.raises(StartFailed) as caught:
        secured(Settings.model_validate({"tls": nowhere, "admin": {"tls": nowhere}}))
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [
        "tls.certificate",
        "admin.tls.certificate",
    ]


def test_reading_anew_what_cannot_be_used_changes_nothing_and_raises(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.issue(US)
    handshakes = Handshakes(files.settings, ("tls",))
    swap_key(files)
    with pytest.raises(Unusable):
        handshakes.reload()


def test_a_certificate_past_its_time_is_served_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = Files(tmp_path)
    leaf = US.issue_cert("localhost", not_after=PAST)
    files.certificate.write_bytes(leaf.cert_chain_pems[0].bytes())
    files.key.write_bytes(leaf.private_key_pem.bytes())
    Handshakes(files.settings, ("tls",))
    assert f"{files.certificate} is valid" in caplog.text


def test_check_says_what_would_keep_the_gateway_from_starting(tmp_path: Path) -> None:
    (tmp_path / "shop.json").write_bytes(orjson.dumps(paths({"GET /orders": {"operationId": "orders"}})))
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "apis: {shop: {spec: shop.json, upstream: {url: 'http://127.0.0.1:9'}}}\n"
        "tls:\n  certificate: nowhere.pem\n  key: key.pem\n"
    )
    ran = command("check", "--config", str(file), "-o", "json")
    (found,) = [one for one in ran.json["findings"] if one["id"] == "tls-unusable"]
    assert (ran.code, found["severity"], found["line"]) == (1, "error", 3)
    assert f"{tmp_path / 'nowhere.pem'} cannot be read" in found["message"]
