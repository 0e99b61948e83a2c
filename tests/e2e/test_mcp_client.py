"""The protocol's own client, in both of its modes, before the sample API: every kind of tool there is.

The client holds structured content against the tool's output schema and raises where they disagree.
"""

import base64
from collections.abc import AsyncIterator

import orjson
import pytest
from mcp import MCPError
from mcp.types import INVALID_PARAMS

from bridge.demo import document_path
from bridge.model import Json
from tests.kit.client import MODES, Connected, connected
from tests.kit.command import Running
from tests.kit.doors import gateway, given
from tests.kit.needs import needs_mcp_schemas

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and the rest").decode()


@pytest.fixture(params=MODES)
async def agent(request: pytest.FixtureRequest, running: Running) -> AsyncIterator[Connected]:
    async with connected(running.mcp, request.param) as made:
        yield made


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_every_tool_is_listed_once_over_several_pages(agent: Connected, running: Running) -> None:
    names: list[str] = []
    page = await agent.client.list_tools()
    while True:
        names += [tool.name for tool in page.tools]
        if page.next_cursor is None:
            break
        page = await agent.client.list_tools(cursor=page.next_cursor)
    listings = [one for one in agent.exchanges if one.method == "tools/list"]
    assert (len(listings), len(names), len(set(names))) == (4, running.told["tools"], running.told["tools"])


async def test_the_server_says_who_it_is_and_what_it_can(agent: Connected) -> None:
    session = agent.client.session
    assert session.server_info is not None
    assert session.server_info.name == "dualbridge"
    assert session.server_capabilities is not None
    assert session.server_capabilities.tools is not None
    assert session.server_capabilities.prompts is None


async def test_a_toolset_is_an_endpoint_with_its_own_tools_and_instructions(running: Running) -> None:
    for mode in MODES:
        async with connected(running.told["toolsets"]["stock"], mode) as made:
            listed = {tool.name for tool in (await made.client.list_tools()).tools}
            assert listed == {"count_shelf", "find_in_warehouse", "get_warehouse_stock", "quote_shipping"}
            assert made.client.session.instructions == "Shelves only."
            with pytest.raises(MCPError, match="unknown tool"):
                await made.call("get_order", orderId=1)


async def test_an_unknown_tool_is_a_protocol_error(agent: Connected) -> None:
    with pytest.raises(MCPError, match="unknown tool: 'no_such'") as caught:
        await agent.call("no_such")
    assert caught.value.error.code == INVALID_PARAMS


# --- answers of each kind ---------------------------------------------------------------------------------------------


async def test_json_is_structured_and_text(agent: Connected) -> None:
    order = await agent.call("get_order", orderId=1)
    assert order.structured["payment"] == {"method": "card", "brand": "visa", "last4": "4242"}
    assert orjson.loads(order.text) == order.structured


async def test_an_array_is_wrapped_and_the_next_page_is_named(agent: Connected) -> None:
    products = await agent.call("list_products", filter={"category": 1, "max_price": 50}, sort=["-price"], per_page=2)
    assert [one["sku"] for one in products.structured["result"]] == ["CHAIR-9", "LAMP-02"]
    assert "page=2" in products.text


async def test_a_picture_is_an_image(agent: Connected) -> None:
    image = (await agent.call("get_product_image", productId=2)).block("image")
    assert image["mimeType"] == "image/png"
    assert base64.b64decode(image["data"]).startswith(b"\x89PNG")


async def test_text_is_text(agent: Connected) -> None:
    receipt = await agent.call("get_receipt", orderId=3)
    assert receipt.text.startswith("Order 3 of 2025-04-01\n4 x Office chair")
    assert "structuredContent" not in receipt.raw


async def test_an_answer_without_content_says_so(agent: Connected) -> None:
    stored = await agent.call("set_order_note", orderId=2, body="Ring twice – bitte")
    assert (stored.text, stored.failed) == ("204 No Content", False)
    assert (await agent.call("get_order", orderId=2)).structured["note"] == "Ring twice – bitte"
    assert "etag: " in (await agent.call("probe_customer", customerId=1)).text


async def test_a_form_goes_out_in_the_styles_of_its_fields(agent: Connected) -> None:
    sent = {
        "reason": "damaged", "products": [3, 5], "marks": ["fragile", "très, urgent"],
        "pickup": {"date": "2026-05-02", "place": "Front door & porch"}, "refund": {"to": "voucher"},
    }  # fmt: skip
    announced = await agent.call("return_goods", orderId=3, **sent)
    assert {key: announced.structured[key] for key in sent} == sent


async def test_a_file_goes_up_as_multipart_and_comes_down_byte_for_byte(agent: Connected) -> None:
    content = bytes(range(256)) * 3
    metadata: Json = {"title": "Bytes", "pages": 2}
    attached = await agent.call(
        "attach_file", productId=3, file=encoded(content), metadata=metadata, labels=["one", "two"]
    )
    assert (attached.structured["bytes"], attached.structured["labels"]) == (len(content), ["one", "two"])
    assert attached.structured["metadata"] == metadata
    down = await agent.call("download_attachment", attachmentId=attached.structured["id"])
    assert base64.b64decode(down.block("resource")["resource"]["blob"]) == content


async def test_whole_bodies_of_bytes_are_base64(agent: Connected) -> None:
    assert not (await agent.call("replace_attachment", attachmentId=1, body=encoded(b"new"))).failed
    down = await agent.call("download_attachment", attachmentId=1)
    assert base64.b64decode(down.block("resource")["resource"]["blob"]) == b"new"
    assert not (await agent.call("set_product_image", productId=11, body=PNG)).failed
    assert (await agent.call("get_product_image", productId=11)).block("image")["data"] == PNG


async def test_null_in_a_merge_patch_reaches_the_upstream(agent: Connected) -> None:
    patched = await agent.call("update_customer", customerId=4, body={"phone": None, "tags": ["press"]})
    assert (patched.structured["phone"], patched.structured["tags"]) == (None, ["press"])
    await agent.call("update_customer", customerId=4, body={"phone": "+43 1 555 1942"})


async def test_lines_of_json_are_gathered(agent: Connected) -> None:
    exported = await agent.call("export_orders", status=["shipped", "delivered"])
    assert [one["id"] for one in exported.structured["items"]] == [1, 2, 3]


async def test_events_are_gathered(agent: Connected) -> None:
    events = await agent.call("watch_orders", limit=2, **{"Last-Event-ID": 1})
    assert [one["id"] for one in events.structured["items"]] == ["2", "3"]
    assert events.structured["items"][0]["event"] == "shipped"


# --- failures ---------------------------------------------------------------------------------------------------------


async def test_what_takes_longer_than_the_operation_may_is_given_up(agent: Connected) -> None:
    assert not (await agent.call("report_sales", by="status")).failed
    late = await agent.call("report_sales", delay=3)
    assert late.failed
    assert "in time" in late.text


async def test_a_failure_of_the_upstream_is_told_with_its_status(agent: Connected) -> None:
    failed = await agent.call("rehearse_failure", status=503, retry_after=7)
    assert failed.failed
    assert failed.text.startswith("HTTP 503 Service Unavailable\n")
    assert "this failure was asked for" in failed.text
    assert "retry after: 7 s" in failed.text


async def test_a_bad_argument_is_told_by_its_name(agent: Connected) -> None:
    wrong = await agent.call("get_order", orderId="seven")
    assert (wrong.failed, wrong.text) == (True, 'orderId: must be an integer, not "seven"')
    nested = await agent.call(
        "place_order", customer_id=1, lines=[{"product_id": 1, "quantity": 0}],
        payment={"method": "invoice", "due_days": 3},
    )  # fmt: skip
    assert (nested.failed, nested.text) == (True, "lines[0].quantity: must be at least 1, not 0")


async def test_an_unknown_argument_is_told_with_those_there_are(agent: Connected) -> None:
    wrong = await agent.call("get_order", orderId=1, verbose=True)
    assert (wrong.failed, wrong.text) == (True, "verbose: unknown argument 'verbose'; known: orderId")


# --- all tools --------------------------------------------------------------------------------------------------------

# What exists in the shop, or what no schema says: generated arguments name these instead.
REAL: dict[str, Json] = {
    "customerId": 5, "productId": 9, "orderId": 5, "attachmentId": 1, "category_id": 4, "parent": 2,
    "customer_id": 3, "product_id": 9, "productIds": [1, 2], "basket": [1, 1, 4], "codes": ["BER", "LYO"],
    "code": "BER", "skus": ["LAMP-01", "DESK/02"], "delay": 0, "wait": 0, "postcode": "69001",
}  # fmt: skip
OWN: dict[str, dict[str, Json]] = {
    "return_goods": {"orderId": 1, "products": [1, 4]},
    "set_product_image": {"body": PNG},
}
LEFT_OUT = frozenset({"cursor", "If-Match", "If-None-Match"})


def realistic(value: Json) -> Json:
    if isinstance(value, list):
        return [realistic(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: REAL.get(key, realistic(one)) for key, one in value.items() if key not in LEFT_OUT}


@needs_mcp_schemas
async def test_the_sample_api_understands_every_tools_generated_arguments(agent: Connected) -> None:
    """It parses every style strictly and answers 400 to what was not written as its document says."""
    answered = 0
    for name, one in gateway(document_path()).tools.items():
        for turn in range(4):
            arguments = realistic(given(one, turn)) | OWN.get(name, {})
            result = await agent.call(name, **arguments)
            misunderstood = result.failed and not result.text.startswith(("HTTP 404", "HTTP 409"))
            assert not misunderstood or name == "rehearse_failure", f"{name} {arguments}: {result.text}"
            answered += not result.failed
    assert answered > 100
