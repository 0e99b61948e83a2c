"""The document against the OpenAPI schema of its version: warnings with places, never a refusal.

The schemas are those that openapi-spec-validator ships, run by jsonschema-rs: milliseconds where its own validator
takes minutes on a large document.
"""

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
    for error in validator.iter_errors(document.root):
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
