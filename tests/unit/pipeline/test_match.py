"""The router against a slow twin: one regular expression per path, tried one after the other."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import BadRequest, Endpoint, Route
from bridge.pipeline.match import Router, canonical
from tests.kit.runtime import API, ROUTE, endpoint

PCHAR = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]")

# Of two mixed segments that may match one text, none has as much text of its own as the other: which of those wins is
# an accident of their order.
SEGMENTS = ("a", "me", "@me", "%40me", "café", "caf%C3%A9", "x y", "", "{x}", "{other}",
            "{x}.json", "{x}:{y}", "ve{x}", "{x}-{y}.json", "{x}{y}")  # fmt: skip
SENT = ("a", "%61", "b", "me", "@me", "%40me", "%40Me", "caf%c3%a9", "x%20y", "%2F", "%2f", "", "x.json", ".json",
        "a-b.json", "-.json", "--.json", "a:b", "a%3Ab", "::", ":", "ve1", "ve", "%76e1")  # fmt: skip
KEYS = ("", "", "?beta=true", "?q={q}", "?beta=true&q={q}", "#fragment")
QUERIES = ("", "beta=true", "beta=false", "q=1", "q=", "beta=true&q=x", "beta=%74rue", "z=1")
METHODS = ("GET", "POST", "HEAD", "DELETE")


# --- the slow twin ----------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    def decoded(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if PCHAR.fullmatch(char) else found[0].upper()

    return re.sub("%([0-9A-Fa-f]{2})", decoded, text)


@dataclass(frozen=True)
class Slow:
    """One operation; `closeness` says, segment by segment, how concrete its path is."""

    endpoint: Endpoint
    pattern: str
    closeness: tuple[tuple[int, int], ...]
    wanted: frozenset[tuple[str, str]]
    named: frozenset[str]
    plain_key: bool

    def takes(self, query: str) -> bool:
        pairs = parse_qsl(query, keep_blank_values=True)
        return self.wanted <= set(pairs) and self.named <= {name for name, _ in pairs}


def slow(one: Endpoint) -> Slow:
    key, _, fragment = one.operation.path.partition("#")
    path, _, query = key.partition("?")
    pattern, closeness = "", []
    for segment in path.split("/")[1:]:
        texts = [plain(quote(text, safe="%!$&'()*+,;=:@~")) for text in re.split(r"\{\w+\}", segment)]
        pattern += "/" + "[^/]+".join(map(re.escape, texts))
        slots, own = len(texts) - 1, sum(map(len, texts))
        closeness.append((2, 0) if not slots else (0, 0) if segment.count("}") == 1 and not own else (1, own))
    pairs = parse_qsl(query)
    wanted = frozenset(pair for pair in pairs if "{" not in pair[1])
    named = frozenset(name for name, value in pairs if "{" in value)
    return Slow(one, pattern, tuple(closeness), wanted, named, not fragment)


def expected(endpoints: Sequence[Endpoint], method: str, path: str, query: str) -> tuple[Endpoint | None, set[str]]:
    """The operation, or none with the methods that the path has."""
    fitting = [one for one in map(slow, endpoints) if re.fullmatch(one.pattern, plain(path))]
    for closeness in sorted({one.closeness for one in fitting}, reverse=True):
        here = [one for one in fitting if one.closeness == closeness]
        own = [one for one in here if one.endpoint.operation.method == method]
        if not own and method == "HEAD":
            own = [one for one in here if one.endpoint.operation.method == "GET"]
        own.sort(key=lambda one: (len(one.wanted), len(one.named), one.plain_key), reverse=True)
        # Where nothing else has the path, a key such as `/x?q={q}` says how the query is written, not that it must be.
        alone = len(own) == 1 and not own[0].wanted
        found = next((one.endpoint for one in own if alone or one.takes(query)), None)
        if found:
            return found, set()
    return None, {one.endpoint.operation.method for one in fitting}


templates = st.builds(
    lambda segments, key: "/" + "/".join(segments) + key,
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3),
    st.sampled_from(KEYS),
)
paths = st.lists(st.sampled_from(SENT), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
operations = st.lists(st.tuples(st.sampled_from(METHODS), templates), min_size=1, max_size=12)
requests = st.lists(st.tuples(st.sampled_from(METHODS), paths, st.sampled_from(QUERIES)), min_size=1, max_size=12)


def routed(route: Route, endpoints: Sequence[Endpoint]) -> tuple[Route, dict[tuple[str, str], Endpoint]]:
    return route, {(route.api, one.operation.id): one for one in endpoints}


@settings(max_examples=150, deadline=None)
@given(operations, requests)
def test_the_trie_finds_what_regular_expressions_find(
    described: list[tuple[str, str]], asked: list[tuple[str, str, str]]
) -> None:
    endpoints = [endpoint(f"op{number}", *key) for number, key in enumerate(described)]
    router = Router([routed(ROUTE, endpoints)])
    for method, path, query in asked:
        match = router.match("any", method, path, query)
        wanted, methods = expected(endpoints, method, path, query)
        assert match is not None
        assert (match.endpoint and match.endpoint.operation.id) == (wanted and wanted.operation.id), (method, path)
        if wanted is None:
            assert {other for other, _ in match.others} == methods


MOUNTS = [(host, prefix) for host in (None, "a.test", "b.test") for prefix in ("", "/p", "/p/q", "/%71")]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(MOUNTS), unique=True, min_size=1),
    st.sampled_from(["a.test", "b.test", "c.test"]),
    st.sampled_from(
        ["/", "/p", "/p/", "/pq", "/p/q", "/p/q/", "/p/qr", "/p/q/r", "/x", "/%70/q", "//p", "/%70/%71/%72", "/q/r"]
    ),
)
def test_the_longest_prefix_of_the_hosts_own_wins_over_any_without_a_host(
    mounts: list[tuple[str | None, str]], host: str, path: str
) -> None:
    routes = [replace(ROUTE, api=f"{place}{prefix}", host=place, prefix=prefix) for place, prefix in mounts]
    found = Router([routed(route, []) for route in routes]).match(host, "GET", path, "")
    fitting = [
        one for one in routes if one.host in (host, None) and f"{plain(path)}/".startswith(f"{plain(one.prefix)}/")
    ]
    best = max(fitting, key=lambda one: (one.host is not None, len(one.prefix)), default=None)
    assert (found and found.route) == best
    if found and best:
        assert path.endswith(found.path) or found.path == "/"
        assert plain(best.prefix) + plain(found.path) in (plain(path), f"{plain(path)}/")


# --- single rules -----------------------------------------------------------------------------------------------------


def found(described: Sequence[str], asked: str) -> str:
    """Which of the operations, as it was described; empty for none."""
    endpoints = [endpoint(key, *key.split(" ", 1)) for key in described]
    method, _, target = asked.partition(" ")
    path, _, query = target.partition("?")
    match = Router([routed(ROUTE, endpoints)]).match("h", method, path, query)
    return match.endpoint.operation.id if match and match.endpoint else ""


BESIDE = ["POST /a/special", "GET /a/{id}", "GET /a/beta?beta=true", "DELETE /a/{id}/{part}"]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("GET /a/special", "GET /a/{id}"), ("POST /a/special", "POST /a/special"), ("HEAD /a/special", "GET /a/{id}"),
        ("DELETE /a/special", ""), ("DELETE /a/special/1", "DELETE /a/{id}/{part}"),
        ("GET /a/beta", "GET /a/{id}"), ("GET /a/beta?beta=true", "GET /a/beta?beta=true"),
        ("GET /a/beta?beta=1", "GET /a/{id}"), ("GET /a/", ""), ("GET /a/x/", ""),
    ],
)  # fmt: skip
def test_a_concrete_path_that_does_not_take_the_request_leaves_it_to_a_template(asked: str, wanted: str) -> None:
    assert found(BESIDE, asked) == wanted


def test_the_template_with_more_text_of_its_own_wins_whatever_the_order() -> None:
    described = ["GET /{a}", "GET /{a}-{b}", "GET /{a}.json"]
    for order in (described, described[::-1]):
        assert found(order, "GET /x-y.json") == "GET /{a}.json"
        assert found(order, "GET /x-y") == "GET /{a}-{b}"
        assert found(order, "GET /xy") == "GET /{a}"


def test_an_encoded_slash_stays_in_its_segment() -> None:
    assert found(["GET /{a}", "GET /{a}/{b}"], "GET /x%2Fy") == "GET /{a}"


def test_a_hostile_segment_costs_no_more_than_its_length() -> None:
    router = Router([routed(ROUTE, [endpoint("mixed", "GET", "/{a}.{b}.{c}.{d}.json")])])
    before = time.perf_counter()
    match = router.match("h", "GET", "/" + "." * 60_000, "")
    assert match is not None
    assert match.endpoint is None
    assert time.perf_counter() - before < 1


# --- one path, one meaning --------------------------------------------------------------------------------------------

REFUSED = (
    "", "x", "http://h/x", "*", "/.", "/..", "/a/../b", "/a/./b", "/%2e", "/%2E%2e/x", "/.%2e", "/a/..;/b", "/..;x=1",
    "/%2e%2e;/b", "/..%3B/b", "/%2e%2e%3bx", "/a\\b", "/a%5cb", "/a%5Cb", "/a%00", "/a\x00", "/a b", "/a\tb", "/a\nb",
    "/a\x7f", "/caf\u00e9", "/%zz", "/%", "/%4", "/a%2", "/\uff0e\uff0e", "/files/..%2f..%2fa%2fx.json", "/a%2F..",
    "/..%2Fa", "/%2e%2e%2fa", "/a%2f%2E%2fb", "/a%2f..;x", "/a%2f..%3bx%2fb", "/a/..%5c..%5cb", "/a%0d%0ab", "/a%1f",
    "/a%7F",
)  # fmt: skip
ALLOWED = (
    "/", "//", "/a//b", "/a/", "/a.", "/.a", "/...", "/a..b", "/a;b=c", "/;", "/a%2Fb", "/a%2fb", "/%252e%252e", "/%ff",
    "/%c0%ae%c0%ae", "/%C3%A9", "/A", "/%20", "/a%23", "/a;..", "/a%2e", "/.well-known/x", "/{x}",
    "/a%2f...", "/a..%2fb", "/%252e%252e%252f", "/..%252fa", "/a%2f%252e%252e", "/a;%2f..b",
)  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_may_be_read_as_another_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        canonical(path)


@pytest.mark.parametrize("path", ALLOWED)
def test_a_path_with_one_meaning_stays_as_it_came(path: str) -> None:
    assert canonical(path) == path


def test_what_is_below_the_prefix_is_handed_on_as_it_came() -> None:
    route = replace(ROUTE, prefix="/p")
    match = Router([routed(route, [endpoint("me", "GET", "/@me")])]).match("h", "GET", "/p/%40me", "")
    assert match is not None
    assert (match.path, match.endpoint and match.endpoint.operation.id) == ("/%40me", "me")
    assert match.route.api == API


BESIDE_THE_ROOT = Router([
    (replace(ROUTE, api="b", prefix="/b"), {}),
    (replace(ROUTE, api="deep", prefix="/b/c"), {}),
    (replace(ROUTE, api="root"), {}),
])  # fmt: skip


@pytest.mark.parametrize(
    ("path", "api", "below"),
    [
        ("/b/files/x", "b", "/files/x"),
        ("/%62/files/x", "b", "/files/x"),
        ("/%62/%66iles%2Fx/", "b", "/%66iles%2Fx/"),
        ("/%62", "b", "/"),
        ("/b/%63/x", "deep", "/x"),
        ("/bb/x%2Fb", "root", "/bb/x%2Fb"),
        ("/b%252Fx", "root", "/b%252Fx"),
    ],
)
def test_a_prefix_is_found_in_every_spelling_and_the_rest_stays_as_it_came(path: str, api: str, below: str) -> None:
    match = BESIDE_THE_ROOT.match("h", "GET", path, "")
    assert match is not None
    assert (match.route.api, match.path) == (api, below)


@pytest.mark.parametrize("path", ["/b%2Ffiles/x", "/b%2ffiles", "/%62%2F", "/b%2Fc/x", "/b/c%2Fx"])
def test_an_encoded_slash_is_no_way_around_a_prefix(path: str) -> None:
    assert BESIDE_THE_ROOT.match("h", "GET", path, "") is None
