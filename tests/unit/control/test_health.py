"""The health port: alive, ready, metrics, and nothing else."""

from dataclasses import replace

import pytest

from bridge.control.health import health_app
from bridge.model import Api, Catalog, Finding, Severity
from bridge.pipeline.runtime import Holder, Runtime
from bridge.telemetry.metrics import CONTENT_TYPE, Metrics
from tests.kit.runtime import endpoint, world
from tests.unit.control.asking import asked


def absent(api: str) -> Finding:
    return Finding("api-absent", Severity.ERROR, "", "cannot be read", api=api)


def loaded(catalog: Catalog) -> Runtime:
    return replace(world([endpoint("one")]).rt, catalog=catalog)


def held(*apis: str, without: tuple[str, ...] = ()) -> Holder:
    return Holder(loaded(Catalog(tuple(map(Api, apis)), findings=tuple(map(absent, without)))))


METRICS = Metrics("1.2.3", lambda: 0)


@pytest.mark.parametrize(
    ("holder", "status", "body"),
    [
        (held("a", "b"), 200, {"status": "ready", "apis": ["a", "b"]}),
        (held("a", without=("z", "c", "c")), 200, {"status": "ready", "apis": ["a"], "absent": ["c", "z"]}),
        (held(without=("c",)), 503, {"status": "not ready", "apis": [], "absent": ["c"]}),
        (held(), 503, {"status": "not ready", "apis": []}),
    ],
)  # fmt: skip
async def test_ready_means_that_any_api_is_loaded(holder: Holder, status: int, body: object) -> None:
    answer = await asked(health_app(holder, METRICS), "/readyz")
    assert (answer.status_code, answer.json()) == (status, body)


async def test_alive_means_that_it_answers() -> None:
    answer = await asked(health_app(held(), METRICS), "/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_readiness_is_that_of_the_runtime_that_is_current() -> None:
    holder = held("a")
    app = health_app(holder, METRICS)
    holder.swap(loaded(Catalog()))
    assert (await asked(app, "/readyz")).status_code == 503


async def test_metrics_are_in_prometheus_text_format() -> None:
    answer = await asked(health_app(held("a"), METRICS), "/metrics")
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.content.startswith(b"# HELP")
    assert 'dualbridge_build_info{version="1.2.3"} 1.0' in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/redoc", "/openapi.json", "/admin/apis", "/mcp", "/readyz/x", "/METRICS"]
)
async def test_nothing_else_is_served(path: str) -> None:
    assert (await asked(health_app(held("a"), METRICS), path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_nothing_can_be_changed(method: str, path: str) -> None:
    assert (await asked(health_app(held("a"), METRICS), path, method=method)).status_code == 405


@pytest.mark.parametrize("host", ["10.0.0.7:8082", "10.0.0.7", "[2001:db8::1]:8082", "localhost:8082", "[::1]"])
@pytest.mark.parametrize("server", ["127.0.0.1", "10.0.0.7"])
async def test_a_probe_may_use_any_address_for_the_host(host: str, server: str) -> None:
    assert (await asked(health_app(held("a"), METRICS), "/readyz", host=host, server=server)).status_code == 200


async def test_a_probe_from_elsewhere_may_use_any_name_for_the_host() -> None:
    answer = await asked(health_app(held("a"), METRICS), "/readyz", host="pod.example", server="10.0.0.7")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8082", "127.0.0.1.evil.example", "localhost.evil.example"]
)
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_on_a_loopback_address_a_page_that_rebinds_its_name_learns_nothing(path: str, host: str) -> None:
    answer = await asked(health_app(held("a"), METRICS), path, host=host)
    assert (answer.status_code, answer.text) == (400, "Invalid host header")
