"""The parts of a multipart body, as RFC 7578 and RFC 2046 section 5.1 frame them."""

import re
from typing import NamedTuple

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:(.*)$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^content-type:(.*)$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb';\s*name=(?:"([^"]*)"|([^\s";]+))', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)
_MOST_PARTS = 1000
_LONGEST_HEAD = 16_384


class Part(NamedTuple):
    """`is_file`: it names a file, or holds bytes that are no text."""

    text: str
    media_type: str
    is_file: bool
    content: bytes = b""


def parts_of(body: bytes, content_type: str) -> dict[str, list[Part]]:
    """By name. Raises ValueError, whose message reads on after the body's name."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise ValueError("is multipart, but its content-type names no boundary of 1 to 70 characters")
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    # RFC 2046: what stands before the first delimiter and after the last is to be ignored.
    pieces = (b"\r\n" + body).split(delimiter, _MOST_PARTS + 1)[1:]
    if len(pieces) > _MOST_PARTS:
        raise ValueError(f"has more than {_MOST_PARTS} parts; send fewer")
    if not any(piece.startswith(b"--") for piece in pieces):
        raise ValueError("is cut off: the boundary that its content-type names does not close it")
    found: dict[str, list[Part]] = {}
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        name, part = _part(piece)
        found.setdefault(name, []).append(part)
    return found


def _part(piece: bytes) -> tuple[str, Part]:
    end = piece.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
    head, content = piece[:end], piece[end + 4 :]
    disposition = _DISPOSITION.search(head) if end >= 0 else None
    name = _NAME.search(disposition[1]) if disposition else None
    if disposition is None or name is None:
        # RFC 7578 section 4.2: “Each part MUST contain a Content-Disposition header field”, with a name.
        raise ValueError("has a part without a name; give each a content-disposition: form-data; name=…")
    declared = _TYPE.search(head)
    is_file = _FILE.search(disposition[1]) is not None
    try:
        text = "" if is_file else content.decode()
    except UnicodeDecodeError:
        text, is_file = "", True
    media_type = declared[1].decode("latin-1").strip() if declared else ""
    return _unescaped(name[1] if name[1] is not None else name[2]), Part(text, media_type, is_file, content)


def _unescaped(name: bytes) -> str:
    """HTML's multipart/form-data encoding replaces three characters in names, and nothing else."""
    return name.decode("utf-8", "replace").replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
