"""An upstream's answer becomes what an agent gets: `compile_decoder` once per operation, its closure once per call.

JSON is never written again: the upstream's bytes are checked and spliced, so numbers keep their digits and members
their order. And nothing raises: an answer that breaks its own promise is still shown, with a note that says so.
"""

from bridge.egress.decode.answer import Answer, Limits, fields_of
from bridge.egress.decode.content import read_blocks
from bridge.egress.decode.kinds import read_content
from bridge.egress.decode.notes import cut_note, file_note, head_notes, onward_notes, retry_note, status_line
from bridge.egress.decode.promised import promised
from bridge.egress.decode.sequence import SEQUENCES
from bridge.egress.decode.text import clipped, is_binary, text_of
from bridge.model import Decode, Headers, Operation, Result, Text, Tool
from bridge.model.media import MCP_CONTENT, essence

__all__ = ["Limits", "compile_decoder"]

_DEFAULTS = Limits()

# RFC 9110 sections 9.3.2, 15.3.5, 15.3.6 and 15.4.5: answers that have no content, whatever their fields say.
_WITHOUT_CONTENT = frozenset({204, 205, 304})


def compile_decoder(operation: Operation, tool: Tool | None, limits: Limits = _DEFAULTS) -> Decode:
    head = operation.method.upper() == "HEAD"
    promise = promised(operation, tool)

    def decode(status: int, headers: Headers, body: bytes, truncated: bool) -> Result:  # noqa: FBT001
        fields = fields_of(headers)
        content_type = fields.get(b"content-type", b"").partition(b",")[0].decode("latin-1")
        answer = Answer(status, fields, content_type, essence(content_type), body, truncated, promise, limits)
        if status >= 400:
            return _failure(answer)
        if 300 <= status < 400 and status != 304:
            return _redirect(answer)
        if head or not body or status in _WITHOUT_CONTENT:
            return _empty(answer, head_notes(answer) if head else ())
        return _success(answer)

    return decode


def _success(answer: Answer) -> Result:
    result = read_content(answer)
    notes = (*cut_note(answer), *file_note(answer, result), *onward_notes(answer))
    if not notes:
        return result
    return Result((*result.blocks, *notes), result.structured, result.error, result.broken)


def _empty(answer: Answer, notes: tuple[Text, ...]) -> Result:
    """A stream that ended before its first item is an empty list, and says so where a list is looked for."""
    structured = answer.promise.placeholder
    if answer.media_type in SEQUENCES and answer.status not in _WITHOUT_CONTENT and not notes:
        structured = b'{"result":[]}' if answer.promise.wrapped else b'{"items":[]}'
    return Result((Text(status_line(answer.status)), *notes, *onward_notes(answer)), structured)


def _failure(answer: Answer) -> Result:
    text = status_line(answer.status, prefix="HTTP ")
    if answer.media_type == MCP_CONTENT and (own := read_blocks(answer)) is not None and not own.broken:
        return Result((Text(text), *own.blocks, *retry_note(answer)), error=True)
    if answer.body:
        text += "\n" + _shown(answer)
    return Result((Text(text), *retry_note(answer), *cut_note(answer)), error=True)


def _shown(answer: Answer) -> str:
    if is_binary(answer):
        return f"({answer.media_type or 'binary'}, {len(answer.body)} bytes, not shown)"
    return clipped(text_of(answer), answer.limits.error)


def _redirect(answer: Answer) -> Result:
    """Redirects are not followed, so a call that met one did not reach what it wanted."""
    location = answer.header(b"location")
    text = status_line(answer.status, prefix="HTTP ")
    text += f": a redirect to {location}, which was not followed" if location else ": a redirect without a Location"
    if answer.body and not is_binary(answer):
        text += "\n" + _shown(answer)
    return Result((Text(text), *retry_note(answer)), error=True)
