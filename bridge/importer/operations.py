"""From a document's paths to operations, one at a time: what cannot be read costs its own operation only."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridge.importer.body import BodyArguments, body3, body_arguments
from bridge.importer.budget import ImportFailed
from bridge.importer.defs import weight
from bridge.importer.dialect import Dialect
from bridge.importer.hidden import Mode
from bridge.importer.mirror import mirrored, unique
from bridge.importer.naming import Arguments
from bridge.importer.normalise import body2, media_types2
from bridge.importer.options import Override
from bridge.importer.overrides import override_of
from bridge.importer.parameters import parameters
from bridge.importer.paths import Template, template
from bridge.importer.reading import RawBody, RawParam, Reading, members, text_of
from bridge.importer.refs import At, Dangling
from bridge.importer.responses import Answers, answers
from bridge.importer.security import requirements, servers
from bridge.importer.xml import xml_shape
from bridge.model import Effect, Json, Operation, Param, SecurityScheme, Spread, Where

_READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
_IDEMPOTENT = _READS | {"PUT", "DELETE"}
_ORDER = {where: position for position, where in enumerate(Where)}
HEADER_TEXT = "^[ -~]*$"


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation with what its tool will be made from: schemas still refer to components."""

    operation: Operation
    at: At
    input: dict[str, Json]
    answers: Answers
    override: Override
    input_size: int
    """Bytes of the input schema with all that it refers to, roughly; likewise of the answer's."""
    output_size: int


def drafts(reading: Reading, secrets: dict[str, SecurityScheme]) -> list[Draft]:
    """Every operation of the document that can be carried. `secrets` are its security schemes."""
    places = list(_places(reading))
    ids = Counter(text_of(at.value, "operationId") for _, _, _, at in places)
    found: list[Draft] = []
    known: set[str] = set()
    for path, method, path_item, at in places:
        reading.schemas.deadline.check()
        try:
            draft = _draft(reading, path, method, path_item, at, ids, secrets)
            if known.isdisjoint({draft.operation.key, draft.operation.id}):
                known |= {draft.operation.key, draft.operation.id}
                found.append(draft)
            else:
                _skipped(reading, at, f"{draft.operation.key} is described a second time")
        except Dangling as error:
            _skipped(reading, at, f"{method} {path}: {error}")
        except ImportFailed:
            raise
        except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
            # A document can be wrong in more ways than were thought of; one operation is what that may cost.
            _skipped(reading, at, f"{method} {path} cannot be read ({type(error).__name__}: {error})"[:300])
    _webhooks(reading)
    return found


def operation_names(reading: Reading) -> set[str]:
    """What settings may call the document's operations, those that cannot be read included."""
    places = _places(reading)
    return {name for path, method, _, at in places for name in (text_of(at.value, "operationId"), f"{method} {path}")}


def _skipped(reading: Reading, at: At, message: str) -> None:
    reading.notes.error("operation-skipped", at, message, lost="this operation", advice="mend the document here")


def _webhooks(reading: Reading) -> None:
    webhooks = members(At(reading.document.root, reading.document), "webhooks")
    if webhooks is not None and webhooks.value:
        reading.notes.info(
            "webhooks", webhooks, f"{len(webhooks.value)} webhooks are calls by the API, not to it: no tools"
        )


def _places(reading: Reading) -> Iterator[tuple[str, str, At, At]]:
    """Path, method, Path Item and Operation of everything that looks like an operation."""
    root = At(reading.document.root, reading.document)
    paths = members(root, "paths")
    if paths is None:
        if root.value.get("paths") is not None:
            reading.notes.error(
                "invalid-paths", root.child("paths"), "'paths' must be an object", lost="all operations"
            )
        return
    for path in paths.value:
        if path.startswith("x-"):
            continue
        own = paths.child(path)
        if isinstance(own.value, dict) and "$ref" in own.value:
            # 3.x allows operations beside a Path Item's reference, unless the other side has them too.
            yield from _methods(reading, path, own)
        try:
            item = reading.refs.follow(own)
        except Dangling as error:
            reading.notes.error("dangling-reference", own, f"the path {error}", lost="its operations")
            continue
        if isinstance(item.value, dict):
            yield from _methods(reading, path, item)
        elif item.value is not None:
            reading.notes.error("invalid-path-item", item, "a path must hold an object", lost="its operations")


def _methods(reading: Reading, path: str, item: At) -> Iterator[tuple[str, str, At, At]]:
    for method in item.value:
        if method.lower() in reading.dialect.methods:
            yield from _method(reading, path, method.upper(), item, item.child(method))
    more = members(item, "additionalOperations")
    if more is not None and reading.dialect is Dialect.OPENAPI_3_2:
        for method in more.value:
            if isinstance(more.value[method], dict):
                yield from _method(reading, path, method, item, more.child(method))


# RFC 9110 section 5.6.2: a method's characters. Anything else would be more than one word of the request line.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
# A tunnel is no operation, and TRACE answers with what it was sent: the gateway's own credential among it.
_NEVER = frozenset({"CONNECT", "TRACE"})


def _method(
    reading: Reading, path: str, method: str, item: At, at: At
) -> Iterator[tuple[str, str, At, At]]:  # fmt: skip
    if method.upper() in _NEVER:
        _skipped(reading, at, f"{method} {path}: this method is never called")
    elif _TOKEN(method) is None:
        _skipped(reading, at, f"{method!r} {path}: a method is one word")
    elif isinstance(at.value, dict):
        yield path, method, item, at
    elif at.value is not None:
        _skipped(reading, at, f"{method} {path}: an operation must be an object")


def _draft(
    reading: Reading, path: str, method: str, path_item: At, at: At, ids: Counter[str],
    secrets: dict[str, SecurityScheme],
) -> Draft:  # fmt: skip
    raw, body_params = parameters(reading, path_item, at)
    raw = [param for param in raw if not _secret(reading, param, secrets)]
    shaped = template(reading, path, raw, at)
    override = override_of(reading, at, f"{method} {path}")
    arguments = Arguments()
    root, params = _params(reading, shaped, arguments)
    raw_body = _raw_body(reading, method, at, body_params)
    body = body_arguments(reading, raw_body, arguments) if raw_body is not None else None
    given = answers(reading, at)
    operation = _operation(reading, shaped.path, method, path_item, at, ids)
    operation = replace(
        operation, params=params, body=body.body if body else None, output=given.output, timeout=override.timeout,
        confirm=override.confirm,
        reserved=_reserved(secrets),
    )  # fmt: skip
    root = _root(root, body)
    unique(reading.notes, at, root["properties"])
    # Weighing converts every component that the schemas lead to: what is wrong with one is found here, not later.
    input_size = weight(root, reading.schemas, Mode.INPUT)
    output_size = weight(given.schema, reading.schemas, Mode.OUTPUT) if isinstance(given.schema, dict) else 0
    return Draft(operation, at, root, given, override, input_size, output_size)


def _operation(reading: Reading, path: str, method: str, path_item: At, at: At, ids: Counter[str]) -> Operation:
    named = text_of(at.value, "operationId")
    if ids[named] > 1 and named:
        reading.notes.warn(
            "duplicate-operation-id", at, f"the operationId {named!r} is used {ids[named]} times",
            advice="give each operation its own",
        )  # fmt: skip
    addresses, own = servers(reading, path_item, at)
    tags = at.value.get("tags")
    return Operation(
        id=named if named and ids[named] == 1 else f"{method} {path}",
        api=reading.api,
        method=method,
        path=path,
        effect=Effect.READS if method in _READS else Effect.DESTROYS if method == "DELETE" else Effect.WRITES,
        idempotent=method in _IDEMPOTENT,
        security=requirements(reading, at),
        servers=addresses,
        own_server=own,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        summary=text_of(at.value, "summary") or text_of(path_item.value, "summary"),
        description=text_of(at.value, "description") or text_of(path_item.value, "description"),
        deprecated=at.value.get("deprecated") is True,
        operation_id=named,
        where=at.pointer,
    )


def _secret(reading: Reading, param: RawParam, secrets: dict[str, SecurityScheme]) -> bool:
    """Credentials are the operator's business: a parameter that is one of the document's API keys is no argument."""
    for scheme in secrets.values():
        if scheme.type == "apiKey" and scheme.where == param.where.value and scheme.name.lower() == param.name.lower():
            reading.notes.info(
                "security-parameter", param.at, f"{param.name!r} carries the credential {scheme.id!r}",
                lost="this parameter as an argument", advice="give it among the upstream headers of the API",
            )  # fmt: skip
            return True
    return False


def _reserved(secrets: dict[str, SecurityScheme]) -> frozenset[tuple[str, str]]:
    return frozenset((scheme.where, scheme.name.lower()) for scheme in secrets.values() if scheme.type == "apiKey")


def _raw_body(reading: Reading, method: str, at: At, body_params: list[At]) -> RawBody | None:
    if reading.dialect is Dialect.SWAGGER_2_0:
        return body2(reading.notes, body_params, media_types2(reading.notes, at, reading.document.root, "consumes"), at)
    return body3(reading, at, reads=method in _READS)


def _params(reading: Reading, shaped: Template, arguments: Arguments) -> tuple[dict[str, Json], tuple[Param, ...]]:
    """The root schema with one property per parameter, and the parameters."""
    named: dict[tuple[Where, str], str] = {}
    for where in sorted(Where, key=_ORDER.__getitem__):
        names = [param.name for param in shaped.params if param.where is where]
        named |= {(where, name): key for name, key in arguments.take_all(where.value, names).items()}
    properties: dict[str, Json] = {}
    required: list[str] = []
    params: list[Param] = []
    for raw in shaped.params:
        argument = named[raw.where, raw.name]
        reading.notes.renamed(raw.at, raw.name, argument)
        schema = _param_schema(reading, raw)
        properties[argument] = schema
        required += [argument] if raw.required else []
        params.append(_param(reading, raw, argument, schema))
    return {"type": "object", "properties": properties, "required": required}, tuple(params)


def _param(reading: Reading, raw: RawParam, argument: str, schema: Json) -> Param:
    is_xml = raw.media_type is not None and "xml" in raw.media_type and raw.schema is not None
    return Param(
        name=raw.name, argument=argument, where=raw.where, required=raw.required, style=raw.style, explode=raw.explode,
        schema=schema, allow_reserved=raw.allow_reserved, allow_empty=raw.allow_empty, media_type=raw.media_type,
        xml=xml_shape(reading, raw.schema, raw.name) if is_xml and raw.schema is not None else None,
    )  # fmt: skip


def _param_schema(reading: Reading, raw: RawParam) -> Json:
    schema = reading.schemas.convert(raw.schema, Mode.INPUT) if raw.schema is not None else {}
    schema = dict(schema) if isinstance(schema, dict) else {}
    if raw.description:
        schema["description"] = reading.schemas.prose(raw.description)
    if raw.at.value.get("deprecated") is True:
        schema["deprecated"] = True
    if raw.where is Where.PATH and raw.media_type is None:
        # An empty path segment would call another resource.
        if schema.get("type") == "string" and "enum" not in schema:
            schema["minLength"] = max(schema.get("minLength", 1), 1)
        elif schema.get("type") == "array":
            schema["minItems"] = max(schema.get("minItems", 1), 1)
        elif schema.get("type") == "object":
            schema["minProperties"] = max(schema.get("minProperties", 1), 1)
    if raw.where is Where.HEADER:
        schema = _printable(schema)
    return mirrored(reading.notes, raw.schema, schema)


def _printable(schema: Json) -> Json:
    """Text that a header can carry; the members of an array or object become one header too."""
    if not isinstance(schema, dict):
        return schema
    out = dict(schema)
    if out.get("type") == "string" and {"enum", "const", "pattern"}.isdisjoint(out):
        out["pattern"] = HEADER_TEXT
    if "items" in out:
        out["items"] = _printable(out["items"])
    if "properties" in out:
        out["properties"] = {name: _printable(one) for name, one in out["properties"].items()}
    return out


def _root(root: dict[str, Json], body: BodyArguments | None) -> dict[str, Json]:
    """The tool's input: parameters and body together, closed, so that a mistyped argument is an error."""
    if body is not None and body.body.spread is Spread.REST:
        return _verbatim_root(root, body)
    properties = root["properties"] | (body.properties if body else {})
    required = root["required"] + (list(body.required) if body else [])
    out: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        out["required"] = required
    return out | {"additionalProperties": False}


def _verbatim_root(root: dict[str, Json], body: BodyArguments) -> dict[str, Json]:
    merged: dict[str, Json] = dict(body.root)
    merged["properties"] = root["properties"] | body.root.get("properties", {})
    required = [*root["required"], *body.root.get("required", [])]
    if required:
        merged["required"] = required
    return merged
