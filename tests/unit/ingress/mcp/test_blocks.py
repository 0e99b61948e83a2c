"""Content blocks in each revision: what it knows as it is, what it does not know as something that it does."""

import base64

import orjson
import pytest

from bridge.ingress.mcp.blocks import block_pieces
from bridge.ingress.mcp.eras import REVISIONS, Revision
from bridge.model import Block, Json, Link, Media, Text, Verbatim
from tests.kit import mcp_schema

DATA = base64.b64encode(b"\x00\xff" * 9).decode()
LINK = Link("api://orders/file?id=5", "a.bin", "application/zip", "too large", 12)
NOTES: Json = {"audience": ["user"], "priority": 1, "lastModified": "2026-01-01T00:00:00Z"}
META: Json = {"example.com/x": {"_meta": 1, "icons": 2}}
AUDIO: Json = {"type": "audio", "data": DATA, "mimeType": "audio/wav", "_meta": META}
TEXT: Json = {"type": "text", "text": "hi", "annotations": NOTES, "_meta": META, "vendor": [1]}
RESOURCE: Json = {"type": "resource", "resource": {"uri": "test://x", "text": "in", "_meta": META}}
WRITTEN_LINK: Json = {
    "type": "resource_link", "uri": "test://x", "name": "x", "title": "The X", "description": "d", "mimeType": "a/b",
    "size": 3, "icons": [{"src": "https://a.example/i.png"}], "annotations": NOTES, "_meta": META,
}  # fmt: skip
BLOCKS: tuple[Block, ...] = (
    Text('line\n"quoted" \u2028 \u00e9 \U0001f600'),
    Media("image", DATA, "image/png"),
    Media("audio", DATA, "audio/wav"),
    Media("blob", DATA, "application/pdf", uri="https://a.example/x.pdf"),
    LINK,
    *(Verbatim(one["type"], orjson.dumps(one)) for one in (TEXT, AUDIO, RESOURCE, WRITTEN_LINK)),
)
every = pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)


def rendered(block: Block, revision: Revision, at: int = 0) -> Json:
    made = orjson.loads(b"".join(block_pieces(block, at, revision)))
    if revision.name >= "2025-06-18":
        mcp_schema.holds(made, revision.name, "ContentBlock")
    else:
        mcp_schema.holds({"content": [made]}, revision.name, "CallToolResult")
    return made


def of(name: str) -> Revision:
    return REVISIONS[name]


def names(value: Json) -> set[str]:
    """Of all members, however deep, but for what stands in somebody's own `_meta`."""
    inner = [set[str](), *(names(one) for name, one in value.items() if isinstance(one, dict) and name != "_meta")]
    return set(value).union(*inner)


@every
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: getattr(block, "kind", type(block).__name__))
def test_every_block_fits_every_revision_and_has_no_member_that_it_does_not_know(
    block: Block, revision: Revision
) -> None:
    unknown = {"_meta": "2025-06-18", "lastModified": "2025-06-18", "title": "2025-06-18", "icons": "2025-11-25"}
    too_new = {name for name, since in unknown.items() if revision.name < since}
    assert not names(rendered(block, revision)) & too_new


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
def test_what_the_upstream_wrote_is_spliced_byte_for_byte_where_everything_is_known(revision: str) -> None:
    odd = b'{"type": "text",  "text":"x", "n": 1.0e2}'
    assert block_pieces(Verbatim("text", odd), 0, of(revision)) == (odd,)


def test_members_that_came_later_are_taken_out_and_those_of_others_kept() -> None:
    assert rendered(BLOCKS[5], of("2025-06-18")) == TEXT
    assert rendered(BLOCKS[5], of("2025-03-26")) == {
        "type": "text", "text": "hi", "annotations": {"audience": ["user"], "priority": 1}, "vendor": [1],
    }  # fmt: skip
    assert rendered(BLOCKS[7], of("2025-03-26"))["resource"] == {"uri": "test://x", "text": "in"}
    assert rendered(BLOCKS[8], of("2025-06-18")) == {name: v for name, v in WRITTEN_LINK.items() if name != "icons"}


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25", "2025-06-18"])
def test_a_link_is_one_where_there_are_links(revision: str) -> None:
    assert rendered(LINK, of(revision)) == {
        "type": "resource_link", "uri": LINK.uri, "name": "a.bin", "mimeType": "application/zip",
        "description": "too large", "size": 12,
    }  # fmt: skip
    assert rendered(Link("test://x", "x"), of(revision)) == {"type": "resource_link", "uri": "test://x", "name": "x"}


@pytest.mark.parametrize("revision", ["2025-03-26", "2024-11-05"])
def test_a_link_is_told_where_there_are_none(revision: str) -> None:
    assert rendered(LINK, of(revision)) == {
        "type": "text", "text": "a.bin (application/zip, 12 bytes): api://orders/file?id=5\ntoo large",
    }  # fmt: skip
    assert rendered(Link("test://x", "x"), of(revision))["text"] == "x: test://x"
    assert rendered(BLOCKS[8], of(revision)) == {
        "type": "text", "text": "The X (a/b, 3 bytes): test://x\nd",
        "annotations": {"audience": ["user"], "priority": 1},
    }  # fmt: skip


@pytest.mark.parametrize("block", [BLOCKS[2], BLOCKS[6]], ids=["ours", "theirs"])
def test_sound_is_a_resource_in_the_revision_that_has_no_sound(block: Block) -> None:
    assert rendered(block, of("2025-03-26"))["type"] == "audio"
    assert rendered(block, of("2024-11-05"), at=3) == {
        "type": "resource", "resource": {"uri": "about:blank#content-3", "mimeType": "audio/wav", "blob": DATA},
    }  # fmt: skip
