"""The fetcher against a real server on loopback, and against a scripted network where the address must be public."""

import contextlib
import datetime as dt
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.egress.address import Address
from bridge.egress.fetch import FetchPolicy, fetch
from bridge.egress.fetch_errors import (
    AddressRefused,
    BadAnswer,
    BadStatus,
    FetchTimeout,
    HeaderRefused,
    SchemeRefused,
    TooLarge,
    TooManyRedirects,
    Unreachable,
    UrlRefused,
)

OPEN = FetchPolicy(allow_private=True, timeout=10)
OPEN_SMALL = FetchPolicy(allow_private=True, max_bytes=1_000_000, timeout=10)
PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "2606:4700::1111"


class Origin(ThreadingHTTPServer):
    """A server that answers each path with a function and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.routes: dict[str, Callable[[Asked], None]] = {}
        self.seen: list[Asked] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what many of these tests are about."""

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"

    def answers(self, path: str, body: bytes = b"", status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> str:
        def answer(asked: "Asked") -> None:
            asked.send_response(status)
            for name, value in (("Content-Length", str(len(body))), *headers):
                asked.send_header(name, value)
            asked.end_headers()
            asked.wfile.write(body)

        self.routes[path] = answer
        return self.url(path)

    def writes(self, path: str, chunks: Iterable[bytes]) -> str:
        """Raw bytes, for as long as the client takes them."""

        def answer(asked: "Asked") -> None:
            asked.close_connection = True
            for chunk in chunks:
                asked.wfile.write(chunk)
                asked.wfile.flush()

        self.routes[path] = answer
        return self.url(path)

    def redirects(self, path: str, target: str, status: int = 302) -> str:
        return self.answers(path, status=status, headers=[("Location", target)])


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def do_GET(self) -> None:
        self.server.seen.append(self)
        self.server.routes[self.path](self)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextlib.contextmanager
def serving(server: Origin) -> Iterator[Origin]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serving(Origin()) as server:
        yield server


class Names:
    """A resolver with an answer per question; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): rows for name, rows in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        rows = self.answers[host]
        row = rows[min(self.asked.count(host), len(rows) - 1)]
        self.asked.append(host)
        return [ip_address(text) for text in row]


class Wire(httpcore.NetworkBackend):
    """A network on which each address answers with fixed bytes; an address without any is silent."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = dict(answers)
        self.dialled: list[tuple[str, int]] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.dialled.append((host, port))
        if host not in self.answers:
            raise httpcore.ConnectTimeout
        return httpcore.MockStream([self.answers[host]])


def http(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


# --- what comes back


def test_document_comes_with_what_the_server_says_of_it(origin: Origin) -> None:
    headers = [("Content-Type", "Application/YAML; charset=UTF-8"), ("ETag", '"1"'), ("Last-Modified", "then")]
    url = origin.answers("/api?v=1", b"openapi: 3.1.0", headers=headers)
    fetched = fetch(url + "#/paths", OPEN)
    assert (fetched.url, fetched.body) == (url, b"openapi: 3.1.0")
    assert (fetched.media_type, fetched.charset) == ("application/yaml", "utf-8")
    assert (fetched.etag, fetched.last_modified, fetched.not_modified) == ('"1"', "then", False)


def test_server_that_names_no_type_is_not_given_one(origin: Origin) -> None:
    fetched = fetch(origin.answers("/", b"{}"), OPEN)
    assert (fetched.media_type, fetched.charset, fetched.etag) == ("", None, None)


def test_known_document_is_not_sent_again(origin: Origin) -> None:
    url = origin.answers("/api", status=304)
    fetched = fetch(url, OPEN, etag='"7"')
    assert origin.seen[0].headers["If-None-Match"] == '"7"'
    assert (fetched.not_modified, fetched.body, fetched.etag) == (True, b"", '"7"')


def test_answer_not_modified_to_a_first_request_is_an_error(origin: Origin) -> None:
    with pytest.raises(BadStatus, match="although nothing was known"):
        fetch(origin.answers("/api", status=304), OPEN)


@pytest.mark.parametrize("status", [204, 206, 301, 400, 401, 404, 500, 599])
def test_bad_status_is_named(origin: Origin, status: int) -> None:
    with pytest.raises(BadStatus, match=f"/api: the server answered {status}") as caught:
        fetch(origin.answers("/api", status=status), OPEN)
    assert caught.value.status == status


def test_request_names_the_host_and_asks_for_what_can_be_decoded(origin: Origin) -> None:
    origin.answers("/", b"{}")
    fetch(origin.url("/", host="api.example"), OPEN, resolver=Names(api_example=[["127.0.0.1"]]))
    headers = origin.seen[0].headers
    assert headers["Host"] == f"api.example:{origin.server_port}"
    assert (headers["Accept-Encoding"], headers["User-Agent"]) == ("gzip, identity", "dualbridge")


def test_proxy_from_the_environment_is_ignored(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert fetch(origin.answers("/", b"{}"), OPEN).body == b"{}"


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_document_is_decompressed(origin: Origin, coding: str, pack: Callable[[bytes], bytes]) -> None:
    url = origin.answers("/", pack(b"openapi: 3.1.0"), headers=[("Content-Encoding", coding)])
    assert fetch(url, OPEN).body == b"openapi: 3.1.0"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ],
)
def test_unusable_answer_is_an_error_of_its_own(answer: bytes) -> None:
    with pytest.raises(BadAnswer):
        fetch("http://a.example/", resolver=Names(a_example=[[PUBLIC]]), network=Wire(**{PUBLIC: answer}))


# --- where it may go


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_loopback_is_refused_however_it_is_spelled(origin: Origin, host: str) -> None:
    origin.answers("/", b"{}")
    with pytest.raises(AddressRefused, match="a loopback address; pass --allow-private to fetch from it"):
        fetch(origin.url("/", host=host))
    assert not origin.seen


@pytest.mark.parametrize(
    "host",
    ["0177.0.0.1", "256.1.1.1", "1\uff127.0.0.1", "127%2e0.0.1", "a b", "a..b", ".a", "[::1%25lo]", "", "a" * 64],
)
def test_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(UrlRefused):
        fetch(f"http://{host}/", OPEN)


@pytest.mark.parametrize("host", ["[::]", "0.0.0.0", "0", "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"])
def test_place_without_documents_is_refused_even_with_private_addresses_allowed(host: str) -> None:
    with pytest.raises(AddressRefused, match="it is never fetched from"):
        fetch(f"http://{host}/latest/meta-data", OPEN)


def test_refusal_says_what_to_do() -> None:
    with pytest.raises(AddressRefused) as caught:
        fetch("http://10.0.0.5/openapi.json")
    said = "http://10.0.0.5/openapi.json: 10.0.0.5 is a private address; pass --allow-private to fetch from it"
    assert str(caught.value) == said


def test_name_is_refused_for_one_bad_address_among_good_ones() -> None:
    wire = Wire(**{PUBLIC: http(b"{}")})
    with pytest.raises(AddressRefused, match=r"a\.example resolves to 10\.0\.0\.1, a private address"):
        fetch("http://a.example/", resolver=Names(a_example=[[PUBLIC, "10.0.0.1"]]), network=wire)
    assert not wire.dialled


def test_trailing_dot_hides_nothing() -> None:
    with pytest.raises(AddressRefused):
        fetch("http://localhost./", resolver=lambda host, port: [ip_address("127.0.0.1")])


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "javascript", "data", "unix"])
def test_other_schemes_are_refused(scheme: str) -> None:
    with pytest.raises(SchemeRefused, match=f"{scheme}: is not fetched, only http: and https: URLs are"):
        fetch(f"{scheme}://127.0.0.1/etc/passwd", OPEN)


def test_url_without_a_scheme_is_refused() -> None:
    with pytest.raises(SchemeRefused):
        fetch("127.0.0.1/openapi.json", OPEN)


def test_scheme_that_the_policy_leaves_out_is_refused() -> None:
    with pytest.raises(SchemeRefused, match="only https: URLs"):
        fetch("http://a.example/", FetchPolicy(schemes=frozenset({"https"})))


def test_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UrlRefused) as caught:
        fetch("http://user:secret@a.example/x?token=hidden", OPEN)
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("port", [0, 65536])
def test_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(UrlRefused):
        fetch(f"http://a.example:{port}/", OPEN)


def test_international_name_is_asked_for_in_its_ascii_form() -> None:
    names = Names(**{"xn--bcher-kva_example": [[PUBLIC]]})
    assert fetch("http://bücher.example/", resolver=names, network=Wire(**{PUBLIC: http(b"{}")})).body == b"{}"


def test_checked_address_is_dialled_although_the_name_has_moved_on() -> None:
    names, wire = Names(a_example=[[PUBLIC], ["127.0.0.1"]]), Wire(**{PUBLIC: http(b"{}"), "127.0.0.1": http(b"bad")})
    assert fetch("http://a.example:8080/", resolver=names, network=wire).body == b"{}"
    assert (wire.dialled, names.asked) == ([(PUBLIC, 8080)], ["a.example"])


def test_next_address_is_dialled_when_the_first_is_silent() -> None:
    names, wire = Names(a_example=[[OTHER_PUBLIC, PUBLIC]]), Wire(**{PUBLIC: http(b"{}")})
    assert fetch("https://a.example/", resolver=names, network=wire).body == b"{}"
    assert wire.dialled == [(OTHER_PUBLIC, 443), (PUBLIC, 443)]


def test_name_without_an_address_is_unreachable() -> None:
    def nowhere(host: str, port: int) -> Sequence[Address]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(Unreachable, match=r"a\.example does not resolve.*not known"):
        fetch("http://a.example/", resolver=nowhere)
    with pytest.raises(Unreachable, match="has no address"):
        fetch("http://a.example/", resolver=lambda host, port: [])


def test_closed_port_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(Unreachable, match="refused"):
            fetch(f"http://127.0.0.1:{bound.getsockname()[1]}/", OPEN)


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(origin: Origin, status: int) -> None:
    url = origin.redirects("/old/api", "../new", status)
    new = origin.answers("/new", b"{}")
    fetched = fetch(url, OPEN)
    assert (fetched.url, fetched.body) == (new, b"{}")


def test_redirects_are_counted(origin: Origin) -> None:
    origin.redirects("/loop", "/loop")
    with pytest.raises(TooManyRedirects, match="more than 5 redirects"):
        fetch(origin.url("/loop"), OPEN)
    assert len(origin.seen) == 6


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://[::1]/", "http://2130706433/", "//10.0.0.1/"])
def test_redirect_to_a_refused_address_is_not_followed(target: str) -> None:
    wire = Wire(**{PUBLIC: http(b"", "302 Found", f"Location: {target}")})
    names = Names(a_example=[[PUBLIC]], **{"2130706433": [["127.0.0.1"]]})
    with pytest.raises(AddressRefused, match=r"\(redirected from http://a\.example/\)") as caught:
        fetch("http://a.example/", resolver=names, network=wire)
    assert caught.value.first == "http://a.example/"
    assert wire.dialled == [(PUBLIC, 80)]


def test_name_is_checked_again_at_every_hop() -> None:
    names, wire = Names(a_example=[[PUBLIC], ["127.0.0.1"]]), Wire(**{PUBLIC: http(b"", "302 Found", "Location: /b")})
    with pytest.raises(AddressRefused, match=r"a\.example resolves to 127\.0\.0\.1"):
        fetch("http://a.example/", resolver=names, network=wire)
    assert wire.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://a.example/", "mailto:a@a.example"])
def test_redirect_to_another_scheme_is_not_followed(origin: Origin, target: str) -> None:
    with pytest.raises(SchemeRefused):
        fetch(origin.redirects("/", target), OPEN)


@pytest.mark.parametrize(
    "target", ["http://[bad", "http://a.example:port/", "http://256.1.1.1/", "http://u:p@a.example/"]
)
def test_redirect_to_what_is_no_url_is_not_followed(origin: Origin, target: str) -> None:
    with pytest.raises((BadAnswer, UrlRefused)):
        fetch(origin.redirects("/", target), OPEN)


def test_redirect_never_drops_encryption() -> None:
    names = Names(a_example=[[PUBLIC]])
    wire = Wire(**{PUBLIC: http(b"", "302 Found", "Location: http://a.example/?token=hidden")})
    with pytest.raises(SchemeRefused, match="would drop the encryption") as caught:
        fetch("https://a.example/", resolver=names, network=wire)
    assert "hidden" not in str(caught.value)


def test_redirect_may_add_encryption() -> None:
    names = Names(a_example=[[PUBLIC], [OTHER_PUBLIC]])
    wire = Wire(**{PUBLIC: http(b"", "301 Moved", "Location: https://a.example/"), OTHER_PUBLIC: http(b"{}")})
    assert fetch("http://a.example/", resolver=names, network=wire).url == "https://a.example/"


def test_credentials_stay_with_their_origin(origin: Origin) -> None:
    """Any header a caller adds may be one; what was dropped does not come back, not even at the first origin."""
    names = Names(a_example=[["127.0.0.1"]], b_example=[["127.0.0.1"]])
    origin.redirects("/1", "/2")
    origin.redirects("/2", origin.url("/3", host="b.example"))
    origin.redirects("/3", origin.url("/4", host="a.example"))
    origin.answers("/4", b"{}")
    headers = [("Authorization", "Bearer x"), ("X-API-Key", "k"), ("Accept", "application/json")]
    fetch(origin.url("/1", host="a.example"), OPEN, headers=headers, resolver=names)
    assert [asked.headers["Authorization"] for asked in origin.seen] == ["Bearer x", "Bearer x", None, None]
    assert [asked.headers["X-API-Key"] for asked in origin.seen] == ["k", "k", None, None]
    assert {asked.headers["Accept"] for asked in origin.seen} == {"application/json"}


@pytest.mark.parametrize(
    "header", [("X-Key", "secret\r\nHost: b"), ("X Key", "secret"), ("Host", "secret"), ("content-length", "secret")]
)
def test_header_that_would_change_the_request_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(HeaderRefused) as caught:
        fetch("http://a.example/", headers=[header])
    assert "secret" not in str(caught.value)


# --- bounds


def test_document_over_the_limit_is_refused_before_it_is_read(origin: Origin) -> None:
    url = origin.writes("/", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n"])
    with pytest.raises(TooLarge, match="larger than the limit of 1000000 bytes"):
        fetch(url, OPEN_SMALL)


def test_document_at_the_limit_is_taken(origin: Origin) -> None:
    assert len(fetch(origin.answers("/", bytes(1000)), FetchPolicy(allow_private=True, max_bytes=1000)).body) == 1000


def test_endless_document_is_cut_off(origin: Origin) -> None:
    endless = iter(lambda: bytes(10_000), b"")
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with pytest.raises(TooLarge):
        fetch(origin.writes("/", (part for source in ([head], endless) for part in source)), OPEN_SMALL)


def test_endless_body_that_decompresses_to_nothing_is_cut_off(origin: Origin) -> None:
    empty_members = iter(lambda: gzip.compress(b"") * 500, b"")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    with pytest.raises(TooLarge):
        fetch(origin.writes("/", (part for source in ([head], empty_members) for part in source)), OPEN_SMALL)


def test_compressed_bomb_is_stopped_before_it_is_held(origin: Origin) -> None:
    bomb = gzip.compress(bytes(100_000_000), compresslevel=1)
    assert len(bomb) < 1_000_000
    url = origin.answers("/", bomb, headers=[("Content-Encoding", "gzip")])
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            fetch(url, OPEN_SMALL)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def drip(*parts: bytes) -> Iterator[bytes]:
    for byte in b"".join(parts):
        yield bytes([byte])
        time.sleep(0.05)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Pad: "]
)
def test_dripping_server_is_left_at_the_deadline(origin: Origin, head: bytes) -> None:
    url = origin.writes("/", (part for source in ([head], drip(bytes(b"1" * 200))) for part in source))
    assert_leaves_in_time(url)


def test_redirects_share_one_deadline(origin: Origin) -> None:
    def slowly(asked: Asked) -> None:
        time.sleep(0.2)
        asked.send_response(302)
        asked.send_header("Location", "/")
        asked.send_header("Content-Length", "0")
        asked.end_headers()

    origin.routes["/"] = slowly
    assert_leaves_in_time(origin.url("/"))


def test_server_that_never_answers_is_left_at_the_deadline(origin: Origin) -> None:
    done = threading.Event()

    def wait(_asked: Asked) -> None:
        done.wait(5)

    origin.routes["/"] = wait
    assert_leaves_in_time(origin.url("/"))
    done.set()


def test_endless_interim_answers_are_left_at_the_deadline(origin: Origin) -> None:
    assert_leaves_in_time(origin.writes("/", iter(lambda: b"HTTP/1.1 103 Early Hints\r\n\r\n", b"")))


def test_resolver_that_hangs_is_left_at_the_deadline() -> None:
    done = threading.Event()

    def hang(host: str, port: int) -> Sequence[Address]:
        done.wait(5)
        return []

    started = time.monotonic()
    with pytest.raises(FetchTimeout):
        fetch("http://a.example/", FetchPolicy(timeout=0.3), resolver=hang)
    done.set()
    assert time.monotonic() - started < 2


def assert_leaves_in_time(url: str) -> None:
    started = time.monotonic()
    with pytest.raises(FetchTimeout, match=r"took longer than 0\.5 s in all"):
        fetch(url, FetchPolicy(allow_private=True, timeout=0.5, max_redirects=100))
    assert time.monotonic() - started < 3


# --- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for api.example that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "server.pem"
    path.write_bytes(text + made.public_bytes(pem))
    return path


@pytest.fixture
def asked_names() -> list[str | None]:
    return []


@pytest.fixture
def secure(certificate: Path, asked_names: list[str | None]) -> Iterator[Origin]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def remember(_socket: object, name: str | None, _context: object) -> None:
        asked_names.append(name)

    context.sni_callback = remember
    server = Origin()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.answers("/", b"{}")
    with serving(server):
        yield server


def secure_url(server: Origin, host: str) -> str:
    return f"https://{host}:{server.server_port}/"


@pytest.mark.parametrize("host", ["api.example", "api.example."])
def test_certificate_is_checked_against_the_name_not_the_address(
    secure: Origin, asked_names: list[str | None], certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    fetched = fetch(secure_url(secure, host), OPEN, resolver=lambda _host, _port: [ip_address("127.0.0.1")])
    assert (fetched.body, asked_names) == (b"{}", ["api.example"])


def test_certificate_of_another_name_is_refused(
    secure: Origin, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(secure_url(secure, "b.example"), OPEN, resolver=Names(b_example=[["127.0.0.1"]]))
    assert not secure.seen


def test_certificate_that_nobody_vouches_for_is_refused(secure: Origin) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(secure_url(secure, "api.example"), OPEN, resolver=Names(api_example=[["127.0.0.1"]]))
    assert not secure.seen
