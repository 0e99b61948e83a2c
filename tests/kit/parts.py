"""Multipart bodies read back by the standard library's parser."""

from email.message import Message
from email.parser import BytesParser


def parts(content: bytes, media_type: str) -> list[tuple[str, bytes]]:
    """Name and content of each part; `media_type` is the whole Content-Type with its boundary."""
    message = BytesParser().parsebytes(f"Content-Type: {media_type}\r\n\r\n".encode() + content)
    found = message.get_payload() if message.is_multipart() else []
    return [_read(part) for part in found if isinstance(part, Message)]


def _read(part: Message) -> tuple[str, bytes]:
    content = part.get_payload(decode=True)
    return str(part.get_param("name", header="content-disposition")), content if isinstance(content, bytes) else b""
