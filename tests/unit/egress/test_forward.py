"""What becomes of a person's request on its way to an upstream."""

from dataclasses import replace

import pytest

from bridge.egress.forward import forward
from bridge.egress.inbound import FIELDS
from bridge.model import Call, Door, Headers, Presented, Rewrite, Route, Wire


def call(*headers: tuple[bytes, bytes], rewrite: Rewrite | None = None, prefix: str = "/api") -> Call:
    return Call(
        "id",
        Door.REST,
        "GET",
        f"{prefix}/a%2Fb",
        0.0,
        0.0,
        0.0,
        route=Route("a", prefix, None, (), rewrite or Rewrite()),
        below="/a%2Fb",
        query="q=%zz",
        headers=((b"host", b"gw.example:8080"), *headers),
        peer="192.0.2.7",
    )


def values(wire: Wire, name: bytes) -> list[bytes]:
    return [value for key, value in wire.headers if key == name]


def test_the_target_is_the_raw_path_below_the_prefix_with_the_raw_query() -> None:
    assert forward(call()).target == "/a%2Fb?q=%zz"
    assert forward(call(rewrite=Rewrite(strip_prefix=False))).target == "/api/a%2Fb?q=%zz"


def test_where_the_request_came_from_is_said_in_both_forms() -> None:
    wire = forward(call())
    assert values(wire, b"forwarded") == [b'for=192.0.2.7;host="gw.example:8080";proto=http']
    assert values(wire, b"x-forwarded-for") == [b"192.0.2.7"]
    assert values(wire, b"x-forwarded-host") == [b"gw.example:8080"]
    assert values(wire, b"x-forwarded-proto") == [b"http"]
    assert values(wire, b"x-forwarded-prefix") == [b"/api"]


def test_an_ipv6_peer_is_quoted_and_bracketed() -> None:
    made = call()
    made.peer = "2001:db8::1"
    assert b'for="[2001:db8::1]"' in values(forward(made), b"forwarded")[0]


@pytest.mark.statement("H13")
def test_trusted_proxies_are_named_after_the_caller_and_nothing_that_it_claims() -> None:
    made = call((b"x-forwarded-for", b"6.6.6.6, 192.0.2.7"), (b"forwarded", b"for=6.6.6.6"))
    made.via, made.scheme = ("2001:db8::2", "10.0.0.1"), "https"
    wire = forward(made)
    assert values(wire, b"x-forwarded-for") == [b"192.0.2.7, 2001:db8::2, 10.0.0.1"]
    assert values(wire, b"forwarded") == [
        b'for=192.0.2.7;host="gw.example:8080";proto=https, for="[2001:db8::2]", for=10.0.0.1'
    ]
    assert values(wire, b"x-forwarded-proto") == [b"https"]


def test_an_unknown_peer_is_called_unknown() -> None:
    made = call()
    made.peer = ""
    assert values(forward(made), b"forwarded")[0].startswith(b"for=unknown")
    assert values(forward(made), b"x-forwarded-for") == []


@pytest.mark.parametrize(
    "name",
    [
        *(b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"),
        *(b"x-forwarded-client-cert", b"x-forwarded-port", b"x-real-ip", b"x-original-url", b"x-rewrite-url"),
        *(b"true-client-ip", b"cf-connecting-ip", b"x-client-ip", b"x-cluster-client-ip", b"client-ip", b"x-forwarded"),
        *(b"x-host", b"ssl-client-cert", b"x-ssl-client-s-dn", b"x-envoy-external-address", b"x-amzn-oidc-identity"),
        *(b"client-cert", b"x-remote-user", b"x-http-method-override", b"proxy"),
    ],
)
def test_a_clients_claim_about_itself_is_dropped(name: bytes) -> None:
    assert b"forged" not in values(forward(call((name, b"forged"))), name)


@pytest.mark.parametrize("name", [b"connection", b"te", b"trailer", b"upgrade", b"proxy-authorization", b"expect"])
def test_what_belongs_to_the_connection_stays_behind(name: bytes) -> None:
    assert values(forward(call((name, b"x"))), name) == []


def test_a_connection_option_drops_its_header_unless_it_is_meant_for_everybody() -> None:
    wire = forward(call((b"connection", b"x-hop, authorization"), (b"x-hop", b"1"), (b"authorization", b"Bearer t")))
    assert values(wire, b"x-hop") == []
    assert values(wire, b"authorization") == [b"Bearer t"]


def test_the_gateway_adds_itself_to_via() -> None:
    assert values(forward(call((b"via", b"1.1 edge"))), b"via") == [b"1.1 edge", b"1.1 dualbridge"]


def test_headers_are_removed_and_set_as_the_route_says() -> None:
    rewrite = Rewrite(set_headers=((b"x-env", b"prod"),), remove_headers=frozenset({b"cookie", b"via"}))
    wire = forward(call((b"x-env", b"a"), (b"x-env", b"b"), (b"cookie", b"c"), rewrite=rewrite))
    assert values(wire, b"x-env") == [b"prod"]
    assert values(wire, b"cookie") == values(wire, b"via") == []


@pytest.mark.parametrize("headers", [(), ((b"transfer-encoding", b"chunked"),), ((b"content-length", b"3"),)])
def test_a_body_that_was_read_whole_has_its_length(headers: Headers) -> None:
    wire = forward(replace(call(*headers), body=b"abc"))
    assert values(wire, b"content-length") == [b"3"]
    assert values(wire, b"transfer-encoding") == []


def test_a_name_with_an_underscore_passes_only_where_the_document_has_it() -> None:
    made = call((b"api_key", b"k"), (b"x_user", b"root"))
    assert made.route is not None
    made.route = replace(made.route, underscored=frozenset({b"api_key"}))
    wire = forward(made)
    assert values(wire, b"api_key") == [b"k"]
    assert values(wire, b"x_user") == []


def test_an_underscore_gets_no_header_past_its_removal() -> None:
    made = call((b"x_user", b"root"), rewrite=Rewrite(remove_headers=frozenset({b"x-user"})))
    assert made.route is not None
    made.route = replace(made.route, underscored=frozenset({b"x_user"}))
    assert values(forward(made), b"x_user") == []


# --- the caller's credentials -----------------------------------------------------------------------------------------


NONE = Presented()


def withholding(*headers: tuple[bytes, bytes], query: str = "", presented: Presented = NONE) -> Wire:
    made = call(*headers)
    assert made.route is not None
    made.query, made.route = query, replace(made.route, passthrough=False, presented=presented)
    return forward(made)


@pytest.mark.statement("A14")
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_no_credential_goes_on_where_callers_credentials_do_not(name: bytes) -> None:
    twin = name.replace(b"-", b"_")
    made = call((name, b"canary"), (twin, b"canary"), (b"accept", b"*/*"))
    assert made.route is not None
    made.route = replace(made.route, passthrough=False, underscored=frozenset({twin}))
    wire = forward(made)
    assert b"canary" not in repr(wire).encode()
    assert values(wire, b"accept") == [b"*/*"]


@pytest.mark.statement("A14")
@pytest.mark.parametrize("name", [b"x-ms-token-aad-access-token", b"x-consumer-username", b"x-authenticated-userid"])
def test_nor_does_one_of_a_family(name: bytes) -> None:
    assert values(withholding((name, b"canary")), name) == []


@pytest.mark.statement("A14")
def test_nor_does_what_the_document_has_for_one() -> None:
    presented = Presented(frozenset({b"x-shop"}), frozenset({"shop_key"}))
    wire = withholding((b"x-shop", b"canary"), query="a=1&shop_key=canary&SHOP%5fkey=canary&b=%7e", presented=presented)
    assert (wire.target, values(wire, b"x-shop")) == ("/a%2Fb?a=1&b=%7e", [])


@pytest.mark.statement("A14")
def test_nor_does_a_token_in_the_query() -> None:
    assert withholding(query="access_token=canary").target == "/a%2Fb"


@pytest.mark.statement("A14")
@pytest.mark.parametrize("line", [b"x-api-key", b"x_api_key"])
def test_what_the_gateway_took_for_itself_stays_here_even_where_the_rest_goes_on(line: bytes) -> None:
    made = call((line, b"canary"), (b"authorization", b"theirs"), (b"cookie", b"a=b"))
    assert made.route is not None
    made.withheld, made.query = frozenset({b"x-api-key"}), "access_token=theirs"
    made.route = replace(made.route, underscored=frozenset({b"x_api_key"}))
    wire = forward(made)
    assert b"canary" not in repr(wire).encode()
    assert (values(wire, b"authorization"), values(wire, b"cookie")) == ([b"theirs"], [b"a=b"])
    assert wire.target == "/a%2Fb?access_token=theirs"


@pytest.mark.statement("A14")
def test_what_the_operator_sets_is_no_callers_credential() -> None:
    made = call((b"authorization", b"theirs"), rewrite=Rewrite(set_headers=((b"authorization", b"ours"),)))
    assert made.route is not None
    made.route, made.withheld = replace(made.route, passthrough=False), frozenset({b"authorization"})
    assert values(forward(made), b"authorization") == [b"ours"]
