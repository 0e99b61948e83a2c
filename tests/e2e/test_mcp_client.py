"""The protocol's own client, in both of its modes, before the sample API: every kind of tool there is.

The client holds structured content against the tool's output schema and raises where they disagree.
"""

import base64
from collections.abc import AsyncIterator

import orjson
import pytest
from mcp import MCPError
from mcp.types import INVALID_PARAMS, PaginatedRequestParams

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
