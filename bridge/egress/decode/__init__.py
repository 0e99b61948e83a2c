"""An upstream's answer becomes what an agent gets: `compile_decoder` once per operation, its closure once per call.

JSON is never written again: the upstream's bytes are checked and spliced, so numbers keep their digits and members
their order. And nothing raises: an answer that breaks its own promise is still shown, with a note that says so.
"""

from urllib.parse import quote

from bridge.egress.decode.answer import Answer, Limits, Promise, fields_of
from bridge.egress.decode.kinds import read_content
from bridge.egress.decode.notes import cut_note, head_notes, onward_notes, retry_note, status_line
from bridge.egress.decode.promised import keep_promise
from bridge.egress.decode.text import clipped, is_binary, text_of
from bridge.model import Decode, Headers, Operation, Result, Text, Tool
from bridge.model.media import essence

__all__ = ["Limits", "compile_decoder"]

_DEFAULTS = Limits()

# RFC 9110 sections 9.3.2, 15.3.5, 15.3.6 and 15.4.5: answers that have no content, whatever their fields say.
_WITHOUT_CONTENT = frozenset({204, 205, 304})


def compile_decoder(operation: Operation, tool: Tool | None, limits: Limits = _DEFAULTS) -> Decode:
    head = operation.method.upper() == "HEAD"
    uri = f"upstream:/{quote(operation.id, safe='')}"
    kept = keep_promise(tool)
    promise = Promise(tool is not None and tool.output_schema is not None, tool is not None and tool.wrapped, uri)

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
        return kept(_success(answer))

    return decode


def _success(answer: Answer) -> Result:
    result = read_content(answer)
    notes = (*cut_note(answer), *onward_notes(answer))
    if not notes:
        return result
    return Result((*result.blocks, *notes), result.structured)


def _empty(answer: Answer, notes: tuple[Text, ...]) -> Result:
    return Result((Text(status_line(answer.status)), *notes, *onward_notes(answer)), answer.promise.placeholder)


def _failure(answer: Answer) -> Result:
    text = status_line(answer.status, prefix="HTTP ")
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
