"""Findings as they are made: a note takes its place from the value that it is about."""

from bridge.importer.document import pointer
from bridge.importer.refs import At
from bridge.model import Finding, Severity

MOST_OF_A_KIND = 2_000


class Notes:
    """Collects findings, the same one (id, place, message) once, and at most `MOST_OF_A_KIND` under one id."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._seen: dict[tuple[str, str, str], Finding] = {}
        self._counts: dict[str, int] = {}

    def note(self, id: str, severity: Severity, at: At, message: str, *, lost: str = "", advice: str = "") -> None:
        key = (id, at.key, message)
        if key in self._seen or self._counts.get(id, 0) >= MOST_OF_A_KIND:
            return
        self._counts[id] = self._counts.get(id, 0) + 1
        self._seen[key] = Finding(
            id, severity, at.pointer, message, lost=lost, advice=advice, source=at.doc.name, api=self._api
        )

    def setting(
        self,
        id: str,
        severity: Severity,
        path: tuple[str | int, ...],
        message: str,
        *,
        lost: str = "",
        advice: str = "",
    ) -> None:
        """About what the configuration says at `path`, in whatever file that is."""
        where = pointer(path)
        finding = Finding(id, severity, where, message, lost=lost, advice=advice, api=self._api)
        self._seen.setdefault((id, where, message), finding)

    def error(self, id: str, at: At, message: str, *, lost: str = "", advice: str = "") -> None:
        self.note(id, Severity.ERROR, at, message, lost=lost, advice=advice)

    def warn(self, id: str, at: At, message: str, *, lost: str = "", advice: str = "") -> None:
        self.note(id, Severity.WARNING, at, message, lost=lost, advice=advice)

    def info(self, id: str, at: At, message: str, *, lost: str = "", advice: str = "") -> None:
        self.note(id, Severity.INFO, at, message, lost=lost, advice=advice)

    def renamed(self, at: At, name: str, argument: str) -> None:
        """An argument that could not have the name of its parameter or property."""
        if argument != name:
            self.info("argument-renamed", at, f"{name[:100]!r} is the argument {argument!r}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._seen.values())
