"""From drafts to tools: names, descriptions a model can act on, schemas within their budgets."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import orjson

from bridge.importer.asking import asked
from bridge.importer.defs import Prose, assemble
from bridge.importer.hidden import Mode
from bridge.importer.naming import TOOL_NAME, Wish
from bridge.importer.operations import Draft
from bridge.importer.reading import Reading
from bridge.importer.responses import Answers
from bridge.importer.text import clean, shorten
from bridge.model import Annotations, Effect, Json, Operation, Tool

BYTES_PER_TOKEN = 4
"""A rule of thumb for English and JSON; tokenisers of different models differ by a third either way."""
LONGEST_TITLE = 100
LONGEST_TEXT = 700
LONGEST_RETURNS = 160
LONGEST_ERRORS = 240
_REPLACES = frozenset({"DELETE", "PUT", "PATCH"})
_SAYS_NOTHING = frozenset({"", "ok", "success", "successful", "successful response", "successful operation",
                           "response", "default response", "created", "no content", "accepted", "returns",
                           "a successful response."})  # fmt: skip

# Prose by size of the finished input schema: the larger it is, the shorter its descriptions, never its constraints.
_PROSE = ((8_192, Prose(400, 160)), (16_384, Prose(240, 80)), (32_768, Prose(120, 40)), (1 << 62, Prose(80, 0)))
_OUTPUT_PROSE = Prose(80, 60)


def finished(reading: Reading, draft: Draft) -> Draft:
    """With its input schema, and a digest over everything that a caller could notice."""
    schema = input_schema(reading, draft)
    operation = draft.operation
    params = [repr(replace(param, schema=None)) for param in operation.params]  # their schemas are in the input's
    parts = [operation.method, operation.path, schema, params, repr(operation.body)]
    digest = hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]
    return replace(draft, operation=replace(operation, input_schema=schema, digest=digest))


def tool(reading: Reading, draft: Draft, name: str) -> Tool:
    """Of a finished draft."""
    operation = draft.operation
    override = draft.override
    title, description = titled(draft, name), described(draft)
    output_schema, wrapped = _output(reading, draft)
    annotations = _annotations(draft)
    size, digest = _weighed(name, title, description, operation.input_schema, output_schema, annotations)
    made = Tool(
        name=name,
        title=title,
        description=description,
        input_schema=operation.input_schema,
        annotations=annotations,
        api=operation.api,
        operation=operation.id,
        output_schema=output_schema,
        wrapped=wrapped,
        tokens=-(-size // BYTES_PER_TOKEN),
        tags=operation.tags,
        confirm=override.confirm is True,
        ask=asked(reading.notes, draft.at, override.ask or (), operation.input_schema),
        digest=digest,
    )
    if override.name and override.name != name:
        usable = TOOL_NAME.fullmatch(override.name)
        reading.notes.warn(
            "name-changed", draft.at,
            f"the name {override.name!r} is {'taken' if usable else 'not usable everywhere'}; the tool is {name!r}",
            advice="another name" if usable
            else "lower-case letters, digits and underscores, a letter first, at most 48 characters",
        )  # fmt: skip
    return made


def wish(draft: Draft) -> Wish:
    operation = draft.operation
    return Wish(operation.api, operation.key, operation.operation_id, draft.override.name or "")


def titled(draft: Draft, name: str) -> str:
    title = clean(draft.override.title or draft.operation.summary) or name.replace("_", " ").capitalize()
    return shorten(title, LONGEST_TITLE)


def described(draft: Draft) -> str:
    given = draft.override.description
    return clean(given) if given else _description(draft.operation, draft.answers)


def _annotations(draft: Draft) -> Annotations:
    """From the method by RFC 9110 section 9.2; what replaces or removes is destructive, as MCP defines the hint."""
    operation, override = draft.operation, draft.override
    reads = operation.effect is Effect.READS if override.read_only is None else override.read_only
    destroys = operation.method in _REPLACES and not reads if override.destructive is None else override.destructive
    idempotent = operation.idempotent if override.idempotent is None else override.idempotent
    return Annotations(reads, destroys, idempotent, override.open_world is not False)


def _description(operation: Operation, answers: Answers) -> str:
    summary, text = clean(operation.summary), clean(operation.description)
    if text.startswith(summary.rstrip(".")):
        summary = ""
    parts = ["Deprecated." if operation.deprecated else "", _sentence(summary), _sentence(text)]
    told = shorten(" ".join(filter(None, parts)), LONGEST_TEXT) or f"{operation.method} {operation.path}."
    if answers.returns.lower().rstrip(".") not in _SAYS_NOTHING:
        told = f"{told} Returns: {_sentence(shorten(answers.returns, LONGEST_RETURNS))}"
    errors = _errors(answers.errors)
    return f"{told} Errors: {errors}" if errors else told


def _errors(errors: tuple[tuple[str, str], ...]) -> str:
    told = [f"{status} {shorten(text, 60).rstrip('.;,')}" if text else status for status, text in errors]
    return _sentence(shorten("; ".join(told), LONGEST_ERRORS).rstrip(";")) if told else ""


def _sentence(text: str) -> str:
    return f"{text}." if text and text[-1] not in ".!?…:" else text


def input_schema(reading: Reading, draft: Draft) -> dict[str, Json]:
    prose = next(prose for most, prose in _PROSE if draft.input_size <= most)
    return assemble(draft.input, reading.schemas, Mode.INPUT, prose)


def _output(reading: Reading, draft: Draft) -> tuple[Json, bool]:
    schema, wrapped = draft.answers.schema, draft.answers.wrapped
    if schema is None:
        return None, wrapped
    if wrapped:
        schema = {"type": "object", "properties": {"result": schema}}
    elif not isinstance(schema, dict):
        return None, False
    most = reading.options.output_bytes
    size = draft.output_size
    # Definitions are weighed with the long keys of their places and with all their prose: the exact size decides.
    made = assemble(schema, reading.schemas, Mode.OUTPUT, _OUTPUT_PROSE) if size <= 4 * most else None
    if made is not None:
        size = len(orjson.dumps(made))
    if made is None or size > most:
        reading.notes.info(
            "output-schema-left-out", draft.at, f"its output schema takes about {size:,} bytes, more than {most:,}",
            lost="the output schema; the answers themselves are not affected",
            advice="raise output_bytes to list it",
        )  # fmt: skip
        return None, wrapped
    return {"type": "object"} | made, wrapped


def _weighed(
    name: str, title: str, description: str, input_schema: Json, output_schema: Json, annotations: Annotations
) -> tuple[int, str]:  # fmt: skip
    """Bytes of what listing it takes, and a digest of all that a client sees."""
    whole: Mapping[str, Json] = {"name": name, "title": title, "description": description, "inputSchema": input_schema}
    listed, output = orjson.dumps(whole), orjson.dumps(output_schema) if output_schema is not None else b""
    digest = hashlib.blake2b(listed + output + repr(annotations).encode(), digest_size=16).hexdigest()
    return len(listed) + len(output), digest
