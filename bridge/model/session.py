"""What is kept of a legacy client between its requests."""

from dataclasses import dataclass

from bridge.model.json import Json


@dataclass(frozen=True, slots=True)
class Session:
    """`principal` names the caller that opened it, as `pipeline.authenticate.owner` does: nobody else may use it."""

    id: str
    principal: str
    toolset: str
    revision: str
    capabilities: Json
