"""What an operation answers: the schema of its success, and the words that tell an agent what to expect."""

from dataclasses import dataclass

from bridge.importer.body import may_be_json, read_content
from bridge.importer.dialect import Dialect
from bridge.importer.hidden import Mode
from bridge.importer.normalise import media_types2
from bridge.importer.reading import RawContent, RawResponse, Reading, items, members, text_of
from bridge.importer.refs import At, Dangling
from bridge.importer.text import clean
from bridge.model import Json, Output
from bridge.model.media import MCP_CONTENT, essence, is_stream


@dataclass(frozen=True, slots=True)
class Answers:
    """`output` is what calls need, `schema` a converted schema still to be assembled (None: nothing is promised).

    `wrapped`: answers reach the agent as `{"result": …}`. `returns` and `errors` are prose for the description.
    """

    output: Output
    schema: Json = None
    wrapped: bool = False
    returns: str = ""
    errors: tuple[tuple[str, str], ...] = ()


def answers(reading: Reading, operation: At) -> Answers:
    responses = _responses(reading, operation)
    good = [response for response in responses if response.status[:1] == "2"]
    good = good or [response for response in responses if response.status in {"DEFAULT", "3XX"}]
    media_types = tuple(dict.fromkeys(content.media_type for response in good for content in response.contents))
    streamed = any(is_stream(kind) for kind in media_types)
    schema, wrapped = _schema(reading, operation, good)
    return Answers(
        Output(media_types, streamed),
        schema,
        wrapped,
        next((text for response in good if (text := clean(response.description))), ""),
        tuple((response.status, clean(response.description)) for response in responses if response.status[:1] in "45"),
    )


def _responses(reading: Reading, operation: At) -> list[RawResponse]:
    place = members(operation, "responses")
    found: list[RawResponse] = []
    for status in place.value if place is not None else ():
        at = place.child(status) if place is not None else operation
        if status.startswith("x-"):
            continue
        try:
            at = reading.refs.follow(at)
        except Dangling as error:
            reading.notes.warn("dangling-reference", at, f"the response {error}", lost="this response's description")
            continue
        if isinstance(at.value, dict):
            contents = _contents(reading, operation, at)
            found.append(RawResponse(status.upper(), at, text_of(at.value, "description"), contents))
    # "DEFAULT" is no digit: it sorts behind the statuses, and so after a 200 that a document lists late.
    return sorted(found, key=lambda response: response.status)


def _contents(reading: Reading, operation: At, at: At) -> tuple[RawContent, ...]:
    if reading.dialect is not Dialect.SWAGGER_2_0:
        return read_content(reading, members(at, "content"))
    if not isinstance(at.value.get("schema"), dict):
        return ()
    schema = at.child("schema")
    kinds = media_types2(reading.notes, operation, reading.document.root, "produces")
    if schema.value.get("type") == "file":
        return tuple(RawContent(kind, None) for kind in kinds or ("application/octet-stream",))
    return tuple(RawContent(kind, schema) for kind in kinds or ("application/json",))


def _schema(reading: Reading, operation: At, good: list[RawResponse]) -> tuple[Json, bool]:
    """The one schema that fits every JSON success; nothing where successes differ in kind, and a finding says so."""
    found: list[tuple[Json, bool]] = []
    for response in good:
        # Content blocks are handed on as they are: what their array looks like is MCP's promise, not the tool's.
        structured = [one for one in response.contents if essence(one.media_type) != MCP_CONTENT]
        content = next((one for one in structured if may_be_json(one.media_type)), None)
        stream = next((one for one in response.contents if is_stream(one.media_type)), None)
        if content is not None and content.schema is not None:
            pair = (
                reading.schemas.convert(content.schema, Mode.OUTPUT),
                not _is_object(reading, content.schema, set()),
            )
        elif stream is not None and stream.item_schema is not None:
            # Before 3.2 a stream's schema may describe an item, the data inside an event, or the whole: no promise.
            pair = (_sequence(reading.schemas.convert(stream.item_schema, Mode.OUTPUT)), False)
        else:
            continue
        if pair not in found:
            found.append(pair)
    if len(found) > 1:
        reading.notes.info(
            "output-schema-left-out", operation, "its successful answers have different schemas",
            lost="the output schema; the answers themselves are not affected",
        )  # fmt: skip
    return found[0] if len(found) == 1 else (None, False)


def _sequence(item: Json) -> Json:
    return {"type": "object", "properties": {"items": {"type": "array", "items": item}}}


def _is_object(reading: Reading, at: At, seen: set[str]) -> bool:
    """Whether every answer is an object, looking through references and `allOf`; `seen` are the places looked at."""
    try:
        target = reading.schemas.target(at)
    except Dangling:
        return False
    value = target.value
    if not isinstance(value, dict) or target.key in seen:
        return False
    seen.add(target.key)
    kind = value.get("type")
    nullable = value.get("nullable") is True or value.get("x-nullable") is True
    if kind is not None:
        return kind in ("object", ["object"]) and not nullable
    if nullable or isinstance(value.get("properties"), dict):
        return not nullable
    return any(_is_object(reading, part, seen) for part in items(target, "allOf"))
