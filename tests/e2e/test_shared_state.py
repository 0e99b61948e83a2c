"""Replicas of the gateway before one Redis, and a gateway whose Redis is not there."""

import signal
import socket
from collections import Counter
from pathlib import Path

import httpx
import orjson

from bridge.demo import document_path
from tests.kit.command import Running, gateway
from tests.kit.needs import needs_redis
from tests.kit.redis import redis_server


def configured(home: Path, shop: str, url: str) -> tuple[str, ...]:
    settings = {
        "listen": "127.0.0.1:0",
        "admin": "off",
        "health": "off",
        "apis": {"orders": {"spec": str(document_path()), "upstream": {"url": shop}}},
        "limits": {"requests": {"rate": "1/h", "burst": 6}},
        "state": {"url": url, "timeout": "2s"},
    }
    (home / "bridge.yaml").write_bytes(orjson.dumps(settings))
    return ("--config", "bridge.yaml")


def statuses(gateways: list[Running], times: int) -> Counter[int]:
    with httpx.Client(timeout=10, trust_env=False) as client:
        return Counter(client.get(f"{one.rest}/products").status_code for _ in range(times) for one in gateways)


@needs_redis
async def test_replicas_limit_a_caller_together(shop: str, tmp_path: Path) -> None:
    with redis_server() as server:
        arguments = configured(tmp_path, shop, server.url)
        async with gateway(*arguments, home=tmp_path) as one, gateway(*arguments, home=tmp_path) as two:
            assert statuses([one, two], 5)[429] == 4
            assert await one.end(signal.SIGTERM) == 0
            assert "Traceback" not in one.log.read_text()


async def test_without_its_redis_a_gateway_starts_says_so_and_answers(shop: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    arguments = configured(tmp_path, shop, f"redis://:s3cret@127.0.0.1:{port}")
    async with gateway(*arguments, home=tmp_path) as running:
        assert statuses([running], 8)[429] == 2, "limited by itself"
        assert await running.end(signal.SIGTERM) == 0
        log = running.log.read_text()
    assert f"127.0.0.1:{port} does not answer" in log
    assert "s3cret" not in log
    assert "Traceback" not in log
