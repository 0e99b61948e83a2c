"""What an agent should know about an answer beside its content: status, where to go on, when to come back."""

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from bridge.egress.decode.answer import Answer
from bridge.egress.decode.filename import file_name
from bridge.model import Link, Result, Text
from bridge.model.media import is_json

# RFC 8288 section 3. Nothing gives back what it took, and a field that is longer than any reader wants is not read.
_LINK = re.compile(r"<([^<>]*+)>((?:\s*+;[^,;\"]*+(?:\"[^\"]*+\")?+)*+)")
_REL = re.compile(r";\s*+rel\s*+=\s*+(?:\"([^\"]*+)\"|([^\s\",;]++))", re.IGNORECASE)
_LONGEST_LINK = 4096

# Fields that common APIs page with beside RFC 8288's Link.
_PAGING = frozenset({b"x-next-page", b"x-next-cursor", b"x-next-token", b"x-ms-continuation"})

_METADATA = (b"content-type", b"content-length", b"last-modified", b"etag")


def status_line(status: int, prefix: str = "") -> str:
    """RFC 9110's phrase, not the upstream's: HTTP/2 has none."""
    try:
        return f"{prefix}{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{prefix}{status}"


def cut_note(answer: Answer) -> tuple[Text, ...]:
    if not answer.cut:
        return ()
    return (Text(f"[cut: the answer was larger than the {len(answer.body)} bytes that were read; ask for less]"),)


def retry_note(answer: Answer) -> tuple[Text, ...]:
    """RFC 9110 section 10.2.3: Retry-After = HTTP-date / delay-seconds."""
    after = answer.header(b"retry-after")
    if not after:
        return ()
    return (Text(f"retry after: {after} s" if after.isdigit() else f"retry after: {after}"),)


def head_notes(answer: Answer) -> tuple[Text, ...]:
    """An agent that asks with HEAD wants what a GET would say about the content."""
    return tuple(Text(f"{name.decode()}: {value}") for name in _METADATA if (value := answer.header(name)))


def file_note(answer: Answer, result: Result) -> tuple[Text, ...]:
    """What a download calls itself, unless a link says so already. JSON is none: APIs give it a file name so that no
    browser takes it for something else."""
    disposition = answer.fields.get(b"content-disposition")
    if disposition is None or is_json(answer.media_type) or isinstance(result.blocks[0], Link):
        return ()
    name = file_name(disposition)
    return (Text(f"file name: {name}"),) if name else ()


def onward_notes(answer: Answer) -> tuple[Text, ...]:
    notes = [f"next: {_relative(target)}" for target in _next_links(answer)]
    notes += [f"{name.decode()}: {answer.header(name)}" for name in answer.fields if name in _PAGING]
    if answer.status in (201, 202) and (location := answer.header(b"location")):
        notes.append(f"location: {_relative(location)}")
    return tuple(Text(note) for note in notes)


def _next_links(answer: Answer) -> list[str]:
    links = answer.header(b"link")
    if len(links) > _LONGEST_LINK:
        return []
    return [target for target, params in _LINK.findall(links) if "next" in _relations(params)][:1]


def _relations(params: str) -> list[str]:
    """Section 3.3: “The rel parameter MUST NOT appear more than once [...]; occurrences after the first MUST be
    ignored by parsers.”"""
    found = _REL.search(params)
    return (found[1] or found[2] or "").lower().split() if found else []


def _relative(url: str) -> str:
    """Without scheme and host: an agent pages by arguments, and the upstream's address is none of its business."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.netloc:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
