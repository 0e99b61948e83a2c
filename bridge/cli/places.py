"""Lines for findings about the configuration: they know the key, and the file is read again for its place."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bridge.config.reader import read
from bridge.importer.document import pointer
from bridge.model import Finding


def placed(findings: Iterable[Finding], file: Path | None) -> tuple[Finding, ...]:
    """Those that have a document keep its place; `file` is None where there is no configuration."""
    if file is None:
        return tuple(findings)
    tree = read(file)
    places = {pointer(path): place for path, place in (tree.places | tree.key_places).items() if path}
    return tuple(
        replace(one, source=str(file), line=places[one.where].line) if not one.source and one.where in places else one
        for one in findings
    )
