"""The CORS protocol, whichever door answers."""

from bridge.ingress.asgi import Message
from bridge.ingress.cors import preflight, shared
from bridge.model import Json
from bridge.pipeline.runtime import Cors
from tests.unit.ingress.test_traffic import scope

APP = b"https://app.example"


def asked(*headers: tuple[bytes, bytes], method: str = "OPTIONS") -> dict[str, Json]:
    return scope(method=method) | {"headers": [(b"host", b"gw.example"), *headers]}


def wanting(*headers: tuple[bytes, bytes]) -> dict[str, Json]:
    return asked((b"origin", APP), (b"access-control-request-method", b"POST"), *headers)


async def sent(cors: Cors, origin: bytes, *headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    out: list[Message] = []

    async def send(message: Message) -> None:
        out.append(message)

    sending = shared(cors, asked((b"origin", origin), method="GET"), send)
    await sending({"type": "http.response.start", "status": 200, "headers": list(headers)})
    return list(out[0]["headers"])


def test_an_options_request_that_is_no_preflight_is_left_alone() -> None:
    assert preflight(Cors(frozenset({"*"})), asked((b"origin", APP))) is None


def test_the_headers_asked_for_are_allowed_where_none_are_configured() -> None:
    answer = preflight(Cors(frozenset({"*"})), wanting((b"access-control-request-headers", b"authorization,mcp-name")))
    assert answer is not None
    assert (b"access-control-allow-headers", b"authorization,mcp-name") in answer[1]


def test_configured_headers_are_allowed_beside_those_that_the_doors_need() -> None:
    cors = Cors(frozenset({APP.decode()}), ("x-key",), 60)
    answer = preflight(cors, wanting((b"access-control-request-headers", b"x-evil")))
    assert answer is not None
    allowed = dict(answer[1])[b"access-control-allow-headers"].split(b", ")
    assert {b"x-key", b"content-type", b"mcp-protocol-version", b"authorization"} <= set(allowed)
    assert b"x-evil" not in allowed
    assert (b"access-control-max-age", b"60") in answer[1]


async def test_an_answer_that_depends_on_the_origin_says_so_even_to_strangers() -> None:
    cors = Cors(frozenset({APP.decode()}))
    assert (b"vary", b"origin") in await sent(cors, APP)
    assert await sent(cors, b"https://evil.example") == [(b"vary", b"origin")]


async def test_credentials_are_never_allowed_even_if_the_upstream_would() -> None:
    for cors in (Cors(frozenset({"*"})), Cors(frozenset({APP.decode()}))):
        headers = await sent(cors, APP, (b"access-control-allow-credentials", b"true"))
        assert b"access-control-allow-credentials" not in dict(headers)


async def test_a_browser_may_read_what_an_mcp_client_needs() -> None:
    exposed = dict(await sent(Cors(frozenset({"*"})), APP))[b"access-control-expose-headers"]
    for name in (b"mcp-session-id", b"mcp-protocol-version", b"www-authenticate"):
        assert name in exposed
