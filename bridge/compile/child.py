"""The process that imports: `python -m bridge.compile.child`, an `Errand` on its input, frames on its output.

It is kept apart because an import is seconds of work and hundreds of megabytes that its parent, which serves calls,
does not have. What goes wrong in it goes wrong in it alone.
"""

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from bridge.compile.apis import NothingLoaded
from bridge.compile.candidate import registration
from bridge.compile.errand import Errand, Frame, Packer, Refused, frames, problem
from bridge.compile.registered import Registered, joined, load_all, with_api
from bridge.config import ConfigInvalid
from bridge.importer import ImportFailed

MOST_MEMORY = 4 << 30
"""Bytes of addresses. The largest public document known, with 22 000 operations, takes a third of that."""
_NICE = 10


def main() -> None:
    _limit()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no frame
    errand: Errand = pickle.load(source)  # noqa: S301 - from the process that started us, see `errand`
    with suppress(ConnectionError):
        _write(sink, run(errand))
    os._exit(0)  # taking millions of objects apart one by one would take as long as half the import


def run(errand: Errand) -> Iterator[Frame]:
    known = [Registered.read(raw) for raw in errand.registrations]
    chosen: Registered | None = None
    if errand.candidate is not None:
        try:
            chosen = registration(errand.candidate, known)
            with_api(joined(errand.settings, (one for one in known if one.name != chosen.name)).settings, chosen)
        except ConfigInvalid as error:
            yield Refused(error.problems, candidate=True)
            return
        known = [one for one in known if one.name != chosen.name] + [chosen]
    try:
        settings, loaded = load_all(errand.settings, known)
    except NothingLoaded as error:
        yield Refused(tuple(map(problem, error.errors)))
        return
    except ImportFailed as error:
        yield Refused((problem(error),))
        return
    yield from frames(settings, loaded, chosen.raw if chosen else None)


def _write(sink: BinaryIO, found: Iterator[Frame]) -> None:
    packer = Packer()
    with sink:
        sink.writelines(packer.pack(frame) for frame in found)


def _limit() -> None:
    """Serving comes first, and a document that grows in memory ends its own import before it ends another process."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    os.nice(_NICE)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    allowed = MOST_MEMORY if most == resource.RLIM_INFINITY else min(most, MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, most))


if __name__ == "__main__":
    main()
