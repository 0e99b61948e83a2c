"""An answer's whole content, as text where it is text: what a resource holds."""

from bridge.egress.decode.answer import Answer, Limits, Promise, fields_of
from bridge.egress.decode.text import is_binary, text_of
from bridge.model import Headers
from bridge.model.media import essence

_LIMITS = Limits()
_PROMISE = Promise(
    fits=None, wrapped=False, listed=False, declared=frozenset(), uri="", name="", readable=False
)  # fmt: skip


def whole(headers: Headers, body: bytes) -> tuple[str, str | None]:
    """The media type ("" if unknown) and the text, None for what is no text."""
    fields = fields_of(headers)
    content_type = fields.get(b"content-type", b"").partition(b",")[0].decode("latin-1")
    media_type = essence(content_type)
    answer = Answer(200, fields, content_type, media_type, body, cut=False, promise=_PROMISE, limits=_LIMITS)
    if is_binary(answer):
        return media_type, None
    # Half a surrogate pair is no text that JSON could carry.
    return media_type, text_of(answer).encode("utf-8", "replace").decode()
