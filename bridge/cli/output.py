"""How every command speaks: results on stdout, the rest on stderr."""

import sys
from collections.abc import Sequence
from enum import StrEnum

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bridge.model import Finding, Json, Severity

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
MOST_SHOWN = 50


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


WIDE = 1_000
"""Columns where nobody looks: a table in a pipe or a file has one line per row."""


def out() -> Console:
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def err() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Json) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def complain(*messages: str) -> None:
    console = err()
    for message in messages:
        console.print(f"[red]error:[/red] {escape(message)}")


def print_findings(console: Console, findings: Sequence[Finding], *, least: Severity = Severity.INFO) -> None:
    """The gravest first; those that are too many are counted."""
    order = list(Severity)
    shown = sorted(
        (finding for finding in findings if order.index(finding.severity) <= order.index(least)),
        key=lambda finding: order.index(finding.severity),
    )
    for finding in shown[:MOST_SHOWN]:
        place = f"{finding.source}:{finding.line}" if finding.line else finding.source or finding.api
        told = f"[{_STYLES[finding.severity]}]{finding.severity.value}[/]"
        console.print(f"{told} {escape(place)} {escape(finding.where)}\n  {escape(_told(finding))}")
    if len(shown) > MOST_SHOWN:
        console.print(f"… and {len(shown) - MOST_SHOWN} more; -o json lists all")


def _told(finding: Finding) -> str:
    lost = f" Lost: {finding.lost}." if finding.lost else ""
    advice = f" Mend: {finding.advice}." if finding.advice else ""
    return f"{finding.id}: {finding.message}.{lost}{advice}"


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def finding_json(finding: Finding) -> Json:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "api": finding.api,
        "source": finding.source,
        "where": finding.where,
        "line": finding.line,
        "message": finding.message,
        "lost": finding.lost,
        "advice": finding.advice,
    }


def counted(findings: Sequence[Finding]) -> str:
    """`2 errors, 5 warnings, 1 info`, or `no findings`."""
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
    told = [
        f"{count} {words[severity]}{'s' if count > 1 and severity is not Severity.INFO else ''}"
        for severity, count in counts.items()
        if count
    ]
    return ", ".join(told) or "no findings"
