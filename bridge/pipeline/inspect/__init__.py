"""People's requests against the document: the inverse of `bridge.egress.encode`, with every problem told as a sentence.

Documents are often incomplete and clients often sloppy, so whatever a document does not speak of passes: query
parameters, headers, cookies and parts that it does not name, a body where it describes none, properties that an object
does not name (readOnly ones among them, which people send back as they got them). Where an encoding has several
readings, one that fits is enough. A body in another media type than the gateway itself would write is judged by its
content type alone: its schema is another one. So are XML, text and bytes. A content-coding would hide what is judged,
so it is a problem.
"""

from functools import cache
from itertools import islice

from bridge.model import Headers, Inspect, Operation
from bridge.pipeline.inspect.body import Inside, compile_inside
from bridge.pipeline.inspect.outside import Outside, compile_outside
from bridge.pipeline.inspect.report import MOST

__all__ = ["compile_inspector"]


def compile_inspector(operation: Operation) -> Inspect:
    """Costs nothing until the operation's first request. What it returns holds at most ten problems."""

    @cache
    def compiled() -> tuple[Outside, Inside]:
        return compile_outside(operation), compile_inside(operation)

    def inspect(path: str, query: str, headers: Headers, body: bytes) -> tuple[str, ...]:
        outside, inside = compiled()
        found = tuple(islice(outside(path, query, headers), MOST))
        return (*found, *islice(inside(headers, body), MOST - len(found)))

    return inspect
