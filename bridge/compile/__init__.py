"""Settings and a catalogue become a runtime: everything expensive, once per reload."""

from bridge.compile.apis import Absent, Loaded, NothingLoaded, load_apis
from bridge.compile.reload import Reloader
from bridge.compile.report import Report, Result
from bridge.compile.runtime import Parts, compile_runtime, parts

__all__ = [
    "Absent",
    "Loaded",
    "NothingLoaded",
    "Parts",
    "Reloader",
    "Report",
    "Result",
    "compile_runtime",
    "load_apis",
    "parts",
]
