"""A credential stands in its place alone, whatever a caller wrote there and however it was spelt."""

import pytest

from bridge.egress.credentials.place import Place, without_parameters
from bridge.model import Headers, Where, Wire


def put(place: Place, target: str = "/a", headers: Headers = (), value: bytes = b"ours") -> Wire:
    return place.put(Wire("GET", target, headers, b"body"), value)


@pytest.mark.parametrize("theirs", [b"x-key", b"x_key"])
def test_a_header_replaces_every_line_of_its_name_and_of_its_twin(theirs: bytes) -> None:
    wire = put(Place(Where.HEADER, "x-key"), headers=((theirs, b"1"), (b"a", b"b"), (theirs, b"2")))
    assert wire.headers == ((b"a", b"b"), (b"x-key", b"ours"))
    assert (wire.target, wire.body) == ("/a", b"body")


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/a", "/a?key=ours"),
        ("/a?", "/a?key=ours"),
        ("/a?b=%2F+c", "/a?b=%2F+c&key=ours"),
        ("/a?key=1&b=2&key=3", "/a?b=2&key=ours"),
        ("/a?b=2&%6bey=1", "/a?b=2&key=ours"),
        ("/a?KEY=1&b=2", "/a?b=2&key=ours"),
        ("/a?b=1;key=2;c=3", "/a?b=1;c=3&key=ours"),
        ("/a?key=1;b=2", "/a?b=2&key=ours"),
        ("/a?key", "/a?key=ours"),
        ("/a?keys=1&b=key=2", "/a?keys=1&b=key=2&key=ours"),
        ("/a?b=2&+key=1", "/a?b=2&key=ours"),
    ],
)
def test_a_parameter_replaces_those_that_the_upstream_may_take_for_it(target: str, sent: str) -> None:
    assert put(Place(Where.QUERY, "key"), target).target == sent


def test_a_parameter_is_encoded_so_that_it_stays_one() -> None:
    wire = put(Place(Where.QUERY, "a key"), value="ü&b=c#?+ /".encode())
    assert wire.target == "/a?a%20key=%C3%BC%26b%3Dc%23%3F%2B%20%2F"


def test_a_cookie_replaces_its_own_among_all_there_are() -> None:
    theirs = ((b"cookie", b"a=1; sid=theirs"), (b"x", b"y"), (b"cookie", b"sid=too;b=2; sid2=c"))
    wire = put(Place(Where.COOKIE, "sid"), headers=theirs)
    assert wire.headers == ((b"x", b"y"), (b"cookie", b"a=1; b=2; sid2=c; sid=ours"))


def test_a_cookie_is_the_only_one_where_there_was_none() -> None:
    assert put(Place(Where.COOKIE, "sid")).headers == ((b"cookie", b"sid=ours"),)


@pytest.mark.parametrize(
    ("query", "left"),
    [("", ""), ("a=1", "a=1"), ("access_token=x", ""), ("access_token=x&a=%2f&b", "a=%2f&b"),
     ("a=1&ACCESS%5Ftoken=x", "a=1"),
     ("&&a=1", "&&a=1")],
)  # fmt: skip
def test_what_is_taken_out_of_a_query_leaves_the_rest_as_it_came(query: str, left: str) -> None:
    assert without_parameters(query, {"access_token"}) == left
