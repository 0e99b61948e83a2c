"""What a document leaves out that an agent would need, and where it misleads: advice for `lint`."""

from collections.abc import Iterable, Iterator, Sequence

from bridge.importer.examples import examples
from bridge.importer.imported import Imported
from bridge.importer.operations import Draft
from bridge.importer.text import clean
from bridge.model import Finding, Severity


def advise(imported: Sequence[Imported]) -> Iterator[Finding]:
    for api in imported:
        yield from _ambiguous(api)
        for draft in api.drafts:
            yield from _operation(api, draft)
    yield from examples(imported)


def _operation(api: Imported, draft: Draft) -> Iterator[Finding]:
    operation = draft.operation
    if not operation.operation_id:
        yield _finding(api, "no-operation-id", operation.where, "the tool is named after method and path",
                       "give it an operationId")  # fmt: skip
    if not clean(operation.summary) and not clean(operation.description):
        yield _finding(api, "no-description", operation.where, "an agent cannot tell what this does",
                       "give it a summary or a description")  # fmt: skip
    silent = [
        name
        for name, schema in draft.input["properties"].items()
        if isinstance(schema, dict) and "description" not in schema and "$ref" not in schema
    ]
    if silent:
        names = ", ".join(silent[:5]) + (" …" if len(silent) > 5 else "")
        yield _finding(api, "arguments-not-described", operation.where, f"nothing says what these are: {names}",
                       "describe them")  # fmt: skip


def _ambiguous(api: Imported) -> Iterator[Finding]:
    """OpenAPI: "Templated paths with the same hierarchy but different templated names MUST NOT exist"."""
    seen: dict[str, str] = {}
    for draft in api.drafts:
        operation = draft.operation
        shape = f"{operation.method} {'/'.join(_plain(operation.path.split('/')))}"
        if shape in seen:
            yield _finding(api, "ambiguous-path", operation.where, f"{operation.key} looks like {seen[shape]}",
                           "people's requests reach the first of the two", Severity.WARNING)  # fmt: skip
        seen.setdefault(shape, operation.key)


def _plain(segments: Iterable[str]) -> Iterator[str]:
    return ("{}" if segment.startswith("{") and segment.endswith("}") else segment for segment in segments)


def _finding(
    api: Imported, name: str, where: str, message: str, advice: str, severity: Severity = Severity.INFO
) -> Finding:
    return Finding(name, severity, where, message, advice=advice, source=api.document.name, api=api.api.name)
