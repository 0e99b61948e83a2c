"""What is counted, and that nobody outside can add to the number of series."""

import random
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.ingress.traffic import Traffic
from bridge.model import Api, Catalog, Finding, Record, Severity
from bridge.pipeline.runtime import Holder
from bridge.telemetry.metrics import Metrics
from tests.kit.agent import Agent, Connection
from tests.kit.doors import PEER
from tests.kit.runtime import endpoint, world
from tests.unit.telemetry.records import BROKEN, PLAIN, UNKNOWN

Series = tuple[str, frozenset[tuple[str, str]]]


def series(metrics: Metrics) -> dict[Series, float]:
    """Ours alone, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if sample.name.startswith("dualbridge_")
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return series(metrics).get((f"dualbridge_{name}", frozenset(labels.items())))


def accounted(*records: Record) -> Metrics:
    metrics = Metrics("1.2.3", lambda: 4)
    for record in records:
        metrics.account(record)
    return metrics


def test_calls_are_counted_by_what_became_of_them() -> None:
    metrics = accounted(PLAIN, PLAIN, BROKEN, UNKNOWN)
    known = {"door": "rest", "api": "orders", "operation": "getOrder"}
    assert value(metrics, "calls_total", **known, status="200", verdict="allowed") == 2
    assert value(metrics, "calls_total", **known, status="502", verdict="upstream_broken") == 1
    nothing = {"door": "rest", "api": "-", "operation": "-"}
    assert value(metrics, "calls_total", **nothing, status="404", verdict="not_found") == 1


def test_time_and_bytes_are_added_up() -> None:
    metrics = accounted(PLAIN, replace(PLAIN, duration=0.5, response_bytes=9))
    known = {"door": "rest", "api": "orders"}
    assert value(metrics, "response_bytes_total", **known) == 20
    assert value(metrics, "call_duration_seconds_sum", **known) == pytest.approx(0.5125)
    assert value(metrics, "call_duration_seconds_bucket", **known, le="0.025") == 1
    assert value(metrics, "call_duration_seconds_bucket", **known, le="0.5") == 2


def test_a_cut_answer_is_counted_where_an_agent_got_it() -> None:
    """A person's answer that broke off was not cut at a cap."""
    cut = replace(PLAIN, truncated=True)
    assert value(accounted(cut), "results_truncated_total", api="orders") is None
    assert value(accounted(replace(cut, door="mcp")), "results_truncated_total", api="orders") == 1


def test_an_answer_that_breaks_its_schema_is_counted_by_its_operation() -> None:
    metrics = accounted(replace(PLAIN, broken=True), PLAIN)
    assert value(metrics, "results_broken_total", api="orders", operation="getOrder") == 1


def test_a_reported_request_is_counted_once_whatever_is_wrong_with_it() -> None:
    metrics = accounted(replace(PLAIN, reported=("a: x", "b: y")), PLAIN)
    assert value(metrics, "requests_reported_total", api="orders") == 1


def test_calls_in_flight_are_asked_for_when_somebody_looks() -> None:
    flying = [3]
    metrics = Metrics("1.2.3", lambda: flying[0])
    assert value(metrics, "calls_in_flight") == 3
    flying[0] = 5
    assert value(metrics, "calls_in_flight") == 5
    assert value(metrics, "build_info", version="1.2.3") == 1


def finding(id: str, severity: Severity) -> Finding:
    return Finding(id, severity, "", "")


def test_what_is_loaded_replaces_what_was() -> None:
    made = world([endpoint("one"), endpoint("two")]).rt.catalog
    problems = (finding("api-absent", Severity.ERROR), finding("document-stale", Severity.WARNING))
    metrics = accounted()
    metrics.loaded(replace(made, apis=(*made.apis, Api("gone")), findings=problems), 7)
    assert value(metrics, "catalog_operations", api="orders") == 2
    assert value(metrics, "catalog_tools", api="orders") == 2
    assert value(metrics, "catalog_operations", api="gone") == 0
    assert [value(metrics, name) for name in ("apis_absent", "documents_stale", "runtime_version")] == [1, 1, 7]
    counted = [value(metrics, "catalog_findings", severity=name) for name in ("error", "warning", "info")]
    assert counted == [1, 1, 0]
    metrics.loaded(Catalog((Api("orders"),)), 8)
    assert value(metrics, "catalog_operations", api="gone") is None, "an API that is gone has no series"
    assert [value(metrics, name) for name in ("apis_absent", "documents_stale", "runtime_version")] == [0, 0, 8]


def test_two_gateways_in_one_process_do_not_meet() -> None:
    one, other = accounted(PLAIN), accounted()
    assert len(series(one)) > len(series(other))


async def person(traffic: Traffic, method: str, path: str) -> None:
    connection = Connection(b"")
    scope = {
        "type": "http", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "http_version": "1.1", "headers": [(b"host", b"h")], "client": PEER,
    }  # fmt: skip
    await traffic(scope, connection.receive, connection.send)


async def test_random_paths_methods_and_tools_add_no_series_beyond_a_bound() -> None:
    metrics = accounted()
    w = world([endpoint("one"), endpoint("two", "GET", "/two/{id}")])
    rt = replace(w.rt, accounts=(metrics.account,))
    traffic, agent, dice = Traffic(Holder(rt)), Agent(rt), random.Random(7)
    sizes, words = [], list[str]()
    for _ in range(2):
        for _ in range(60):
            words.append(word := f"{dice.getrandbits(40):x}")
            for method in ("GET", "POST", word.upper()):
                for path in (f"/{word}", f"/two/{word}", f"/../{word}", "/one"):
                    await person(traffic, method, path)
            await agent.ask("tools/call", {"name": word, "arguments": {}})
            await agent.ask("tools/call", {"name": "one", "arguments": {word: word}})
        sizes.append(len(series(metrics)))
    assert sizes[0] == sizes[1]
    assert not [word for word in words if word in metrics.render().decode()]
