"""Media types as documents write them: some are none, and are read as what they mean or left out with a finding."""

from bridge.importer.notes import Notes
from bridge.importer.refs import At
from bridge.model.media import valid

_MEANT = {
    "json": "application/json", "xml": "application/xml", "yaml": "application/yaml", "text": "text/plain",
    "plain": "text/plain", "html": "text/html", "csv": "text/csv", "form": "application/x-www-form-urlencoded",
    "urlencoded": "application/x-www-form-urlencoded", "x-www-form-urlencoded": "application/x-www-form-urlencoded",
    "form-data": "multipart/form-data", "multipart": "multipart/form-data", "octet-stream": "application/octet-stream",
    "binary": "application/octet-stream", "pdf": "application/pdf", "*": "*/*",
}  # fmt: skip


def usable(notes: Notes, at: At, written: str) -> str | None:
    """The media type that `written`, found at `at`, stands for; None where nobody can tell."""
    if valid(written):
        return written
    meant = _MEANT.get(written.strip().strip("./").lower())
    read = f"read as {meant}" if meant else "it is left out"
    notes.warn(
        "invalid-media-type", at, f"{written[:100]!r} is no media type; {read}",
        lost="" if meant else "this media type", advice="write type/subtype, as in application/json",
    )  # fmt: skip
    return meant
