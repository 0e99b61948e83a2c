"""The Accept header: which of the promised media types is asked for first."""

from collections.abc import Iterable

from bridge.model.media import MCP_CONTENT, essence, is_json, valid

_WEIGHTS = ("", ";q=0.9", ";q=0.8")


def accept(media_types: Iterable[str]) -> bytes:
    """What is written for agents first, JSON before anything else, and anything at all rather than an error."""
    promised = [one.strip() for one in media_types if valid(one) and essence(one) != "*/*"] or ["application/json"]
    ranks = sorted({_rank(one) for one in promised})
    asked = [f"{one}{_WEIGHTS[at]}" for at, rank in enumerate(ranks) for one in promised if _rank(one) == rank]
    return ", ".join(dict.fromkeys([*asked, "*/*;q=0.1"])).encode("ascii")


def _rank(media_type: str) -> int:
    if essence(media_type) == MCP_CONTENT:
        return 0
    return 1 if is_json(media_type) else 2
