"""Where a value departs from its schema, found in bounded time."""

from bridge.pipeline.explain.fault import MOST_STEPS, Budget, Fault, Spent
from bridge.pipeline.explain.walk import faults

__all__ = ["MOST_STEPS", "Budget", "Fault", "Spent", "faults"]
