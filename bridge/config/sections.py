"""What every section of the configuration is, and the selectors that several have."""

from pydantic import BaseModel, ConfigDict, Field

from bridge.config.names import Selector
from bridge.model import Json

OFF = "off"


def off_is_none(value: Json) -> Json:
    return None if value == OFF else value


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selection(Section):
    include: tuple[Selector, ...] = Field(
        default=(),
        description="Selectors of the operations that become tools. Empty: all.",
    )
    exclude: tuple[Selector, ...] = Field(
        default=(), description="Selectors of operations that do not, even if included."
    )
