"""What is served and what would be served, as the two sides of a comparison."""

from bridge.compile.policy import approvals
from bridge.compile.prompts import prompts
from bridge.config import Settings
from bridge.model import Catalog
from bridge.model.diff import Side
from bridge.pipeline.runtime import Runtime


def described(settings: Settings, catalog: Catalog) -> Side:
    """Without a runtime: nothing is compiled for it."""
    made, _ = prompts(settings, catalog)
    return Side(catalog, {one.name: one for one in made}, approvals(settings).covers)


def served(runtime: Runtime) -> Side:
    return Side(runtime.catalog, runtime.toolsets[""].prompts, runtime.approvals.covers)
