"""Where each API is found, and where its calls go: the operator's addresses before the document's."""

import pytest

from bridge.model import Call, Door, Endpoint, Headers, Json, NoUpstream, Target, Timeouts
from bridge.pipeline.route import route as choose
from bridge.pipeline.runtime import Runtime
from tests.kit.documents import paths
from tests.unit.compile.kit import URL, compiled, findings

PUBLIC = "https://api.example.com/v1"
CREDENTIAL: Headers = ((b"x-key", b"the operator's"),)


def one(servers: Json, api: Json = None, own: Json = None, *, spec: str = "api.json") -> Runtime:
    """An API with `GET /plain` and `GET /own`; `own` are keys of the latter."""
    described = paths({"GET /plain": {"operationId": "plain"}, "GET /own": {"operationId": "own"} | (own or {})})
    return compiled({"api": described | {"servers": servers}}, spec=spec, apis={"api": api or {}})


def targets(rt: Runtime, operation: str = "plain") -> list[str]:
    return [target.origin + target.base for target in endpoint(rt, operation).route.targets]


def endpoint(rt: Runtime, operation: str) -> Endpoint:
    return rt.endpoints["api", operation]


def at(*urls: str) -> Json:
    return [{"url": url} for url in urls]


# --- the operator's addresses -----------------------------------------------------------------------------------------


def test_the_operators_address_wins_over_the_documents_server() -> None:
    rt = one(at(PUBLIC), {"upstream": {"url": "http://10.0.0.5:81/base/"}})
    assert targets(rt) == ["http://10.0.0.5:81/base"]


def test_several_addresses_keep_their_weights_headers_and_timeouts() -> None:
    several = [{"url": "https://a.example.com", "weight": 9}, {"url": "https://b.example.com/x"}]
    upstream = {"targets": several, "headers": {"X-Key": "the operator's"}, "timeout": "9s", "read_timeout": "3s"}
    assert endpoint(one([], {"upstream": upstream}), "plain").route.targets == (
        Target("api", "https://a.example.com", "", 9, CREDENTIAL, Timeouts(5.0, 3.0, 9.0)),
        Target("api#2", "https://b.example.com", "/x", 1, CREDENTIAL, Timeouts(5.0, 3.0, 9.0)),
    )


@pytest.mark.parametrize(
    ("url", "called"),
    [("http://10.0.0.5", "http://10.0.0.5/v2"), ("http://10.0.0.5/", "http://10.0.0.5/v2"),
     ("http://10.0.0.5/base", "http://10.0.0.5/base")],
)  # fmt: skip
def test_an_address_without_a_path_is_completed_by_the_documents_relative_server(url: str, called: str) -> None:
    assert targets(one(at("/v2/"), {"upstream": {"url": url}})) == [called]


def test_the_operators_address_holds_for_operations_with_a_server_of_their_own() -> None:
    rt = one(at(PUBLIC), {"upstream": {"url": "http://10.0.0.5"}}, own={"servers": at("https://files.example.com")})
    assert targets(rt, "own") == ["http://10.0.0.5"]


# --- the document's servers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "called"),
    [
        (at(PUBLIC), [PUBLIC]), (at(f"{PUBLIC}/"), [PUBLIC]), (at("wss://api.example.com", PUBLIC), [PUBLIC]),
        (at("/v1", PUBLIC), [PUBLIC]), (at(PUBLIC, "https://b.example.com"), [PUBLIC]),
        (at("HTTPS://api.example.com/v1"), [PUBLIC]), (at(f"{PUBLIC}?a=b#c"), [PUBLIC]),
    ],
)  # fmt: skip
def test_the_documents_first_usable_server_is_called(servers: Json, called: list[str]) -> None:
    assert targets(one(servers)) == called


@pytest.mark.parametrize(
    ("servers", "why"),
    [([], "the document names no server that can be used"), (at("/v1"), "its servers are relative (/v1)"),
     (at("wss://a.example.com"), "its servers are no http or https addresses (wss://a.example.com)")],
)  # fmt: skip
def test_an_api_with_nowhere_to_go_is_one_finding(servers: Json, why: str) -> None:
    rt = one(servers)
    (finding,) = findings(rt, "no-upstream")
    assert (finding.message, finding.api) == (f"there is nowhere to send calls: {why}", "api")
    assert not findings(rt, "operation-without-upstream")
    plain = endpoint(rt, "plain")
    call = Call("c", Door.REST, "GET", "/plain", 0, 0, 0, plain, plain.route)
    with pytest.raises(NoUpstream):
        choose(call)


INSIDE = ["http://localhost:9200", "http://LOCALHOST", "http://a.localhost", "http://127.0.0.1", "http://[::1]:8080",
          "http://169.254.169.254/latest", "http://10.0.0.5", "http://[fd00::1]", "http://0.0.0.0"]  # fmt: skip


@pytest.mark.parametrize("server", INSIDE)
def test_a_document_from_the_network_does_not_send_calls_into_ours(server: str) -> None:
    rt = one(at(server), spec=URL)
    assert targets(rt) == []
    (finding,) = findings(rt, "no-upstream")
    assert server in finding.message
    assert targets(one(at(server), {"allow_private": True}, spec=URL)) == [server]
    assert targets(one(at(server))) == [server], "a file is the operator's own"


OTHERWISE_SPELT = [
    "http://127.1", "http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://0x7f.1", "http://0", "http://127.0.0.1.",
    "http://localhost.", "http://ip6-localhost", "http://x.localdomain", "http://①②⑦.0.0.1", "http://127。0。0。1",
    "http://[::ffff:127.0.0.1]", "http://user@10.0.0.5", "http://user:word@api.example.com", "http://1.2.3.4.5", "http://",
    "http://api.example.com\\@127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("server", OTHERWISE_SPELT)
@pytest.mark.parametrize("given", ["spec", "overlay"])
def test_no_other_spelling_of_an_address_does_either(server: str, given: str) -> None:
    overlays = {"overlays": ["https://specs.example.com/overlay.yaml"]}
    rt = one(at(server), overlays if given == "overlay" else {}, spec=URL if given == "spec" else "api.json")
    assert targets(rt) == []
    (finding,) = findings(rt, "no-upstream")
    assert "//user" not in finding.message


def test_an_odd_spelling_is_judged_as_the_address_that_it_says() -> None:
    (finding,) = findings(one(at("http://2130706433"), spec=URL), "no-upstream")
    assert "a loopback address" in finding.message
    assert targets(one(at("http://134744072"), spec=URL)) == ["http://134744072"], "8.8.8.8"


def test_a_name_that_a_document_from_the_network_gives_is_judged_where_it_is_dialled() -> None:
    rt = one(at(PUBLIC), spec=URL, own={"servers": at("https://files.example.com")})
    assert [endpoint(rt, name).route.targets[0].guarded for name in ("plain", "own")] == [True, True]
    rt = one(at(PUBLIC), {"allow_private": True}, spec=URL)
    assert not endpoint(rt, "plain").route.targets[0].guarded
    rt = one(at(PUBLIC), {"upstream": {"url": "http://10.0.0.5"}}, spec=URL)
    assert not endpoint(rt, "plain").route.targets[0].guarded, "the operator's word"
    assert not endpoint(one(at(PUBLIC)), "plain").route.targets[0].guarded


def test_where_references_may_leave_for_the_network_an_operations_own_server_is_judged() -> None:
    api = {"allowed_origins": ["https://b.example.com"]}
    rt = one(at("http://10.0.0.5"), api, own={"servers": at("http://10.0.0.6")})
    assert (targets(rt, "plain"), targets(rt, "own")) == (["http://10.0.0.5"], [])


@pytest.mark.parametrize("server", ["http://[::1", "http://h:99999", "http://h\x00"])
def test_a_server_that_is_no_url_costs_itself_and_not_the_start(server: str) -> None:
    rt = one(at(server), own={"servers": at(server)})
    assert (targets(rt, "plain"), targets(rt, "own")) == ([], [])
    assert findings(rt, "invalid-server")


@pytest.mark.parametrize("server", INSIDE)
def test_nor_does_a_single_operation_of_such_a_document(server: str) -> None:
    rt = one(at(PUBLIC), spec=URL, own={"servers": at(server)})
    assert (targets(rt, "plain"), targets(rt, "own")) == ([PUBLIC], [])
    (finding,) = findings(rt, "operation-without-upstream")
    assert (finding.where, finding.lost) == ("/paths/~1own/get", "calls of this operation")
    assert targets(one(at(PUBLIC), {"allow_private": True}, spec=URL, own={"servers": at(server)}), "own") == [server]


# --- an operation's own server ----------------------------------------------------------------------------------------


def test_an_operation_is_called_at_its_own_server() -> None:
    rt = one(at(PUBLIC), own={"servers": at("https://files.example.com/up", "https://b.example.com")})
    assert (targets(rt, "plain"), targets(rt, "own")) == ([PUBLIC], ["https://files.example.com/up"])
    assert [target.id for target in endpoint(rt, "own").route.targets] == ["api/own"]


def test_a_relative_server_of_an_operation_is_a_path_at_the_documents_own() -> None:
    assert targets(one(at(PUBLIC), own={"servers": at("/v2")}), "own") == ["https://api.example.com/v2"]


@pytest.mark.parametrize(
    ("own", "headers"),
    [("https://api.example.com/v2", CREDENTIAL), ("https://files.example.com/v1", ()), ("http://api.example.com", ()),
     ("https://api.example.com:8443", ()), ("/v2", CREDENTIAL)],
)  # fmt: skip
def test_the_operators_headers_go_to_no_other_origin(own: str, headers: Headers) -> None:
    rt = one(at(PUBLIC), {"upstream": {"headers": {"X-Key": "the operator's"}}}, own={"servers": at(own)})
    assert [target.headers for target in endpoint(rt, "plain").route.targets] == [CREDENTIAL]
    assert [target.headers for target in endpoint(rt, "own").route.targets] == [headers]


def test_an_operation_with_a_server_of_its_own_needs_none_of_the_documents() -> None:
    rt = one([], {"upstream": {"headers": {"X-Key": "the operator's"}, "timeout": "9s"}}, own={"servers": at(PUBLIC)})
    assert targets(rt, "own") == [PUBLIC]
    (target,) = endpoint(rt, "own").route.targets
    assert (target.headers, target.timeouts.total) == ((), 9.0), "a credential is not given to whom nobody named"
    (finding,) = findings(rt, "operation-without-upstream")
    assert finding.where == "/paths/~1plain/get"
    assert not findings(rt, "no-upstream")


@pytest.mark.parametrize(("timeout", "read"), [(120.0, 60.0), (5.0, 5.0)])
def test_an_operations_own_time_out_ends_its_calls(timeout: float, read: float) -> None:
    rt = one(at(PUBLIC), own={"servers": at("https://files.example.com"), "x-mcp": {"timeout": f"{timeout}s"}})
    (target,) = endpoint(rt, "own").route.targets
    assert target.timeouts == Timeouts(5.0, read, timeout)
    assert endpoint(rt, "plain").route.targets[0].timeouts == Timeouts()


def test_credentials_in_the_url_of_a_document_are_in_no_finding() -> None:
    rt = one([], spec="https://specs.example.com/api.json?token=hidden")
    (finding,) = findings(rt, "no-upstream")
    assert finding.source == "https://specs.example.com/api.json?…"
