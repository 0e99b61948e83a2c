import base64

import orjson
import pytest

from bridge.ingress.mcp import render
from bridge.ingress.mcp.eras import REVISIONS, Revision, Structured
from bridge.ingress.mcp.refusals import InvalidParams, UnsupportedVersion
from bridge.model import Json, LimitExceeded, Media, Refusal, Result, Text
from tests.kit import mcp_schema

DATA = base64.b64encode(b"\x00\xff" * 9).decode()
BLOCKS = (
    Text('line\n"quoted" \u2028 \u00e9 \U0001f600'),
    Media("image", DATA, "image/png"),
    Media("audio", DATA, "audio/wav"),
    Media("blob", DATA, "application/pdf", uri="https://a.example/x.pdf"),
    Media("blob", DATA, 'odd/"type"'),
)


def _rendered(result: Result, revision: Revision) -> Json:
    body = render.result(b'"a"', render.tool_members(result, revision), revision, 'a "name"', "1")
    message = orjson.loads(body)
    mcp_schema.check(message, revision.name, "tools/call")
    return message["result"]


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)
def test_every_kind_of_content_fits_every_revision(revision: Revision) -> None:
    result = _rendered(Result(BLOCKS, b'{"a": [1, null]}', error=True), revision)
    sound = "audio" if revision.name > "2024-11-05" else "resource"
    assert [block["type"] for block in result["content"]] == ["text", "image", sound, "resource", "resource"]
    assert result["content"][0]["text"] == BLOCKS[0].text
    assert result["content"][3]["resource"] == {
        "uri": "https://a.example/x.pdf",
        "mimeType": "application/pdf",
        "blob": DATA,
    }
    assert result["content"][4]["resource"]["uri"]
    assert result["isError"] is True
    assert result.get("structuredContent") == (None if revision.structured is Structured.NONE else {"a": [1, None]})


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)
@pytest.mark.parametrize("structured", [b"[1,2]", b'"text"', b"7", b"null", b' {"a":1}'])
def test_only_modern_structured_content_may_be_more_than_an_object(revision: Revision, structured: bytes) -> None:
    result = _rendered(Result((Text("x"),), structured), revision)
    carried = revision.modern or (revision.structured is Structured.OBJECT and b"{" in structured)
    assert ("structuredContent" in result) == carried
    assert not carried or result["structuredContent"] == orjson.loads(structured)


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)
def test_an_answer_without_content_is_still_a_result(revision: Revision) -> None:
    assert _rendered(Result(()), revision)["content"] == []


def test_only_modern_results_say_that_they_are_complete_and_whose_they_are() -> None:
    modern = _rendered(Result(()), REVISIONS["2026-07-28"])
    assert modern["resultType"] == "complete"
    assert modern["_meta"] == {"io.modelcontextprotocol/serverInfo": {"name": 'a "name"', "version": "1"}}


@pytest.mark.parametrize(
    "refusal",
    [
        InvalidParams('a "quoted" \n message'),
        UnsupportedVersion("no", detail={"supported": ["2026-07-28"], "requested": "x"}),
        LimitExceeded("slow down", detail={"retryAfter": 3}),
    ],
)
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("identity", [b"7", b'"x"', None])
def test_errors_carry_code_message_detail_and_the_id_if_there_was_one(
    refusal: Refusal, revision: str, identity: bytes | None
) -> None:
    message = orjson.loads(render.error(identity, refusal))
    mcp_schema.check(message, revision)
    assert message.get("id") == (None if identity is None else orjson.loads(identity))
    assert message["error"]["code"] == refusal.rpc
    assert message["error"]["message"] == refusal.message
    assert message["error"].get("data", {}) == refusal.detail
