"""An issuer that lies, breaks and stalls when it is told to, and mints any token: what no real provider does.

It serves from a thread of its own, so that gateways in this process and in others find it awake whatever the test does.
What it says at a path is in `answers`, if it is not what an honest issuer says.
"""

import base64
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from secrets import token_urlsafe
from socket import SHUT_RDWR, socket
from socketserver import TCPServer, ThreadingMixIn
from threading import Event, Thread
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson

from bridge.model import Json
from tests.kit.jws import Key, new_key, signed

OIDC = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
JWKS, INTROSPECT, TOKEN = "/jwks", "/introspect", "/token"

ABSENT: Final = object()
"""As the value of a claim or of a header's member: it is left out."""

# --- what it says -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived; `path` is without its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def form(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def basic(self) -> tuple[str, str] | None:
        """The client and its secret, from the header alone and as they stand there (RFC 6749 would decode them)."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        name, _, secret = base64.b64decode(value).decode().partition(":")
        return name, secret


@dataclass(frozen=True, slots=True)
class Answer:
    """`delay` is before the first byte and `pause` before every tenth of the body, in seconds; `hangs` says nothing."""

    body: bytes = b"{}"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    delay: float = 0.0
    pause: float = 0.0
    hangs: bool = False


def says(value: Json, status: int = 200, *, delay: float = 0.0, pause: float = 0.0) -> Answer:
    return Answer(orjson.dumps(value), status, delay=delay, pause=pause)


def redirects(url: str, status: int = 302) -> Answer:
    return Answer(b"", status, (("Location", url),))


HTML = Answer(b"<!doctype html><title>Sign in</title>", headers=(("Content-Type", "text/html"),))
FAILS = Answer(b"", 500)
MISSING = Answer(b"", 404)
HANGS = Answer(hangs=True)
HUGE = Answer(b'{"keys": [' + b" " * 10_000_000 + b"]}")
NO_KEYS = says({"keys": []})

Said: TypeAlias = Answer | Callable[[Received], Answer]


def _present(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not ABSENT}


# --- the issuer -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Issuer:
    """`keys` are those that it publishes, the first signs. `active` are the tokens it knows, with what it says of each.

    `metadata` and `answers` may be changed at any time, `answers` by any path. `requests` grows.
    """

    url: str
    audience: str
    keys: list[Key]
    metadata: dict[str, Json]
    answers: dict[str, Said] = field(default_factory=dict)
    active: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    _server: "_Server | None" = None
    _tls: ssl.SSLContext | None = None

    @property
    def counts(self) -> Counter[str]:
        """Requests by path."""
        return Counter(one.path for one in list(self.requests))

    # --- what it mints ------------------------------------------------------------------------------------------------

    def token(
        self,
        *,
        header: Mapping[str, Json] = MappingProxyType({}),
        claims: Mapping[str, Json] = MappingProxyType({}),
        key: Key | None = None,
        **changes: Json,
    ) -> str:
        """An access token (RFC 9068) for `audience`, of "ann", valid for five minutes, less what is said otherwise.

        An `alg` in the header is signed with as well.
        """
        key = key or self.keys[0]
        said = _present({"alg": key.alg, "kid": key.kid, "typ": "at+jwt", **header})
        body = _present({**self.claims(), **claims, **changes})
        return signed(orjson.dumps(said), orjson.dumps(body), key, said.get("alg"))

    def claims(self) -> dict[str, Json]:
        now = int(time.time())
        return {
            "iss": self.url, "sub": "ann", "aud": self.audience, "exp": now + 300, "iat": now,
            "jti": token_urlsafe(12), "client_id": "agent", "scope": "read",
        }  # fmt: skip

    def opaque(self, **changes: Json) -> str:
        """A token that only introspection can read (RFC 7662); out of `active` it is revoked."""
        token = token_urlsafe(24)
        self.active[token] = _present({**self.claims(), **changes})
        return token

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def rotate(self, alg: str = "RS256", kid: str | None = None, *, keep: bool = True) -> Key:
        """A new key signs from now on; the old ones stay published, or not."""
        made = new_key(alg, kid)
        self.keys = [made, *(self.keys if keep else [])]
        return made

    def drop(self, kid: str) -> None:
        """No longer published; whoever holds the key can still sign with it."""
        self.keys = [key for key in self.keys if key.kid != kid]

    def stop(self) -> None:
        """Connections are refused, those there are end."""
        server, self._server = self._server, None
        if server is not None:
            server.end()

    def start(self) -> None:
        """At the same address as before."""
        self._server = _Server(urlsplit(self.url).port or 0, self._say, self._tls)

    def twice(self, path: str) -> Answer:
        """What it honestly says there with each member twice: a wrong one, then the right one, which readers take."""
        right = self._honest(Received("GET", path, {}, b"")).body
        wrong = orjson.dumps(dict.fromkeys(orjson.loads(right), "https://wrong.test"))
        return Answer(wrong[:-1] + b"," + right[1:])

    # --- what it says when it is honest -------------------------------------------------------------------------------

    def _say(self, received: Received) -> Answer:
        self.requests.append(received)
        said = self.answers.get(received.path) or self._honest(received)
        return said if isinstance(said, Answer) else said(received)

    def _honest(self, received: Received) -> Answer:
        # RFC 8414 section 3.1 puts the well-known part before an issuer's path, OpenID Connect Discovery after it.
        path = urlsplit(self.url).path
        if received.path in {f"{OAUTH}{path}", f"{OIDC}{path}", f"{path}{OIDC}"}:
            return says(self.metadata)
        spoken = {JWKS: self._publish, INTROSPECT: self._introspect, TOKEN: self._issue}.get(received.path)
        return spoken(received) if spoken else MISSING

    def _publish(self, received: Received) -> Answer:
        return says({"keys": [key.public for key in self.keys]})

    def _introspect(self, received: Received) -> Answer:
        known = self.active.get(received.form.get("token", ""))
        return says({"active": False} if known is None else {"active": True, "token_type": "Bearer", **known})

    def _issue(self, received: Received) -> Answer:
        """A token for whatever was asked, of any grant: its subject is the client, whose secret is not looked at."""
        form = received.form
        client = form.get("client_id") or (received.basic or ("agent", ""))[0]
        audience = form.get("resource") or form.get("audience") or self.audience
        token = self.token(sub=client, client_id=client, aud=audience, scope=form.get("scope", ABSENT))
        return says({"access_token": token, "token_type": "Bearer", "expires_in": 300})


@contextmanager
def issuer(
    audience: str, *, path: str = "", alg: str = "RS256", tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Issuer]:
    """Under way when it is entered, on a free loopback port. `path` is a part of its identifier, as of a tenant's."""
    made = Issuer("", audience, [new_key(alg)], {}, _tls=tls)
    made.start()
    assert made._server is not None
    root = f"{'http' if tls is None else 'https'}://{host}:{made._server.port}"
    made.url = f"{root}{path}"
    made.metadata |= {
        "issuer": made.url, "authorization_endpoint": f"{root}/authorize", "token_endpoint": f"{root}{TOKEN}",
        "jwks_uri": f"{root}{JWKS}", "introspection_endpoint": f"{root}{INTROSPECT}",
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"], "id_token_signing_alg_values_supported": [alg],
        "authorization_response_iss_parameter_supported": True,
    }  # fmt: skip
    try:
        yield made
    finally:
        made.stop()


# --- its server -------------------------------------------------------------------------------------------------------


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, say: Callable[[Received], Answer], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.say = say
        self.ended = Event()
        self.open: set[socket] = set()
        if tls is not None:
            # The handshake belongs to the connection's thread: one that stalls must not keep the others waiting.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def end(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up in the middle does what tests are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.server.open.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.server.open.discard(self.request)
        super().finish()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._play(self.server.say(Received(self.command, urlsplit(self.path).path, headers, body)))

    def do_POST(self) -> None:
        self.do_GET()

    def _play(self, answer: Answer) -> None:
        self.server.ended.wait(None if answer.hangs else answer.delay)
        if self.server.ended.is_set():
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        self.end_headers()
        self._write(answer.body, answer.pause)

    def _write(self, body: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(body)
            return
        size = -(-len(body) // 10) or 1
        for start in range(0, len(body), size):
            self.server.ended.wait(pause)
            self.wfile.write(body[start : start + size])

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at `requests`."""
