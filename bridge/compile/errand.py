"""What is asked of the process that imports, and what it hands over: frames of pickles, each enough for one slice.

Pickles, because both ends are this program, run by one user, on a pipe that nobody else holds, and because they carry
the catalogue as it is: as JSON it would have to be made of dictionaries and built again, object by object.
One pickler writes all frames and one unpickler reads them, so that what operations share stays shared.
"""

import pickle
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TypeAlias, TypeVar

from bridge.compile.apis import Absent, Loaded, Traces
from bridge.compile.published import Unaddressed
from bridge.config import Problem, Settings
from bridge.importer import ImportFailed
from bridge.model import Catalog, Finding, Operation, Resource, Tool

HEAD = struct.Struct(">I")
LARGEST_FRAME = 64 << 20
_ROWS = 8
_PIECE = 256 << 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """The body of a request that registers an API, in the pieces that it came in."""

    name: str
    changed: float
    body: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Errand:
    """Registrations are as they are stored; the candidate, if any, is to be one of them."""

    settings: Settings
    registrations: tuple[bytes, ...] = ()
    candidate: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was imported, or the candidate cannot be."""

    problems: tuple[Problem, ...]
    candidate: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """All but what comes in slices. `settings` have the registered APIs in them, `registration` is the candidate's."""

    settings: Settings
    catalog: Catalog
    absent: tuple[Absent, ...]
    stale: tuple[str, ...]
    traces: Mapping[str, Traces]
    contents: str
    registration: bytes | None


@dataclass(frozen=True, slots=True)
class Rows:
    operations: tuple[Operation, ...] = ()
    tools: tuple[Tool, ...] = ()
    resources: tuple[Resource, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    api: str
    swagger: bool
    text: bytes


@dataclass(frozen=True, slots=True)
class End:
    pass


Frame: TypeAlias = Refused | Summary | Rows | Piece | End


def asked(errand: Errand) -> Iterator[bytes]:
    """Its pickle in pieces. What is large in it is not copied before its turn: all of it at once takes 7 ms."""
    written = _Written()
    pickle.Pickler(written, pickle.HIGHEST_PROTOCOL).dump(errand)
    for whole in written:
        yield from _sliced(whole, _PIECE)


class _Written(list[bytes]):
    """A file as a pickler wants it."""

    write = list.append


def frames(settings: Settings, loaded: Loaded, registration: bytes | None) -> Iterator[Frame]:
    catalog = loaded.catalog
    bare = replace(catalog, operations={}, tools={}, resources=(), findings=())
    # Not every failure can be pickled as what it is; all of them as what they say.
    absent = tuple(Absent(one.api, _plain(one.error)) for one in loaded.absent)
    yield Summary(settings, bare, absent, loaded.stale, loaded.traces, loaded.contents, registration)
    yield from (Rows(operations=rows) for rows in _sliced(tuple(catalog.operations.values()), _ROWS))
    yield from (Rows(tools=rows) for rows in _sliced(tuple(catalog.tools.values()), _ROWS))
    yield from (Rows(resources=rows) for rows in _sliced(catalog.resources, 8 * _ROWS))
    yield from (Rows(findings=rows) for rows in _sliced(catalog.findings, 8 * _ROWS))
    for name, document in loaded.documents.items():
        for whole in document.pieces:
            yield from (Piece(name, document.swagger, text) for text in _sliced(whole, _PIECE))
    yield End()


def problem(error: ImportFailed) -> Problem:
    return Problem(error.source, error.line, error.column, "", error.message)


def _plain(error: ImportFailed) -> ImportFailed:
    return ImportFailed(error.source, error.message, error.line, error.column)


Sliced = TypeVar("Sliced", tuple[Operation, ...], tuple[Tool, ...], tuple[Resource, ...], tuple[Finding, ...], bytes)


def _sliced(whole: Sliced, size: int) -> Iterator[Sliced]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


class Packer:
    def __init__(self) -> None:
        self._buffer = BytesIO()
        self._pickler = pickle.Pickler(self._buffer, pickle.HIGHEST_PROTOCOL)

    def pack(self, frame: Frame) -> bytes:
        """With its length before it."""
        self._buffer.seek(0)
        self._buffer.truncate()
        self._pickler.dump(frame)
        return HEAD.pack(self._buffer.tell()) + self._buffer.getvalue()


class Unpacker:
    """Holds nothing that holds it: what its unpickler remembers, which is everything, goes with it."""

    def __init__(self) -> None:
        self._input = _Input()
        self._unpickler = pickle.Unpickler(self._input)  # noqa: S301 - from the process that we started, see above

    def unpack(self, data: bytes) -> Frame:
        self._input.frame = BytesIO(data)
        frame: Frame = self._unpickler.load()
        return frame


class _Input:
    """A file that is another one with each frame."""

    def __init__(self) -> None:
        self.frame = BytesIO()

    def read(self, size: int = -1, /) -> bytes:
        return self.frame.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self.frame.readline(size)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:
        return self.frame.readinto(buffer)


class Gathered:
    """Frames on their way back into what was imported."""

    def __init__(self) -> None:
        self.summary: Summary | None = None
        self._operations: list[Operation] = []
        self._tools: list[Tool] = []
        self._resources: list[Resource] = []
        self._findings: list[Finding] = []
        self._documents: dict[str, list[Piece]] = {}

    def add(self, frame: Summary | Rows | Piece) -> None:
        match frame:
            case Summary():
                self.summary = frame
            case Rows():
                self._operations += frame.operations
                self._tools += frame.tools
                self._resources += frame.resources
                self._findings += frame.findings
            case Piece():
                self._documents.setdefault(frame.api, []).append(frame)

    def loaded(self, summary: Summary) -> Loaded:
        catalog = replace(
            summary.catalog,
            operations={(one.api, one.id): one for one in self._operations},
            tools={one.name: one for one in self._tools},
            resources=tuple(self._resources),
            findings=tuple(self._findings),
        )
        documents = {name: _document(pieces) for name, pieces in self._documents.items()}
        return Loaded(
            catalog, (), summary.absent, summary.stale, documents=documents, traces=summary.traces,
            contents=summary.contents,
        )  # fmt: skip


def _document(pieces: Sequence[Piece]) -> Unaddressed:
    return Unaddressed(pieces[0].swagger, tuple(piece.text for piece in pieces))
