"""Capabilities: the tokens by which callers narrowed their own authority, listed and taken back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from bridge.control.problems import Problematic, responses
from bridge.control.steering import Steered, Steering
from bridge.pipeline.identity.capabilities import Capabilities, Capability

router = APIRouter(prefix="/admin/capabilities", tags=["capabilities"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="The capability's id.")]


class LayerView(BaseModel):
    """One narrowing; what is null narrows nothing."""

    id: str = Field(description="The capability that brought it.")
    operations: list[str] | None
    when: str | None
    calls: int | None
    bytes: int | None
    tokens: int | None


class CapabilityView(BaseModel):
    """Times are Unix times. The token itself is shown to nobody but whoever asked for it."""

    id: str
    principal: str = Field(description="Whose authority it is.")
    tenant: str
    client: str
    identified: str = Field(description="How that caller was recognised: `api_keys`, or an issuer's name.")
    scopes: list[str] | None
    layers: list[LayerView] = Field(description="Each of them holds; the last one is its own.")
    created: float
    expires: float

    @classmethod
    def of(cls, one: Capability) -> "CapabilityView":
        who = one.principal
        return cls(
            id=one.id,
            principal=who.id,
            tenant=who.tenant,
            client=who.client,
            identified=who.method,
            scopes=None if who.scopes is None else sorted(who.scopes),
            layers=[LayerView.model_validate(layer, from_attributes=True) for layer in one.layers],
            created=one.created,
            expires=one.expires,
        )


@router.get("", summary="Those that are in force", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
async def list_capabilities(steering: Steered) -> list[CapabilityView]:
    capabilities = steering.holder.current.capabilities
    return [] if capabilities is None else [CapabilityView.of(one) for one in await capabilities.listed()]


@router.delete(
    "/{id}",
    summary="Take one back, and all that were made from it",
    status_code=204,
    responses=responses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def revoke_capability(steering: Steered, id: Id) -> Response:
    if not await _kept(steering).revoke(id):
        raise Problematic(HTTPStatus.NOT_FOUND, "not_found", "there is no capability of that id, or not any more")
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _kept(steering: Steering) -> Capabilities:
    found = steering.holder.current.capabilities
    if found is None:
        raise Problematic(HTTPStatus.NOT_FOUND, "not_found", "no capabilities are handed out here")
    return found
