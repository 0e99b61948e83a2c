"""Problems as sentences: the place, what is wrong with it, what would be right."""

from collections.abc import Iterator

from bridge.model import Json
from bridge.pipeline.inspect.reader import Schema

MOST = 10
TOO_MUCH = "has too many parts to be checked; send fewer"


def judged(schema: Schema, value: Json, place: str) -> Iterator[str]:
    """`place` holds a `{}` where the path to the member goes that is wrong."""
    try:
        found = schema.problems(value, MOST)
    except ValueError:
        yield f"{place.format('')}: is nested too deeply to be checked; send fewer levels"
        return
    for problem in found:
        inner = problem.argument
        yield f"{place.format(inner if not inner or inner[0] == '[' else f'.{inner}')}: {problem.message}"


def literal(name: str) -> str:
    """A name from the document as part of a place."""
    return name.replace("{", "{{").replace("}", "}}")
