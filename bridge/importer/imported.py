"""One API as it was read: everything but the tools, whose names depend on the other APIs."""

from dataclasses import dataclass

from bridge.importer.document import Document
from bridge.importer.operations import Draft
from bridge.importer.reading import Reading
from bridge.model import Api, Finding


@dataclass(frozen=True, slots=True)
class Imported:
    """`findings` are the document's own; those about operations are in `reading.notes`."""

    api: Api
    reading: Reading
    drafts: list[Draft]
    document: Document
    findings: tuple[Finding, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The document and all that it refers to, as they were read: overlays left out."""
        return self.reading.refs.documents
