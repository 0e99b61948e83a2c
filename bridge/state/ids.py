"""Ids of events, `milliseconds-sequence` as Redis writes them: both log backends read and order them alike."""

import re

_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")

EventId = tuple[int, int]


def parse_id(text: str) -> EventId:
    """Raises ValueError: what a client sends back as the last event that it saw may be anything."""
    match = _ID.fullmatch(text)
    if match is None:
        raise ValueError("not the id of an event")
    return int(match[1]), int(match[2])


def write_id(id: EventId) -> str:
    return f"{id[0]}-{id[1]}"
