"""The Accept header: which of the promised media types is asked for first."""

from collections.abc import Iterable

from bridge.model.media import essence, is_json, valid


def accept(media_types: Iterable[str]) -> bytes:
    """JSON before anything else that the document promises, and anything at all rather than an error."""
    promised = [one.strip() for one in media_types if valid(one) and essence(one) != "*/*"]
    json = [one for one in promised if is_json(one)]
    rest = [f"{one};q=0.9" if json else one for one in promised if one not in json]
    if not promised:
        json = ["application/json"]
    return ", ".join(dict.fromkeys([*json, *rest, "*/*;q=0.1"])).encode("ascii")
