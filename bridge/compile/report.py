"""What became of an attempt to reload, in words for logs, the admin API and whoever asked for it."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.config import Problem
from bridge.model import Diff, Finding, Severity

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
            for one in [one for one in report.findings if one.severity is Severity.ERROR][:_MOST_NAMED]:
                _log.error("%s: %s: %s; %s", one.id, one.api or "configuration", one.message, one.advice)
        case Result.FAILED:
            for problem in report.problems:
                _log.error("%s: nothing was changed: %s", report.reason, problem)
        case Result.UNCHANGED | Result.PROPOSED | Result.REFUSED:
            _log.info("%s: %s", report.reason, report.result)


def told(diff: Diff) -> str:
    """`tools: 1 added, 2 changed; prompts: 1 removed`."""
    kinds = (
        ("tools", diff.added, diff.removed, {change.tool for change in diff.changed}),
        *(
            (kind, one.added, one.removed, {change.name for change in one.changed})
            for kind, one in (("resources", diff.resources), ("prompts", diff.prompts))
        ),
    )
    parts = [f"{kind}: {_counted(*names)}" for kind, *names in kinds if any(names)]
    return "; ".join(parts) or "agents are offered the same"


def _counted(added: Collection[str], removed: Collection[str], changed: Collection[str]) -> str:
    counts = ((added, "added"), (removed, "removed"), (changed, "changed"))
    return ", ".join(f"{len(names)} {what}" for names, what in counts if names)


def breaking(diff: Diff) -> Sequence[str]:
    """One line for each thing that is not there any more, or takes less than before."""
    lines = [f"{name} was removed" for name in diff.removed]
    lines += [f"{change.tool}: {change.what}" for change in diff.changed if change.breaking]
    for kind, one in (("resource", diff.resources), ("prompt", diff.prompts)):
        lines += [f"the {kind} {name} was removed" for name in one.removed]
        lines += [f"the {kind} {change.name}: {change.what}" for change in one.changed if change.breaking]
    more = len(lines) - _MOST_NAMED
    return lines if more <= 0 else [*lines[:_MOST_NAMED], f"and {more} more"]
