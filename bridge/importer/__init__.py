"""A document becomes a catalogue.

Per operation, never per document: what cannot be carried is skipped or thinned, and a finding says what, where, what
was lost and what to do. Only a document that cannot be read at all is an error (`ImportFailed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.importer.budget import BudgetExceeded, Budgets, Deadline, ImportFailed, Unreachable
from bridge.importer.catalog import build, names_lock
from bridge.importer.dialect import dialect_of
from bridge.importer.document import Document
from bridge.importer.imported import Imported
from bridge.importer.lint import violations
from bridge.importer.load import Fetch, Library, load, sources_in
from bridge.importer.notes import Notes
from bridge.importer.operations import Draft, drafts
from bridge.importer.options import Options, Override, Profile
from bridge.importer.overlay import apply
from bridge.importer.reading import Reading, text_of
from bridge.importer.refs import Refs
from bridge.importer.schema import Schemas
from bridge.importer.security import document_security, document_servers, schemes
from bridge.importer.tools import finished
from bridge.importer.unmatched import check_overrides
from bridge.model import Api


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an API's description comes from. `fetch` is None where nothing may be fetched."""

    spec: str | Document
    overlays: Sequence[str] = ()
    fetch: Fetch | None = None
    allowed_origins: Sequence[str] = ()


def import_api(name: str, sources: Sources, options: Options) -> Imported:
    """load → overlay → normalise → operations; tools follow once all APIs are read. Raises ImportFailed."""
    deadline = Deadline(options.budgets, name)
    document = _document(sources, options.budgets)
    notes = Notes(name)
    reading = _reading(name, document, sources, options, notes, deadline)
    secrets = schemes(reading)
    found = [_finished(reading, draft) for draft in drafts(reading, secrets)]
    check_overrides(reading)
    info = document.root.get("info")
    api = Api(
        name=name,
        title=text_of(info, "title"),
        version=text_of(info, "version"),
        description=text_of(info, "description"),
        servers=document_servers(reading),
        security_schemes=secrets,
        security=document_security(reading),
    )
    return Imported(api, reading, found, document, (*document.findings, *violations(document, reading.dialect, name)))


def _finished(reading: Reading, draft: Draft) -> Draft:
    reading.schemas.deadline.check()
    return finished(reading, draft)


def _document(sources: Sources, budgets: Budgets) -> Document:
    spec = sources.spec
    document = load(spec, fetch=sources.fetch, budgets=budgets) if isinstance(spec, str) else spec
    if not sources.overlays:
        return document
    overlays = [load(overlay, fetch=sources.fetch, budgets=budgets) for overlay in sources.overlays]
    return apply(document, overlays, budgets)


def _reading(
    name: str, document: Document, sources: Sources, options: Options, notes: Notes, deadline: Deadline
) -> Reading:
    dialect = dialect_of(document)
    library = Library(document, sources.fetch, options.budgets, sources.allowed_origins)
    refs = Refs(document, library, options.budgets)
    verbatim = options.profile is Profile.VERBATIM
    schemas = Schemas(refs, notes, options.budgets, deadline, verbatim=verbatim, siblings=dialect.siblings)
    return Reading(name, document, dialect, options, refs, notes, schemas)


__all__ = [
    "BudgetExceeded", "Budgets", "Document", "Fetch", "ImportFailed", "Imported", "Options", "Override", "Profile",
    "Sources", "Unreachable", "build", "import_api", "load", "names_lock", "sources_in",
]  # fmt: skip
