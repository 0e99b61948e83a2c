"""Calls that wait for a person: who asks for what, and the decision, which is made once."""

import time
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bridge.control.credential import operator_of
from bridge.control.problems import Problematic, responses
from bridge.control.steering import Steered
from bridge.model import StateUnavailable
from bridge.pipeline.cases import Case, Decided, Decision, case_of, cases, decide
from bridge.pipeline.shown import MOST_TARGET, excerpt
from bridge.pipeline.visible import cut
from bridge.state.base import Store

router = APIRouter(prefix="/admin/approvals", tags=["approvals"])

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Status(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    EXPIRED = "expired"


class Verdict(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


class ArgumentView(BaseModel):
    name: str = Field(description="The path to it: `order.items[0].qty`.")
    value: str = Field(description="As JSON, with what cannot be seen written out.")


class DecisionView(BaseModel):
    decision: Verdict
    by: str = Field(description="As whoever decided said it.")
    token: str = Field(description="The name of the token that was used; `loopback` where there are none.")
    reason: str
    at: float = Field(description="Unix time.")


class ApprovalView(BaseModel):
    """A call that waits, or waited, for a decision. Times are Unix times."""

    id: str
    status: Status
    principal: str = Field(description="Who wants to make the call.")
    door: str
    api: str
    operation: str
    tool: str
    method: str
    path: str = Field(description="With the arguments filled in.")
    arguments: list[ArgumentView]
    whole: bool = Field(description="Whether all is shown. In lists what is long is cut; read it by its id.")
    created: float
    expires: float
    decision: DecisionView | None = None
    used: float | None = Field(default=None, description="When the call was made.")

    @classmethod
    def of(cls, case: Case, *, listed: bool = False) -> Self:
        one, decided = case.approval, case.decision
        path, arguments = (cut(one.path, MOST_TARGET), excerpt(one.arguments)) if listed else (one.path, one.arguments)
        return cls(
            id=one.id,
            status=Status(case.status),
            principal=one.principal,
            door=one.door,
            api=one.api,
            operation=one.operation,
            tool=one.tool,
            method=one.method,
            path=path,
            arguments=[ArgumentView(name=name, value=value) for name, value in arguments],
            whole=(path, arguments) == (one.path, one.arguments),
            created=one.created,
            expires=one.expires,
            decision=DecisionView(
                decision=Verdict(decided.verdict),
                by=decided.by,
                token=decided.token,
                reason=decided.reason,
                at=decided.at,
            )
            if decided is not None
            else None,
            used=case.used,
        )


class Deciding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Verdict
    by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        description="Who decides; kept in the record."
    )
    reason: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Why; whoever made the call is told of a denial's."
    )


@router.get(
    "", summary="Calls that wait, and those decided lately", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE)
)
async def list_approvals(
    steering: Steered,
    status: Annotated[Status | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most, the latest first.")] = 100,
) -> list[ApprovalView]:
    found = [one for one in await cases(_store(steering)) if status is None or one.status == status]
    return [ApprovalView.of(one, listed=True) for one in found[:limit]]


@router.get("/{id}", summary="One of them", responses=responses(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE))
async def read_approval(steering: Steered, id: Id) -> ApprovalView:
    return ApprovalView.of(await _found(_store(steering), id))


@router.post(
    "/{id}",
    summary="Approve it, or deny it",
    responses=responses(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def decide_approval(request: Request, steering: Steered, id: Id, deciding: Deciding) -> ApprovalView:
    store = _store(steering)
    case = await _found(store, id)
    token = operator_of(request.scope)
    decision = Decision(deciding.decision.value, deciding.by, deciding.reason, time.time(), token)
    try:
        await decide(store, case.approval, decision, steering.holder.current.approvals.ttl)
    except Decided as error:
        raise Problematic(HTTPStatus.CONFLICT, "decided", f"nothing was changed: {error}") from error
    return ApprovalView.of(await _found(store, id))


def _store(steering: Steered) -> Store:
    shared = steering.holder.current.shared
    if shared is None:
        raise StateUnavailable("nothing is kept here, so no call can wait")
    return shared.store


async def _found(store: Store, id: str) -> Case:
    case = await case_of(store, id)
    if case is None:
        raise Problematic(HTTPStatus.NOT_FOUND, "not_found", "there is no approval of that id, or not any more")
    return case
