"""`x-mcp` on an operation, and the same keys from the configuration, which win."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from difflib import get_close_matches

from bridge.importer.asking import forms
from bridge.importer.options import Override
from bridge.importer.reading import Reading, object_of, text_of
from bridge.importer.refs import At
from bridge.model import AskFor, Json

_EXPOSE = frozenset({"tool", "resource", "none"})
_GUARDS: dict[str, Callable[[Json], bool]] = {
    "expose": lambda value: isinstance(value, str) and value in _EXPOSE,
    "confirm": lambda value: isinstance(value, bool),
}
"""What keeps agents from an operation, or a person between, and which values that takes."""
_TEXTS = ("name", "title", "description", "uri")
_HINTS = {"readOnly": "read_only", "destructive": "destructive", "idempotent": "idempotent", "openWorld": "open_world"}
_KNOWN = frozenset({"expose", *_TEXTS, "confirm", "ask", "annotations", "timeout"})
_ROLES = frozenset({"user", "assistant"})
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m)?", re.ASCII)


def override_of(reading: Reading, at: At, key: str) -> Override:
    """`key` is `METHOD /path` as the document writes it."""
    own = at.value.get("x-mcp")
    read = _read(reading, at.child("x-mcp")) if own is not None else Override()
    for name in (text_of(at.value, "operationId"), key):
        configured = reading.options.overrides.get(name) if name else None
        if configured is not None:
            given = {one.name: getattr(configured, one.name) for one in fields(configured)}
            read = replace(read, **{name: value for name, value in given.items() if value is not None})
    return read


def _read(reading: Reading, at: At) -> Override:
    value = at.value
    if not isinstance(value, dict):
        _guarding(reading, at, "x-mcp must be an object")
        return Override(expose="none", confirm=True)
    unclear = _unclear(reading, at)
    for unknown in sorted(value.keys() - _KNOWN):
        if _guard(unknown) is None:
            _wrong(reading, at, f"x-mcp does not know {unknown!r}")
    hints = object_of(value, "annotations")
    if not isinstance(value.get("annotations", hints), dict):
        _wrong(reading, at, "annotations must be an object")
    return Override(
        expose="none" if unclear else value.get("expose"),
        confirm=True if "confirm" in unclear else _confirmed(reading, at),
        ask=_asked(reading, at, value.get("ask")),
        audience=_audience(reading, at, hints.get("audience")),
        priority=_priority(reading, at, hints.get("priority")),
        timeout=_seconds(reading, at, value.get("timeout")),
        **{name: _typed(reading, at, value, name, str) for name in _TEXTS},
        **{field: _typed(reading, at, hints, key, bool) for key, field in _HINTS.items()},
    )


def _unclear(reading: Reading, at: At) -> set[str]:
    """The guards that are meant and cannot be read: what they were to protect is unknown, so nothing of it is offered.
    The configuration, which wins, may say what was meant."""
    found: dict[str, str] = {}
    for key, given in sorted(at.value.items()):
        guard = _guard(key)
        if guard is not None and key != guard:
            found[guard] = f"x-mcp does not know {key!r}; did you mean {guard!r}?"
        elif guard is not None and not _GUARDS[guard](given):
            found[guard] = f"{guard} cannot be {given!r}"
    for message in found.values():
        _guarding(reading, at, message)
    return set(found)


def _guarding(reading: Reading, at: At, message: str) -> None:
    reading.notes.error(
        "x-mcp", at, message, lost="this operation for agents", advice="expose is tool, resource or none, "
        "confirm is true or false; or say under apis.NAME.operations what was meant",
    )  # fmt: skip


def _confirmed(reading: Reading, at: At) -> bool | None:
    """A document, which others may have written, can ask for consent; only the configuration can do without it."""
    if at.value.get("confirm") is False:
        reading.notes.info(
            "x-mcp", at, "confirm: false says nothing here: a document cannot take back what a policy asks for",
            advice="apis.NAME.operations.<operation>.confirm: false in the configuration can",
        )  # fmt: skip
        return None
    return True if at.value.get("confirm") is True else None


def _guard(key: str) -> str | None:
    """Which of the guards a key is, or may be a misspelling of."""
    near = get_close_matches(key.lower(), _KNOWN, 1)
    return near[0] if near and near[0] in _GUARDS else None


def _typed(reading: Reading, at: At, value: dict[str, Json], key: str, kind: type) -> Json:
    found = value.get(key)
    if found is None or isinstance(found, kind):
        return found
    _wrong(reading, at, f"{key} cannot be {found!r}")
    return None


def _asked(reading: Reading, at: At, value: Json) -> tuple[AskFor, ...] | None:
    found = forms(value)
    if value is not None and found is None:
        _wrong(reading, at, "ask must be true, false or an object of forms, {KEY: {message, arguments: [...]}}")
    return found


def _audience(reading: Reading, at: At, value: Json) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, list) and all(isinstance(role, str) and role in _ROLES for role in value):
        return tuple(dict.fromkeys(value))
    _wrong(reading, at, f"audience cannot be {value!r}: it is a list of user and assistant")
    return None


def _priority(reading: Reading, at: At, value: Json) -> float | None:
    """MCP's Annotations: from 0, entirely optional, to 1, effectively required."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    _wrong(reading, at, f"priority cannot be {value!r}: it is a number from 0 to 1")
    return None


def _seconds(reading: Reading, at: At, value: Json) -> float | None:
    """A number of seconds, or a text such as `500ms`, `30s`, `2m`."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    written = _TIME.fullmatch(value) if isinstance(value, str) else None
    if written and float(written[1]) > 0:
        return float(written[1]) * _UNITS[written[2] or "s"]
    _wrong(reading, at, f"timeout cannot be {value!r}")
    return None


def _wrong(reading: Reading, at: At, message: str) -> None:
    advice = (
        "expose (tool, resource, none), name, title, description, uri, confirm, ask, annotations (readOnly, "
        "destructive, idempotent, openWorld, audience, priority), timeout (30s)"
    )
    reading.notes.warn("x-mcp", at, message, lost="this setting", advice=advice)
