"""Objects as name-value pairs: url-encoded bodies, the text parts of multipart bodies, and whole query strings.

A property without an Encoding Object that asks for a style is written by its value: an array repeats the name, an
object becomes JSON text, anything else is text.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge.egress.encode.style import Pairs, pairs
from bridge.egress.encode.text import Quote, Unfit, form, item, json_text, kind, raw, reserved
from bridge.model import Field, Json
from bridge.model.media import is_json

_ANY = frozenset({list, dict})
# What reserved expansion may leave as it is in a form: `&`, `=` and `+` are the form's own.
_form_reserved = reserved("!$'()*,;:@/?")
_finished = reserved("!$&'()*+,;=:@/?")


def form_text(value: Json, known: Mapping[str, Pairs] = MappingProxyType({})) -> str:
    """A whole form; `known` are the writers of the properties that the document describes.

    Text is taken to be a form already, of which only what can stand in no form is encoded.
    """
    if type(value) is str:
        return _finished(value)
    if type(value) is not dict:
        raise Unfit(f"must be an object, not {kind(value)}")
    return "&".join(
        [
            f"{key}={text}"
            for name, member in value.items()
            if member is not None
            for key, text in (known.get(name) or form_pairs(name, None))(member)
        ]
    )


def form_pairs(name: str, field: Field | None) -> Pairs:
    """How a property of a url-encoded body is written, percent-encoded."""
    if field is not None and field.style is not None:
        return _styled(name, field, _form_reserved if field.allow_reserved else form, form)
    return _unstyled(name, field)


def styled_parts(name: str, field: Field) -> Pairs:
    """How a property with a style is written in a multipart body, where nothing is percent-encoded."""
    return _styled(name, field, raw, raw)


def _styled(name: str, field: Field, write: Quote, key: Quote) -> Pairs:
    if field.style is None:
        raise ValueError(f"{name!r} has no style")
    return pairs(name, field.style, write, key, _ANY, explode=field.explode)


def _unstyled(name: str, field: Field | None) -> Pairs:
    key, text = form(name), member_text(field)
    repeats = field is None or field.item is not None or field.media_type is None
    each = member_text(field.item) if field is not None and field.item is not None else text

    def write(value: Json) -> list[tuple[str, str]]:
        if repeats and type(value) is list:
            return [(key, form(each(member))) for member in value if member is not None]
        return [(key, form(text(value)))]

    return write


def member_text(field: Field | None) -> Callable[[Json], str]:
    """OpenAPI 3.1 section 4.8.15: a string whose content type is JSON is written with its quotation marks."""
    if field is not None and field.media_type is not None and is_json(field.media_type):
        return json_text
    return item
