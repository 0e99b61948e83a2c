"""Sessions over a real connection: what their end, and the gateway's, means for a stream."""

import signal
from pathlib import Path

import httpx
import orjson

from bridge.demo import document_path
from tests.kit.agent import BOTH
from tests.kit.command import ANYWHERE, gateway


async def test_open_streams_do_not_hold_up_the_end(shop: str, tmp_path: Path) -> None:
    apis = {"orders": {"spec": str(document_path()), "upstream": {"url": shop}}}
    (tmp_path / "bridge.yaml").write_bytes(orjson.dumps({"apis": apis, "mcp": {"sse": True}}))
    async with (
        gateway("--config", "bridge.yaml", *ANYWHERE, home=tmp_path) as running,
        httpx.AsyncClient(timeout=10, trust_env=False, headers={"accept": BOTH}) as client,
    ):
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
        begin = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        session = (await client.post(running.mcp, json=begin)).headers["mcp-session-id"]
        async with (
            client.stream("GET", running.mcp, headers={"mcp-session-id": session}) as news,
            client.stream("GET", f"{running.mcp}/sse") as older,
        ):
            assert (news.status_code, older.status_code) == (200, 200)
            assert await running.end(signal.SIGTERM) == 0
            await news.aread()
            await older.aread()
        assert "Traceback" not in running.log.read_text()
