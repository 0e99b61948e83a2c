"""Content blocks as JSON, as far as a revision knows them; what it does not know becomes something that it does.

Blocks that an upstream wrote itself are spliced as they are wherever nothing has to be taken out of them.
"""

from collections.abc import Mapping

import orjson

from bridge.ingress.mcp.eras import Revision
from bridge.model import Block, Json, Link, Media, Text, Verbatim

# The revisions' names are dates: they sort. Every one of them has text, images and embedded resources.
_AUDIO, _LINKS, _ALL = "2025-03-26", "2025-06-18", "2025-11-25"
_MEMBERS: Mapping[str, str] = {"_meta": "2025-06-18", "lastModified": "2025-06-18", "icons": "2025-11-25"}
"""Members of blocks, of their annotations and of the resources in them that not every revision has, and since when."""


def block_pieces(block: Block, at: int, revision: Revision) -> tuple[bytes, ...]:
    """`at` is the block's place in the answer."""
    if isinstance(block, Text):
        return b'{"type":"text","text":', orjson.dumps(block.text), b"}"
    if isinstance(block, Media):
        return _media(block, at, revision)
    if isinstance(block, Link):
        return _link(block, revision)
    return _verbatim(block, at, revision)


def _media(block: Media, at: int, revision: Revision) -> tuple[bytes, ...]:
    data, media_type = orjson.dumps(block.data), orjson.dumps(block.media_type)
    if block.kind == "image" or (block.kind == "audio" and revision.name >= _AUDIO):
        return b'{"type":"%s","mimeType":%s,"data":' % (block.kind.encode(), media_type), data, b"}"
    about = b'"uri":%s,"mimeType":%s' % (orjson.dumps(_uri(block, at)), media_type)
    return b'{"type":"resource","resource":{%s,"blob":' % about, data, b"}}"


def _uri(block: Media, at: int) -> str:
    """`uri` is required of an embedded resource; one without an address is told apart by its place in the answer."""
    return block.uri or f"about:blank#content-{at}"


def _link(block: Link, revision: Revision) -> tuple[bytes, ...]:
    members: dict[str, Json] = {"type": "resource_link", "uri": block.uri, "name": block.name}
    members |= {"mimeType": block.media_type} if block.media_type else {}
    members |= {"description": block.description} if block.description else {}
    members |= {"size": block.size} if block.size else {}
    if revision.name >= _LINKS:
        return (orjson.dumps(members),)
    return (orjson.dumps({"type": "text", "text": link_text(members)}),)


def link_text(link: Mapping[str, Json]) -> str:
    """A ResourceLink in words, for whoever has no such thing: `resources/read` takes the address all the same."""
    size = f"{link['size']} bytes" if "size" in link else ""
    about = ", ".join(str(one) for one in (link.get("mimeType"), size) if one)
    named = f"{link.get('title') or link['name']} ({about})" if about else f"{link.get('title') or link['name']}"
    more = f"\n{link['description']}" if link.get("description") else ""
    return f"{named}: {link['uri']}{more}"


def _verbatim(block: Verbatim, at: int, revision: Revision) -> tuple[bytes, ...]:
    if revision.name >= _ALL:
        return (block.json,)
    value = _known(orjson.loads(block.json), revision.name)
    if block.kind == "resource_link" and revision.name < _LINKS:
        kept = {name: value[name] for name in ("annotations",) if name in value}
        return (orjson.dumps({"type": "text", "text": link_text(value), **kept}),)
    if block.kind == "audio" and revision.name < _AUDIO:
        return _media(Media("audio", value["data"], value["mimeType"]), at, revision)
    return (orjson.dumps(value),)


def _known(members: Mapping[str, Json], revision: str) -> dict[str, Json]:
    kept = {name: value for name, value in members.items() if _MEMBERS.get(name, "") <= revision}
    nested = {
        name: _known(kept[name], revision) for name in ("annotations", "resource") if isinstance(kept.get(name), dict)
    }
    return kept | nested
