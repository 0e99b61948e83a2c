"""Settings and a catalogue become a runtime: everything expensive, once per reload.

Here is only what the process that imports needs as well: the rest would take it as long as half an import.
"""

from bridge.compile.apis import Absent, Loaded, NothingLoaded, load_apis
from bridge.compile.report import Report, Result

__all__ = ["Absent", "Loaded", "NothingLoaded", "Report", "Result", "load_apis"]
