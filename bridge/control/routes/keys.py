"""API keys: who has one, and how one is made, replaced and taken back. Only the answer that makes it has the secret."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from bridge.config.problems import Unfit
from bridge.config.values import parse_days, parse_lifetime
from bridge.control.problems import Place, Problematic, responses
from bridge.control.steering import Steered, Steering
from bridge.model import Json, PrincipalKind
from bridge.pipeline.identity.handles import Handle
from bridge.pipeline.identity.keys import KeyEnded, KeyRing, NoSuchKey
from bridge.pipeline.identity.records import Holder, KeyOwner, KeyRecord, KeyStatus

router = APIRouter(prefix="/admin/keys", tags=["keys"])

Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="What is between the key's underscores.")]
_UNREACHED = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
_CHANGES = (HTTPStatus.FORBIDDEN, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY, *_UNREACHED)


class KeyView(BaseModel):
    """A key without its secret. Times are Unix times."""

    id: str
    status: KeyStatus
    subject: str = Field(description="Whom it speaks for.")
    kind: Holder
    tenant: str
    groups: list[str]
    scopes: list[str] | None = Field(description="Null where scopes do not bound it.")
    claims: dict[str, Json]
    label: str
    created: float
    expires: float | None = Field(description="Null where it is valid until it is revoked.")
    revoked: float | None
    replaces: str | None = Field(description="The id of the key whose place it took.")

    @classmethod
    def of(cls, record: KeyRecord, **more: str) -> Self:
        return cls(
            id=record.id,
            status=record.status(time.time()),
            subject=record.subject,
            kind=Holder(record.kind.value),
            tenant=record.tenant,
            groups=sorted(record.groups),
            scopes=None if record.scopes is None else sorted(record.scopes),
            claims=dict(record.claims),
            label=record.label,
            created=record.created,
            expires=record.expires,
            revoked=record.revoked,
            replaces=record.replaces or None,
            **more,
        )


class MadeKeyView(KeyView):
    key: str = Field(description="The key itself: it is not shown again.")


class Making(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: str = Field(description="Whom the key speaks for.")
    kind: Holder = Field(default=Holder.SERVICE, description="What that is.")
    tenant: str = Field(default="", description="The tenant it belongs to.")
    groups: list[str] = []
    scopes: list[str] | None = Field(default=None, description="Null where scopes do not bound it.")
    claims: dict[str, Json] = Field(default={}, description="What else conditions in grants may ask of its holder.")
    expires: str = Field(default="90d", description="How long it is valid: `90d`, `12h`, `never`.")
    label: str = Field(default="", description="What it is for, in lists.")


class Rotating(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap: str = Field(default="24h", description="How long the old key is still valid: `24h`, `7d`, `0s`.")


@router.get("", summary="The keys, with those that ended lately", responses=responses(*_UNREACHED))
async def list_keys(steering: Steered) -> list[KeyView]:
    return [KeyView.of(one) for one in await _keys(steering).listed()]


@router.post("", summary="Make a key", status_code=HTTPStatus.CREATED, responses=responses(*_CHANGES))
async def create_key(steering: Steered, making: Making, response: Response) -> MadeKeyView:
    keys = _keys(steering)
    with _fitting("expires"):
        lasts = parse_lifetime(making.expires)
    return _handed(response, *await keys.create(_owner(making), lasts))


@router.post(
    "/{id}/rotation",
    summary="Make a key for the same owner, valid beside the old one for a while",
    status_code=HTTPStatus.CREATED,
    responses=responses(*_CHANGES, HTTPStatus.CONFLICT),
)
async def rotate_key(steering: Steered, id: Id, response: Response, rotating: Rotating | None = None) -> MadeKeyView:
    keys = _keys(steering)
    with _fitting("overlap"):
        overlap = parse_days((rotating or Rotating()).overlap)
    with _known():
        return _handed(response, *await keys.rotate(id, overlap))


@router.delete("/{id}", summary="Revoke a key", responses=responses(HTTPStatus.FORBIDDEN, *_UNREACHED))
async def revoke_key(steering: Steered, id: Id) -> KeyView:
    """Within two seconds on every replica."""
    keys = _keys(steering)
    with _known():
        return KeyView.of(await keys.revoke(id))


def _keys(steering: Steering) -> KeyRing:
    keys = steering.holder.current.keys
    if keys is None:
        raise Problematic(
            HTTPStatus.NOT_FOUND, "no_api_keys", "API keys are not configured: set identity.api_keys.pepper"
        )
    return keys


def _owner(making: Making) -> KeyOwner:
    """Raises Problematic."""
    scopes = None if making.scopes is None else frozenset(making.scopes)
    kind = PrincipalKind(making.kind.value)
    try:
        return KeyOwner(
            making.subject, kind, making.tenant, frozenset(making.groups), scopes, making.claims, making.label
        )
    except ValueError as error:
        name, _, message = str(error).partition(": ")
        raise _wrong(name, message) from error


def _handed(response: Response, record: KeyRecord, handle: Handle) -> MadeKeyView:
    """Whatever lies between is not to keep it (RFC 9111 section 5.2.2.5)."""
    response.headers["cache-control"] = "no-store"
    return MadeKeyView.of(record, key=handle.reveal())


@contextmanager
def _fitting(name: str) -> Iterator[None]:
    try:
        yield
    except Unfit as error:
        raise _wrong(name, error.what, error.advice) from error


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except NoSuchKey as error:
        raise Problematic(HTTPStatus.NOT_FOUND, "no_such_key", str(error)) from error
    except KeyEnded as error:
        raise Problematic(HTTPStatus.CONFLICT, "key_ended", f"nothing was changed: {error}") from error


def _wrong(name: str, message: str, advice: str = "") -> Problematic:
    place = Place(source="request", line=0, column=0, path=f"body.{name}", message=message, advice=advice)
    told = f"{message}; {advice}" if advice else message
    detail = f"the request is wrong: body.{name}: {told}"
    return Problematic(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, errors=(place,))
