"""Which names in a query or cookie an argument may write.

The members of an exploded object become parameters by themselves. One that is called like a credential or like another
parameter would be written past whatever holds for that one, so it is refused.
"""

from collections.abc import Container, Iterable, Iterator
from urllib.parse import unquote

from bridge.egress.encode.style import Pairs
from bridge.egress.encode.text import Unfit
from bridge.model import Json, Operation, Param, Where


def foreign_names(operation: Operation, where: Where) -> frozenset[str]:
    """The names of credentials that travel in `where`."""
    return frozenset(_read(name) for place, name in operation.reserved if place == where)


def others(
    params: Iterable[Param], places: Container[Where], foreign: frozenset[str]
) -> Iterator[tuple[Param, frozenset[str]]]:
    """Each parameter of these places with the names that are not its own."""
    mine = [param for param in params if param.where in places]
    for param in mine:
        yield param, frozenset(_read(other.name) for other in mine if other is not param) | foreign


def contained(own: str, make: Pairs, taken: frozenset[str], members: frozenset[str] | None = None) -> Pairs:
    """`make`, which may write `own`, no name of `taken`, and of others only `members` where that is given."""

    def write(value: Json) -> list[tuple[str, str]]:
        written = make(value)
        for key, _ in written if type(value) is dict else ():
            name = unquote(key)
            if name == own:
                continue
            refuse_taken(name, taken, own)
            if members is not None and name not in members:
                known = ", ".join(sorted(members))
                raise Unfit(f"has a member {name!r}, which is not described; send only {known}")
        return written

    return write


def refuse_taken(name: str, taken: frozenset[str], own: str = "") -> None:
    """To some servers `a[0]` is a part of `a`, which is fine where `a` is the parameter's `own` name."""
    base = name.partition("[")[0]
    if _read(name) in taken or (base != own and _read(base) in taken):
        raise Unfit(f"has a member {name!r}, which is the name of another parameter or of a credential; leave it out")


def _read(name: str) -> str:
    """As the more generous servers read it: neither case nor blanks around it count."""
    return name.strip().lower()
