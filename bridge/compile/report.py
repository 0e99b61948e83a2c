"""What became of an attempt to reload, in words for logs, the admin API and whoever asked for it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.config import Problem
from bridge.model import Diff, Finding

_log = logging.getLogger(__name__)
_MOST_NAMED = 20
NO_DIFF = Diff()


class Result(StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    """What was read is what is served already."""
    PROPOSED = "proposed"
    """A dry run: what it would change is known, and nothing was changed."""
    REFUSED = "refused"
    """The registration that was asked for cannot be made."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """`version` is that of the runtime that serves afterwards, `started` in seconds since 1970.

    `restart` names keys whose new values wait for a restart; `problems` are empty unless it failed or was refused.
    """

    reason: str
    result: Result
    started: float
    seconds: float
    version: int
    diff: Diff = NO_DIFF
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    restart: tuple[str, ...] = ()


def log(report: Report) -> None:
    if report.restart:
        _log.warning("changed, but needs a restart: %s", ", ".join(report.restart))
    match report.result:
        case Result.APPLIED:
            _log.info("%s: version %d serves after %.1f s: %s", report.reason, report.version, report.seconds,
                      told(report.diff))  # fmt: skip
            for line in breaking(report.diff):
                _log.warning("breaking change: %s", line)
        case Result.FAILED:
            for problem in report.problems:
                _log.error("%s: nothing was changed: %s", report.reason, problem)
        case Result.UNCHANGED | Result.PROPOSED | Result.REFUSED:
            _log.info("%s: %s", report.reason, report.result)


def told(diff: Diff) -> str:
    counts = (("added", diff.added), ("removed", diff.removed), ("changed", {change.tool for change in diff.changed}))
    return ", ".join(f"{len(names)} {what}" for what, names in counts if names) or "the same tools"


def breaking(diff: Diff) -> Sequence[str]:
    """One line for each tool that is not there any more, or takes less than before."""
    lines = [f"{name} was removed" for name in diff.removed]
    lines += [f"{change.tool}: {change.what}" for change in diff.changed if change.breaking]
    more = len(lines) - _MOST_NAMED
    return lines if more <= 0 else [*lines[:_MOST_NAMED], f"and {more} more"]
