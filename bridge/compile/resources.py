"""Suggestions for arguments of prompts and for variables of addresses: from enumerations, or from an operation."""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from bridge.compile.policy import approvals
from bridge.config import Settings
from bridge.config.problems import KeyPath, dotted
from bridge.config.schema_agents import Completion as Written
from bridge.importer.addresses import needed
from bridge.importer.budget import BudgetExceeded, Budgets
from bridge.importer.document import pointer
from bridge.importer.jsonpath import BadPath, Queries
from bridge.model import Catalog, Completion, Effect, Finding, Json, Operation, Prompt, Resource, Severity
from bridge.model.kinds import kinds
from bridge.model.template import Template
from bridge.pipeline.complete import Compiled
from bridge.pipeline.policy import Approvals

MOST_VALUES = 100
"""Of an operation's answer. MCP, completion: “Must not exceed 100 items.”."""
_BUDGETS = Budgets(nodes=20_000, seconds=0.1)
"""Calls wait while suggestions are picked."""

Key = tuple[str, str, str]
"""`("prompt", name, argument)` or `("resource", URI template, variable)`."""


def completions(
    settings: Settings, catalog: Catalog, prompts: Sequence[Prompt]
) -> tuple[dict[Key, Compiled], tuple[Finding, ...]]:
    """Of the prompts, and of the templates that are listed."""
    found: list[Finding] = []
    plain: dict[Key, Completion] = {}
    for prompt in prompts:
        for argument in prompt.arguments:
            if argument.completion is not None:
                plain["prompt", prompt.name, argument.name] = argument.completion
    for resource in catalog.resources:
        if resource.listed and resource.template:
            plain |= _of_template(resource, catalog.operations[resource.api, resource.operation])
    plain |= _configured(settings, catalog, found)
    return {key: _compiled(one) for key, one in plain.items()}, tuple(found)


def _of_template(resource: Resource, operation: Operation) -> Iterator[tuple[Key, Completion]]:
    """Enumerations of the variables' own schemas, those of a list's items among them."""
    schema = operation.input_schema
    for name in Template.parse(resource.uri).variables:
        taken = kinds(schema["properties"].get(name), schema)
        values = _texts(taken.values or kinds(taken.items, schema).values)
        if values:
            yield ("resource", resource.uri, name), Completion(values=tuple(values))


def _configured(settings: Settings, catalog: Catalog, found: list[Finding]) -> Iterator[tuple[Key, Completion]]:
    listed = {(one.api, one.operation): one for one in catalog.resources if one.listed and one.template}
    policy = approvals(settings)
    for name, api in settings.apis.items():
        for written, override in api.operations.items():
            if not override.complete:
                continue
            own = next((one for one in operations_named(written, catalog) if one.api == name), None)
            if own is None:
                continue  # the importer has said that there is no such operation
            resource = listed.get((own.api, own.id))
            variables = Template.parse(resource.uri).variables if resource else ()
            for argument, wanted in override.complete.items():
                place = ("apis", name, "operations", written, "complete", argument)
                if resource is None or argument not in variables:
                    found.append(_not_a_variable(place, argument, variables, name))
                    continue
                made = completion(wanted, catalog, policy, place, found, api=name)
                if made is not None:
                    yield ("resource", resource.uri, argument), made


def completion(
    wanted: Written, catalog: Catalog, policy: Approvals, place: KeyPath, found: list[Finding], *, api: str = ""
) -> Completion | None:
    """`place` is its key in the configuration, `api` whose operations are meant first. Adds to `found` why it cannot
    be had."""
    try:
        operation = _operation(wanted.operation, catalog, api)
        _check(wanted, operation, policy)
    except ValueError as error:
        message, _, advice = str(error).rpartition("; ")
        found.append(_unusable(place, message, advice, api))
        return None
    return Completion(operation=(operation.api, operation.id), argument=wanted.argument, select=wanted.pick)


def operations_named(written: str, catalog: Catalog) -> list[Operation]:
    """By operationId or `METHOD /path`."""
    return [one for one in catalog.operations.values() if written in (one.id, one.operation_id, one.key)]


def _operation(written: str, catalog: Catalog, api: str) -> Operation:
    """Raises ValueError."""
    of, slash, rest = written.partition("/")
    named = [one for one in operations_named(rest, catalog) if one.api == of] if slash else []
    named = named or operations_named(written, catalog)
    own = [one for one in named if one.api == api] or named
    if not own:
        known = [text for one in catalog.operations.values() for text in (one.id, f"{one.api}/{one.id}")]
        near = get_close_matches(written, known, 1)
        raise ValueError(
            f"there is no operation {written!r}; {f'did you mean {near[0]}?' if near else 'api/operationId'}"
        )
    if len(own) > 1:
        raise ValueError(f"{written!r} is an operation of several APIs; write {own[0].api}/{own[0].id}")
    return own[0]


def _check(wanted: Written, operation: Operation, policy: Approvals) -> None:
    """Raises ValueError where it cannot be called, unasked, with nothing but what was typed so far."""
    properties = operation.input_schema["properties"]
    if operation.effect is not Effect.READS:
        raise ValueError(f"{operation.key} changes something; name an operation that only reads")
    if policy.covers(operation):
        raise ValueError(f"a person approves each call of {operation.key}; name an operation that needs no approval")
    if wanted.argument and wanted.argument not in properties:
        raise ValueError(
            f"{operation.key} has no argument {wanted.argument!r}; it has {', '.join(properties) or 'none'}"
        )
    missing = [name for name in needed(operation) if name != wanted.argument]
    if missing:
        raise ValueError(f"{operation.key} also needs {', '.join(missing)}; name one that needs nothing else")


def _not_a_variable(place: KeyPath, argument: str, variables: Sequence[str], api: str) -> Finding:
    known = ", ".join(variables)
    advice = f"name one of {known}" if known else "make the operation a resource whose address has variables"
    return _unusable(place, f"{argument!r} is no variable of a listed address", advice, api)


def _unusable(place: KeyPath, message: str, advice: str, api: str) -> Finding:
    return Finding(
        "completion-unusable", Severity.WARNING, pointer(place), f"{dotted(place)}: {message}",
        lost="these suggestions", advice=advice, api=api,
    )  # fmt: skip


def _compiled(one: Completion) -> Compiled:
    if one.operation is None:
        return Compiled(one.values)
    return Compiled(endpoint=one.operation, argument=one.argument, pick=compile_pick(one.select))


def compile_pick(path: str) -> Callable[[Json], list[str]]:
    """At most 100 texts out of an answer, each once. What takes too long gives those that were found before.

    Raises BadPath.
    """
    queries = Queries("completion", _BUDGETS)
    query = queries.compiled(path)

    def pick(answer: Json) -> list[str]:
        texts: dict[str, None] = {}
        try:
            for value in queries.values(query, answer):
                texts |= dict.fromkeys(_texts((value,)))
                if len(texts) >= MOST_VALUES:
                    break
        except (BadPath, BudgetExceeded):
            pass
        return list(texts)

    return pick


def _texts(values: Sequence[Json]) -> list[str]:
    """Texts and numbers, as they stand in an address."""
    return [str(one) for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)]
