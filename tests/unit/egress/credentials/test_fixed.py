"""Credentials of the configuration, as they go out."""

import base64

from bridge.egress.credentials import Together, masked
from bridge.egress.credentials.fixed import Fixed, basic, bearer
from bridge.egress.credentials.place import Place
from bridge.model import Where
from tests.unit.egress.credentials.kit import WIRE, call, sent_token

KEY = Fixed(Place(Where.HEADER, "x-key"), b"k3y")


async def test_a_token_is_a_bearer_token() -> None:
    assert sent_token(await bearer("t0ken").attach(WIRE, call())) == "t0ken"


async def test_user_and_password_are_utf_8_and_only_the_first_colon_parts_them() -> None:
    wire = await basic("jörg", "pä:ss wörd").attach(WIRE, call())
    value = dict(wire.headers)[b"authorization"]
    assert base64.b64decode(value.removeprefix(b"Basic ")).decode() == "jörg:pä:ss wörd"


async def test_several_go_together_each_to_its_place() -> None:
    both = Together((KEY, Fixed(Place(Where.QUERY, "app"), b"id")))
    wire = await both.attach(WIRE, call())
    assert (wire.target, wire.headers[-1]) == ("/things?app=id", (b"x-key", b"k3y"))
    shown = masked(WIRE, both)
    assert (shown.target, shown.headers[-1]) == ("/things?app=***", (b"x-key", b"***"))


def test_no_representation_shows_one() -> None:
    assert "k3y" not in repr((KEY, Together((KEY,)), bearer("k3y"), basic("k3y", "k3y")))
