"""Runtimes for tests of the protocol: one hand-made, one compiled from a document."""

from typing import Any

from bridge.model import Json
from tests.conformance.fixture.upstream import FOLDER
from tests.kit.runtime import Plan, World, endpoint, world

ORDER: Json = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
MIRRORED: Json = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "amount": {"type": "integer", "x-mcp-header": "Amount"},
        "urgent": {"type": "boolean", "x-mcp-header": "Urgent"},
    },
}
FIXTURE = FOLDER / "openapi.yaml"


def shop(**plan: Any) -> World:
    """`listOrders` reads, `createOrder` wants a `sku`, `search` wants its arguments repeated as headers."""
    made = [
        endpoint("listOrders", path="/orders", output={"type": "object"}),
        endpoint("createOrder", "POST", "/orders", schema=ORDER),
        endpoint("search", "POST", schema=MIRRORED),
    ]
    return world(made, Plan(**plan))
