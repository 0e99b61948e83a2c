"""Whether structured content is what the tool's output schema promises.

A client refuses a result that is not, text and all; so one that is not is delivered as text, with a note.
"""

from collections.abc import Callable
from functools import cache

import jsonschema_rs
import orjson

from bridge.model import Json, Result, Text, Tool

_NOTE = Text("[this answer is not what its output schema says; it is complete in the text above]")


def keep_promise(tool: Tool | None) -> Callable[[Result], Result]:
    """The result as it is, or with empty structured content where its own would break the schema."""
    if tool is None or tool.output_schema is None:
        return lambda result: result
    schema = tool.output_schema

    @cache
    def validator() -> jsonschema_rs.Draft202012Validator:
        """Made when the first answer comes: most tools are never called."""
        return jsonschema_rs.Draft202012Validator(schema)

    def kept(result: Result) -> Result:
        structured = result.structured
        if structured is None or structured == b"{}" or _fits(validator(), orjson.loads(structured)):
            return result
        return Result((*result.blocks, _NOTE), b"{}", result.error)

    return kept


def _fits(validator: jsonschema_rs.Draft202012Validator, value: Json) -> bool:
    try:
        return validator.is_valid(value)
    except ValueError:  # nested more deeply than the validator goes
        return False
