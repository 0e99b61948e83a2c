"""docs/refusals.md lists every refusal with its statuses, and none that does not exist."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import bridge
from bridge.model import Refusal

PAGE = (Path(__file__).parents[2] / "docs" / "refusals.md").read_text()
Row = tuple[str, int, int, bool]


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Those of the gateway; tests make some of their own."""
    for one in of.__subclasses__():
        if one.__module__.partition(".")[0] == "bridge":
            yield one
        yield from refusals(one)


def existing() -> set[Row]:
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {(one.code, one.http, one.rpc, one.readable) for one in refusals()}


def documented() -> list[Row]:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (-\d+) \| (yes|no) \|", PAGE, re.MULTILINE)
    return [(code, int(http), int(rpc), readable == "yes") for code, http, rpc, readable in rows]


def test_every_refusal_is_documented_and_every_documented_refusal_exists() -> None:
    assert set(documented()) == existing()


def test_codes_are_in_order_and_stand_for_one_refusal_each() -> None:
    codes = [code for code, *_ in documented()]
    assert codes == sorted(set(codes))


def test_those_that_can_be_made_again_are_named() -> None:
    (sentence,) = re.findall(r"^Of these, .*$", PAGE, re.MULTILINE)
    existing()
    assert set(re.findall(r"`(\w+)`", sentence)) == {one.code for one in refusals() if one.retryable}
