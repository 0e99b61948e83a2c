"""Logs are data: one line per finished call with fixed keys, as JSON or as text for a person at a terminal.

What a caller or a document wrote appears only as a JSON string or with its controls escaped, so that nobody can forge a
line or speak to a terminal.
"""

import json
import logging
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TextIO

import orjson

from bridge.model import Json, Record

_log = logging.getLogger("dualbridge.call")
_admin = logging.getLogger("dualbridge.admin")


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody asked of the admin API. `who` is the name of a token, `loopback` for somebody on this machine,
    empty for a stranger; `query` has names alone; `unlogged` counts refused requests before it that got no line."""

    id: str
    who: str
    peer: str
    method: str
    path: str
    query: tuple[str, ...]
    status: int
    seconds: float
    unlogged: int = 0


def set_up(level: str, *, as_json: bool, stream: TextIO = sys.stderr) -> None:
    """Everything goes to `stream`; the servers' own loggers only from warnings on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if as_json else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("uvicorn", "httpx", "httpcore", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def log_call(record: Record) -> None:
    """An account: one line per call, at warning level where the gateway or the upstream failed."""
    level = logging.WARNING if record.status >= 500 else logging.INFO
    if _log.isEnabledFor(level):
        line = asdict(record)
        # What validation reports quotes what the caller sent: a log keeps the places, not the values.
        line["reported"] = [told.partition(": ")[0] for told in record.reported]
        _log.log(level, "call", extra={"call": line})


def log_change(change: Change) -> None:
    """One line each; what was refused, or failed, is a warning."""
    _admin.log(logging.WARNING if change.status >= 400 else logging.INFO, "change", extra={"change": asdict(change)})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "call", {}) | getattr(record, "change", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _json_text(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        call, change = getattr(record, "call", None), getattr(record, "change", None)
        message = _call_text(call) if call else _change_text(change) if change else record.getMessage()
        lines = [f"{time} {record.levelname.lower():7} {_printable(message)}"]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return "\n".join(lines)


def _json_text(line: dict[str, Json]) -> str:
    """JSON lets some controls and line ends stand as they are (RFC 8259 section 7); here they are escaped too."""
    try:
        text = orjson.dumps(line, default=repr).decode()
    except TypeError:  # half a surrogate pair, which UTF-8 does not have
        return json.dumps(line, default=repr)
    return text if text.isprintable() else json.dumps(line, default=repr)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _call_text(call: dict[str, object]) -> str:
    what = call["operation"] or f"{call['method']} (not described)"
    verdict = "" if call["verdict"] == "allowed" else f" {call['verdict']}"
    gone = " client gone" if call["gone"] else ""
    took = float(str(call["duration"])) * 1000
    sent = f"{took:.1f} ms {call['response_bytes']} B"
    cause = f": {call['cause']} (call {call['id']})" if call["cause"] else ""
    return f"{call['door']:4} {call['status']} {what} {call['api']} {sent}{verdict}{gone}{cause}"


def _change_text(change: dict[str, Json]) -> str:
    query = f"?{'&'.join(change['query'])}" if change["query"] else ""
    more = f" ({change['unlogged']} more were refused)" if change["unlogged"] else ""
    took = float(change["seconds"]) * 1000
    who = f"by {change['who'] or 'nobody known'} from {change['peer']}"
    return f"admin {change['status']} {change['method']} {change['path']}{query} {who} {took:.1f} ms{more}"
