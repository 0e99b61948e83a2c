"""Which arguments a person can be asked for, and in which forms.

MCP, elicitation: forms are “flat objects with primitive properties only”, that is texts, numbers, booleans, choices,
and lists of choices.
"""

from collections.abc import Iterator, Mapping

from bridge.importer.notes import Notes
from bridge.importer.refs import At
from bridge.importer.text import clean, hides, shorten
from bridge.model import AskFor, Json
from bridge.model.kinds import kinds

ALL = "arguments"
"""The key of the one form that asks for everything."""
_PRIMITIVE = frozenset({"string", "integer", "number", "boolean"})
_LONGEST_KEY = 64
_LONGEST_MESSAGE = 700


def forms(value: Json) -> tuple[AskFor, ...] | None:
    """Of `ask` as it is written; a form without arguments asks for all required ones. None for what is no such value,
    nothing included."""
    if isinstance(value, bool):
        return (AskFor(ALL, ()),) if value else ()
    if not isinstance(value, Mapping) or not value:
        return None
    found = tuple(_form(key, one) for key, one in value.items())
    return tuple(one for one in found if one is not None) if None not in found else None


def _form(key: str, value: Json) -> AskFor | None:
    if not isinstance(value, Mapping) or not value.keys() <= {"message", "arguments"}:
        return None
    message, names = value.get("message", ""), value.get("arguments", [])
    if not isinstance(message, str) or not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        return None
    if not 0 < len(key) <= _LONGEST_KEY or hides(key):
        return None
    return AskFor(key, tuple(dict.fromkeys(names)), shorten(clean(message), _LONGEST_MESSAGE))


def asked(notes: Notes, at: At, wanted: tuple[AskFor, ...], schema: Json) -> tuple[AskFor, ...]:
    """The forms with the arguments that they ask for, without those that nobody can be asked for; each argument is in
    one form. `schema` is the tool's input."""
    taken: set[str] = set()
    made: list[AskFor] = []
    for form in wanted:
        names = _named(notes, at, form, schema) if form.arguments else _required(schema)
        own = tuple(name for name in names if name not in taken)
        taken.update(own)
        if own:
            made.append(AskFor(form.key, own, form.message))
    return tuple(made)


def _required(schema: Json) -> Iterator[str]:
    return (name for name in schema.get("required", ()) if _can_be_asked(schema["properties"].get(name), schema))


def _named(notes: Notes, at: At, form: AskFor, schema: Json) -> Iterator[str]:
    properties = schema["properties"]
    for name in form.arguments:
        if name not in properties:
            notes.warn(
                "ask-not-possible", at, f"the form {form.key!r} asks for {name!r}, which is no argument",
                lost="this question", advice=f"name one of {', '.join(properties) or 'no arguments at all'}"[:300],
            )  # fmt: skip
        elif not _can_be_asked(properties[name], schema):
            notes.warn(
                "ask-not-possible", at, f"the form {form.key!r} asks for {name!r}, which nobody can type into a form",
                lost="this question", advice="ask for texts, numbers, booleans, choices and lists of choices",
            )  # fmt: skip
        else:
            yield name


def _can_be_asked(schema: Json, root: Json) -> bool:
    taken = kinds(schema, root)
    if taken.names & _PRIMITIVE:
        return not taken.names - _PRIMITIVE - {"null"}
    return taken.names - {"null"} == {"array"} and _is_choice(taken.items, root)


def _is_choice(schema: Json, root: Json) -> bool:
    """MCP's multiple choice: items that are an enumeration of strings."""
    values = kinds(schema, root).values
    return bool(values) and all(isinstance(one, str) for one in values)
