"""The document against the OpenAPI schema of its version: warnings with places, never a refusal.

The schemas are those that openapi-spec-validator ships, run by jsonschema-rs: milliseconds where its own validator
takes minutes on a large document.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import jsonschema_rs
import orjson

from bridge.importer.dialect import Dialect
from bridge.importer.document import Document, pointer
from bridge.model import Finding, Severity

MOST = 50


def violations(document: Document, dialect: Dialect, api: str) -> tuple[Finding, ...]:
    """At most `MOST`, and one finding for the rest."""
    validator = _validator(dialect)
    if validator.is_valid(document.root):
        return ()
    found: dict[str, Finding] = {}
    for error in map(nearest, validator.iter_errors(document.root)):
        where = pointer(error.instance_path)
        if where not in found and len(found) == MOST:
            found["\0"] = _finding(
                document, api, "", f"more than {MOST} places break the OpenAPI {dialect.value} schema"
            )
            break
        found.setdefault(where, _finding(document, api, where, short(error.message)))
    return tuple(found.values())


def _finding(document: Document, api: str, where: str, message: str) -> Finding:
    return Finding(
        "schema-violation", Severity.WARNING, where, message, advice="mend the document here",
        source=document.name, api=api,
    )  # fmt: skip


def nearest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """The fault that was most likely meant, where a value has to fit one of several schemas and fits none."""
    kinds = jsonschema_rs.ValidationErrorKind
    while isinstance(error.kind, kinds.OneOfNotValid | kinds.AnyOf):
        branches = [branch for branch in error.kind.context if branch]
        if not branches:
            break
        likely: Sequence[jsonschema_rs.ValidationError] = min(branches, key=_distance)
        error = max(likely, key=_depth)
    return error


def _distance(branch: Sequence[jsonschema_rs.ValidationError]) -> tuple[bool, bool, int, int]:
    """How far the value is from what a branch describes: first whether it is another thing altogether.

    OpenAPI's schemas tell its objects from references by `$ref`, and kinds of one object by an enum or a constant.
    """
    kinds = jsonschema_rs.ValidationErrorKind
    return (
        any(isinstance(error.kind, kinds.Required) and error.kind.property == "$ref" for error in branch),
        any(isinstance(error.kind, kinds.Enum | kinds.Constant) for error in branch),
        -max(map(_depth, branch)),
        len(branch),
    )


def _depth(error: jsonschema_rs.ValidationError) -> int:
    return len(error.instance_path)


def short(message: str) -> str:
    """Validators quote the whole value first; its end says what is wrong with it."""
    return message if len(message) <= 300 else f"{message[:120]} … {message[-160:]}"


@cache
def _validator(dialect: Dialect) -> jsonschema_rs.Validator:
    # Found without importing the package, whose import takes longer than all the validation.
    package = find_spec("openapi_spec_validator")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "resources" / "schemas" / f"v{dialect.value}" / "schema.json"
    return jsonschema_rs.validator_for(orjson.loads(path.read_bytes()))
