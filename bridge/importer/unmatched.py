"""Settings for an operation that is not there, and selectors that select nothing: mostly a name that is misspelt.

What settings that ask for consent or hide an operation were to protect would be unprotected, so an API that would be
served without them is not served at all. A selector that excludes nothing is an error that is told: what it was to hide
may be gone from the document.
"""

from collections.abc import Iterator
from dataclasses import fields
from difflib import get_close_matches

from bridge.importer.budget import ImportFailed
from bridge.importer.imported import Imported
from bridge.importer.operations import operation_names
from bridge.importer.options import Override
from bridge.importer.reading import Reading
from bridge.importer.select import matches
from bridge.model import Severity

_HINTS = frozenset({"read_only", "destructive", "idempotent", "open_world", "audience", "priority"})
_SELECTORS = "tag:NAME, METHOD /path/**, /path/*, effect:reads, operationId or tool name (with *)"


def check_overrides(reading: Reading) -> None:
    """Raises ImportFailed where a person's consent, or being kept from agents, was asked for what is not there."""
    overrides = reading.options.overrides
    known = operation_names(reading) if overrides else set()
    missing = {key: one for key, one in overrides.items() if key not in known}
    protecting = {key: one for key, one in missing.items() if one.confirm or one.expose == "none"}
    if protecting:
        told = "; ".join(_unprotected(reading.api, key, one, known) for key, one in protecting.items())
        raise ImportFailed(reading.document.name, f"{told}; until then the API is not served")
    for key, one in missing.items():
        reading.notes.setting(
            "override-unmatched", Severity.ERROR, ("apis", reading.api, "operations", key),
            f"there is no operation {key!r}, named in apis.{reading.api}.operations",
            lost=f"its settings: {', '.join(_settings(one))}", advice=_meant(key, known),
        )  # fmt: skip


def check_selectors(api: Imported) -> None:
    """What should have been left out and is not is graver than what should be there and is missing."""
    options = api.reading.options
    given = (
        ("tools", "include", options.include, Severity.WARNING),
        ("tools", "exclude", options.exclude, Severity.ERROR),
        ("resources", "include", options.resource_include, Severity.WARNING),
        ("resources", "exclude", options.resource_exclude, Severity.WARNING),
    )
    for section, key, selectors, severity in given:
        for at, selector in enumerate(selectors):
            if not any(matches(selector, draft.operation) for draft in api.drafts):
                api.reading.notes.setting(
                    "selector-unmatched", severity, ("apis", api.api.name, section, key, at),
                    f"{selector!r} selects no operation", advice=_SELECTORS,
                )  # fmt: skip


def _unprotected(api: str, key: str, one: Override, known: set[str]) -> str:
    wanted = "confirm: true" if one.confirm else "expose: none"
    return f"there is no operation {key!r}, of which apis.{api}.operations wants {wanted!r}; {_meant(key, known)}"


def _meant(key: str, known: set[str]) -> str:
    near = get_close_matches(key, known, 1)
    return f"did you mean {near[0]!r}?" if near else "give its operationId, or METHOD /path"


def _settings(one: Override) -> Iterator[str]:
    """The keys as they are written; those of the annotations are one."""
    given = [field.name for field in fields(one) if getattr(one, field.name) is not None]
    yield from (name for name in given if name not in _HINTS)
    if not _HINTS.isdisjoint(given):
        yield "annotations"
