"""Arguments against a tool's input schema: a compiled validator when they fit, a careful explanation when they do not.

The validator's regular expressions run in linear time, whatever pattern a document brings, and it fetches nothing.
Nothing is coerced: "5" is not 5. A `format` is an annotation (JSON Schema 2020-12, validation section 7.2.1), which
the upstream judges better than we could.
"""

from collections.abc import Mapping
from itertools import islice

import jsonschema_rs
from jsonschema_rs import Draft202012Validator, RegexOptions

from bridge.model import Arguments, BadArguments, Check, Json, Tool
from bridge.pipeline.problems import Problem, problems

_SHOWN = 10
_EXPLAINED = 10_000
_NO_SCHEMAS = frozenset({"const", "default", "enum", "example", "examples"})


def compile_check(tool: Tool) -> Check:
    """Raises ValueError where the tool's input schema is no schema."""
    schema = tool.input_schema
    validator = compiled(schema, tool.name)
    is_valid = validator.is_valid

    def check(arguments: Arguments) -> None:
        given = arguments if arguments.__class__ is dict else dict(arguments)
        try:
            if is_valid(given):
                return
            found = explained(validator, given, schema, limit=_SHOWN + 1)
        except ValueError as error:  # among them UnicodeEncodeError, for half a surrogate pair
            raise BadArguments("the arguments are not JSON: a string that is no text, or no JSON value") from error
        raise _refusal(found)

    return check


def explained(validator: Draft202012Validator, value: Json, schema: Json, limit: int) -> list[Problem]:
    """What is wrong with a value that does not fit. Raises ValueError for one nested more deeply than validators go.

    The validator collects all errors before it gives the first, at some 20 µs each, so what is large is not explained.
    """
    if _holds_more(value, _EXPLAINED):
        return [Problem("", "does not fit what is described, and is too large to say where; send less to learn more")]
    return problems(validator.iter_errors(value), schema, limit)


def _holds_more(value: Json, most: int) -> bool:
    """Whether there are more than `most` values in it, its own and all within."""
    count, stack = 1, [value]
    while stack and count <= most:
        inner = stack.pop()
        if isinstance(inner, list | dict):
            count += len(inner)
            stack.extend(islice(inner.values() if isinstance(inner, dict) else inner, most))
    return count > most


def _refusal(found: list[Problem]) -> BadArguments:
    shown = found[:_SHOWN]
    lines = [f"{problem.argument}: {problem.message}" if problem.argument else problem.message for problem in shown]
    if len(found) > len(shown):
        lines.append("… and more")
    errors = [{"argument": problem.argument, "message": problem.message} for problem in shown]
    return BadArguments("\n".join(lines), detail={"errors": errors})


# --- compiling --------------------------------------------------------------------------------------------------------


def compiled(schema: Json, name: str) -> Draft202012Validator:
    try:
        return _validator(schema)
    except jsonschema_rs.ValidationError:
        pass  # most often a pattern that needs lookaround, which no linear engine has
    try:
        return _validator(_without_patterns(schema))
    except jsonschema_rs.ValidationError as error:
        raise ValueError(f"the input schema of {name!r} is not valid: {error.message}") from error


def _validator(schema: Json) -> Draft202012Validator:
    return Draft202012Validator(schema, pattern_options=RegexOptions(), validate_formats=False, offline=True)


def _without_patterns(node: Json) -> Json:
    """The schema less the patterns that cannot be compiled: they bind the upstream, which has its own engine."""
    if isinstance(node, list):
        return [_without_patterns(member) for member in node]
    if not isinstance(node, Mapping):
        return node
    kept: dict[str, Json] = {}
    for key, value in node.items():
        if key == "pattern" and isinstance(value, str):
            if _is_linear(value):
                kept[key] = value
        elif key == "patternProperties" and isinstance(value, Mapping):
            kept[key] = {name: _without_patterns(inner) for name, inner in value.items() if _is_linear(name)}
        else:
            kept[key] = value if key in _NO_SCHEMAS else _without_patterns(value)
    return kept


def _is_linear(pattern: str) -> bool:
    try:
        _validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return False
    return True
