"""What the routes work on: the application holds it, so that it can be described without a gateway."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from bridge.compile.reload import Reloader
from bridge.pipeline.runtime import Holder


@dataclass(frozen=True, slots=True)
class Steering:
    holder: Holder
    reloader: Reloader


def _steering(request: Request) -> Steering:
    found = request.app.state.steering
    assert isinstance(found, Steering)
    return found


Steered: TypeAlias = Annotated[Steering, Depends(_steering)]
