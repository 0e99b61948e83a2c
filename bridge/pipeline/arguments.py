"""Arguments against a tool's input schema: a compiled validator when they fit, a careful explanation when they do not.

Nothing is coerced: "5" is not 5. A `format` is an annotation (JSON Schema 2020-12, validation section 7.2.1), which
the upstream judges better than we could.
"""

from bridge.model import Arguments, BadArguments, Check, Json, Tool
from bridge.pipeline.problems import Problem, explained
from bridge.pipeline.validators import compiled

_SHOWN = 10


def compile_check(tool: Tool) -> Check:
    """Raises ValueError where the tool's input schema is no schema."""
    return check_against(tool.input_schema, tool.name)


def check_against(schema: Json, name: str) -> Check:
    """Raises ValueError where the schema of `name` is none."""
    is_valid = compiled(schema, name).is_valid

    def check(arguments: Arguments) -> None:
        given = arguments if arguments.__class__ is dict else dict(arguments)
        try:
            if is_valid(given):
                return
            found = explained(given, schema, limit=_SHOWN + 1)
        except ValueError as error:  # among them UnicodeEncodeError, for half a surrogate pair
            raise BadArguments("the arguments are not JSON: a string that is no text, or no JSON value") from error
        raise _refusal(found)

    return check


def _refusal(found: list[Problem]) -> BadArguments:
    shown = found[:_SHOWN]
    lines = [f"{problem.argument}: {problem.message}" if problem.argument else problem.message for problem in shown]
    if len(found) > len(shown):
        lines.append("… and more")
    errors = [{"argument": problem.argument, "message": problem.message} for problem in shown]
    return BadArguments("\n".join(lines), detail={"errors": errors})
