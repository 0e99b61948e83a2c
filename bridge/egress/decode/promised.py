"""What an operation's document promises of an answer, and what becomes of one that is otherwise.

A client refuses a result whose structured content is not what the output schema says, text and all. So such an answer
is delivered as text, beside structured content that every output schema here takes: they require nothing.
"""

from collections.abc import Callable
from functools import cache
from urllib.parse import quote

import jsonschema_rs
import orjson

from bridge.egress.decode.answer import Answer, Promise
from bridge.model import Json, Operation, Result, Text, Tool, Verbatim
from bridge.model.media import MCP_CONTENT, essence

BROKEN_KEY = "dualbridge/broken-schema"
"""In the `_meta` of the note that marks such an answer, for programs; the note itself is for models."""


def promised(operation: Operation, tool: Tool | None) -> Promise:
    schema = tool.output_schema if tool is not None else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return Promise(
        fits=None if schema is None else _compiled(schema),
        wrapped=tool is not None and tool.wrapped,
        listed=isinstance(properties, dict) and properties.keys() == {"items"},
        declared=frozenset(essence(one) for one in operation.output.media_types),
        uri=f"upstream:/{quote(operation.id, safe='')}",
        name=tool.name if tool is not None else operation.id,
        readable=operation.method.upper() == "GET",
    )


def _compiled(schema: Json) -> Callable[[Json], bool]:
    @cache
    def validator() -> jsonschema_rs.Draft202012Validator:
        """Made when the first answer comes: most tools are never called."""
        return jsonschema_rs.Draft202012Validator(schema)

    def fits(value: Json) -> bool:
        try:
            return validator().is_valid(value)
        except ValueError:  # nested more deeply than the validator goes
            return False

    return fits


def held(answer: Answer, result: Result, value: Json, *, kept: bool = True) -> Result:
    """`result` against the promise; `value` is its structured content, `kept` False where more than that is amiss.

    Of an answer that was cut, nobody can say whether it would have kept its promise.
    """
    fits = answer.promise.fits is None or answer.promise.fits(value)
    if fits and kept:
        return result
    structured = result.structured if fits else b"{}"
    if answer.cut:
        return Result(result.blocks, structured)
    told = "" if fits else ", so it is given as text alone"
    return Result(
        (*result.blocks, _mark(f"[this answer is not what its output schema says{told}]")), structured, broken=True
    )


def undeclared(answer: Answer, result: Result) -> Result:
    """Text, marked if JSON was promised and the document does not name its media type at all: a page that wants a
    login, say. Pictures and files need no mark, their blocks say what they are."""
    declared = answer.promise.declared
    if answer.promise.fits is None or not declared or answer.media_type in declared or "*" in "".join(declared):
        return result
    kind = answer.media_type or "content without a type"
    note = f"[this answer is {kind}, where its document promises {', '.join(sorted(declared))}]"
    return Result((*result.blocks, _mark(note)), result.structured, broken=True)


def unreadable(answer: Answer, result: Result) -> Result:
    """`result`, of an answer that calls itself JSON and is none; half an answer cannot be."""
    note = f"[the answer says {answer.media_type}, but is not valid JSON]"
    if answer.cut:
        return result
    if answer.promise.fits is None:
        return Result((*result.blocks, Text(note)), result.structured)
    return Result((*result.blocks, _mark(note)), result.structured, broken=True)


def malformed(result: Result, wrong: str) -> Result:
    """`result`, of an answer that calls itself a list of content blocks and is none."""
    note = f"[the answer says {MCP_CONTENT}, but {wrong}; it is given as text]"
    return Result((*result.blocks, _mark(note)), result.structured, broken=True)


def _mark(text: str) -> Verbatim:
    return Verbatim("text", orjson.dumps({"type": "text", "text": text, "_meta": {BROKEN_KEY: True}}))
