"""Taking over what was changed, now rather than when it is noticed; and what became of the last attempts."""

from http import HTTPStatus

from fastapi import APIRouter

from bridge.control.outcome import answered, changing
from bridge.control.problems import responses
from bridge.control.steering import Steered
from bridge.control.views import ReloadsView, ReportView

router = APIRouter(prefix="/admin/reload", tags=["reload"])


@router.get("", summary="The last attempt, and the last one that succeeded")
async def read_reloads(steering: Steered) -> ReloadsView:
    last, success = steering.reloader.last, steering.reloader.success
    return ReloadsView(last=ReportView.of(last) if last else None, success=ReportView.of(success) if success else None)


@router.post(
    "",
    summary="Read the configuration and the documents anew",
    responses=responses(HTTPStatus.FORBIDDEN, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def reload(steering: Steered) -> ReportView:
    with changing():
        return answered(await steering.reloader.reload("asked for"))
