"""A query parameter that nobody knows is refused: one that was to be `dry_run` must not become the change itself."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from http import HTTPStatus

from fastapi import Request
from fastapi.routing import APIRoute

from bridge.control.problems import Place, Problematic


async def known_only(request: Request) -> None:
    """Before anything is done. Raises Problematic."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = [param.alias for param in route.dependant.query_params]
    wrong = tuple(_wrong([name for name, _ in request.query_params.multi_items()], known))
    if wrong:
        told = "; ".join(f"{one.path} {one.message}: {one.advice}" for one in wrong)[:4000]
        detail = f"nothing was done: {told}"
        raise Problematic(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, errors=wrong)


def _wrong(given: Sequence[str], known: Sequence[str]) -> Iterator[Place]:
    for name in dict.fromkeys(given):
        if name not in known:
            yield _place(name, "is no parameter of this request", _advice(name, known))
        elif given.count(name) > 1:
            yield _place(name, "is given more than once", "give it once")


def _advice(name: str, known: Sequence[str]) -> str:
    if not known:
        return "leave it out: there are none"
    near = get_close_matches(name.lower(), known, 1)
    there = f"there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
    return f"did you mean {near[0]}? {there}" if near else there


def _place(name: str, message: str, advice: str) -> Place:
    return Place(source="request", line=0, column=0, path=f"query.{name[:100]}", message=message, advice=advice)
