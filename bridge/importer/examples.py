"""A document's own examples: where they stand, and which schema each of them promises to fit.

Read with the document's view, references followed by the importer's own rules. What an example shows in another form
than as a value (XML, a file, a list written as text in a query) is left alone: nobody can say what it should be.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bridge.importer.body import FORM, may_be_json
from bridge.importer.budget import ImportFailed
from bridge.importer.dialect import Dialect
from bridge.importer.document import pointer, tokens
from bridge.importer.imported import Imported
from bridge.importer.judge import SECONDS, Judge, OutOfTime, Way, said
from bridge.importer.lint import short
from bridge.importer.reading import Reading, items, members
from bridge.importer.refs import At, Dangling
from bridge.importer.text import shorten
from bridge.model import Finding, Json, Severity
from bridge.model.media import essence

_TEXT_IS_A_FORM = frozenset({"array", "object"})


@dataclass(frozen=True, slots=True)
class Example:
    """`loose`: it stands where values are written as text, so that `"5"` is a number too."""

    at: At
    schema: At
    way: Way
    loose: bool = False


def examples(imported: Sequence[Imported], seconds: float = SECONDS) -> Iterator[Finding]:
    """Those that break their own schema, OpenAPI 3.x only. All documents together take at most `seconds`."""
    judges = [(api, Judge(api.reading.refs, api.reading.dialect)) for api in imported if _judged(api)]
    spent = 0.0
    for api, judge in judges:
        judge.seconds = seconds - spent
        yield from _held(api, judge)
        spent += judge.spent


def _judged(api: Imported) -> bool:
    return api.reading.dialect is not Dialect.SWAGGER_2_0


def _held(api: Imported, judge: Judge) -> Iterator[Finding]:
    puzzled: list[str] = []
    seen: set[tuple[str, str]] = set()
    for draft in api.drafts:
        try:
            for example in _examples(api.reading, draft.at):
                if (example.at.key, example.schema.key) not in seen:
                    seen.add((example.at.key, example.schema.key))
                    yield from _verdict(api, judge, example)
        except OutOfTime:
            yield _stopped(api, judge, draft.operation.where)
            return
        except (Dangling, ImportFailed):
            continue  # import has told what is wrong with the reference
        except Exception as error:  # noqa: BLE001 - odd documents break openapi-core in more ways than it has errors
            puzzled.append(f"{draft.operation.key} ({type(error).__name__}: {error})")
    if puzzled:
        yield _puzzled(api, puzzled)


def _verdict(api: Imported, judge: Judge, example: Example) -> Iterator[Finding]:
    if example.loose and isinstance(example.at.value, str) and _serialised(api.reading, example.schema):
        return
    objection = judge.objection(example.schema, example.at.value, example.way, loose=example.loose)
    if objection is not None:
        path, message = objection
        why = "it is JSON written as text" if _quoted(example.at.value) else short(message)
        yield Finding(
            "example-invalid", Severity.WARNING, example.at.pointer + pointer(path),
            f"this example breaks its own schema: {why}",
            advice="mend the example, or the schema if callers may send this",
            source=example.at.doc.name, api=api.api.name,
        )  # fmt: skip


def _quoted(value: Json) -> bool:
    return isinstance(value, str) and isinstance(said(value), dict | list)


def _serialised(reading: Reading, schema: At) -> bool:
    """OpenAPI 3.0, Parameter Object: an example shows the value "as specified in the parameter encoding", so that the
    text `a,b` may stand for a list."""
    value = reading.refs.follow(schema).value
    kind = value.get("type") if isinstance(value, dict) else None
    return not _TEXT_IS_A_FORM.isdisjoint(kind if isinstance(kind, list) else [kind])


def _examples(reading: Reading, operation: At) -> Iterator[Example]:
    for owner in (_path_item(operation), operation):
        for at in items(owner, "parameters"):
            yield from _of_parameter(reading, reading.refs.follow(at))
    if "requestBody" in operation.value:
        yield from _of_content(reading, reading.refs.follow(operation.child("requestBody")), Way.SENT)
    responses = members(operation, "responses")
    for status in responses.value if responses is not None else ():
        if responses is not None and not status.startswith("x-"):
            yield from _of_content(reading, reading.refs.follow(responses.child(status)), Way.RECEIVED)


def _path_item(operation: At) -> At:
    """The object that holds an operation, under a method or under `additionalOperations`."""
    path = tokens(operation.pointer)[:-1]
    if path[-1:] == ["additionalOperations"]:
        path.pop()
    at = At(operation.doc.root, operation.doc)
    for token in path:
        at = at.child(token)
    return at


def _of_parameter(reading: Reading, parameter: At) -> Iterator[Example]:
    if not isinstance(parameter.value, dict):
        return
    if "schema" in parameter.value:
        yield from _shown(reading, parameter, Way.EITHER, loose=True)
    yield from _of_content(reading, parameter, Way.EITHER)


def _of_content(reading: Reading, holder: At, way: Way) -> Iterator[Example]:
    content = members(holder, "content")
    for media_type in content.value if content is not None else ():
        media = reading.refs.follow(content.child(media_type)) if content is not None else holder
        if not isinstance(media.value, dict) or "schema" not in media.value:
            continue
        if may_be_json(media_type):
            yield from _shown(reading, media, way)
        elif essence(media_type) in {FORM, "multipart/form-data"}:
            shown = _shown(reading, media, way, loose=True)
            yield from (example for example in shown if isinstance(example.at.value, dict))


def _shown(reading: Reading, holder: At, way: Way, *, loose: bool = False) -> Iterator[Example]:
    """The examples of a parameter or a media type, and those of its schema, which serves both ways."""
    schema = holder.child("schema")
    yield from (Example(at, schema, way, loose) for at in _own(reading, holder))
    target = reading.refs.follow(schema)
    if isinstance(target.value, dict):
        yield from (Example(at, target, Way.EITHER, loose) for at in _of_schema(target))


def _own(reading: Reading, holder: At) -> Iterable[At]:
    if "example" in holder.value:
        yield holder.child("example")
    named = members(holder, "examples")
    for name in named.value if named is not None else ():
        example = reading.refs.follow(named.child(name)) if named is not None else holder
        for key in ("value", "dataValue"):
            if isinstance(example.value, dict) and key in example.value:
                yield example.child(key)


def _of_schema(schema: At) -> Iterable[At]:
    yield from (schema.child(key) for key in ("example", "default") if key in schema.value)
    yield from items(schema, "examples")


def _stopped(api: Imported, judge: Judge, where: str) -> Finding:
    return Finding(
        "examples-not-judged", Severity.INFO, where,
        f"holding examples against their schemas stopped here after {judge.seconds:.0f} seconds",
        source=api.document.name, api=api.api.name,
    )  # fmt: skip


def _puzzled(api: Imported, operations: list[str]) -> Finding:
    more = f", and {len(operations) - 1} more operations" if len(operations) > 1 else ""
    return Finding(
        "examples-not-judged", Severity.INFO, "",
        f"openapi-core cannot judge the examples of {shorten(operations[0], 300)}{more}",
        source=api.document.name, api=api.api.name,
    )  # fmt: skip
