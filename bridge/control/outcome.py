"""An attempt to change what is served, as an answer: its report where it worked, a problem where it did not."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from bridge.compile import Report, Result
from bridge.compile.reload import Busy
from bridge.control.problems import Problematic
from bridge.control.views import ReportView, place

_STATUS = {
    Result.REFUSED: (HTTPStatus.UNPROCESSABLE_ENTITY, "registration_refused"),
    Result.FAILED: (HTTPStatus.SERVICE_UNAVAILABLE, "reload_failed"),
}


@contextmanager
def changing() -> Iterator[None]:
    try:
        yield
    except Busy as error:
        raise Problematic(
            HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many changes wait for their turn", headers={"retry-after": "5"}
        ) from error


def answered(report: Report) -> ReportView:
    if report.result not in _STATUS:
        return ReportView.of(report)
    status, code = _STATUS[report.result]
    detail = f"nothing was changed: {'; '.join(map(str, report.problems))}"
    raise Problematic(status, code, detail[:4000], errors=tuple(map(place, report.problems)))
