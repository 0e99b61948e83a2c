"""docs/metrics.md lists every metric with its type and labels, and nothing that does not exist."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bridge.model import Api, Catalog, Severity
from bridge.telemetry.metrics import Metrics
from tests.unit.telemetry.records import PLAIN

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
FOREIGN = ("process_", "python_")


def filled() -> Metrics:
    """With at least one series of every metric."""
    metrics = Metrics("1.2.3", lambda: 1)
    metrics.account(replace(PLAIN, door="mcp", truncated=True, broken=True, reported=("query 'a': no",)))
    metrics.reloaded("applied")
    metrics.refreshed("orders", "unchanged")
    metrics.issuer_fetched("corp", "ok")
    metrics.loaded(Catalog((Api("orders"),)), 1)
    return metrics


def exposed() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Name, type and labels; a histogram's `le` is Prometheus's own."""
    for family in text_string_to_metric_families(filled().render().decode()):
        labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
        suffix = "_total" if family.type == "counter" else ""
        if family.name.startswith(FOREIGN):
            continue
        assert family.samples, f"{family.name} has no series here, so its labels are not seen"
        yield f"{family.name}{suffix}", family.type, labels


def documented() -> Iterator[tuple[str, str, frozenset[str]]]:
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", PAGE, re.MULTILINE):
        yield name, kind, frozenset(re.findall(r"`(\w+)`", labels))


def test_every_metric_is_documented_and_every_documented_metric_exists() -> None:
    assert set(documented()) == set(exposed())


def test_every_label_is_explained_and_every_explained_label_is_used() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \| (?!counter|gauge|histogram)", PAGE, re.MULTILINE))
    assert explained == {label for _, _, labels in exposed() for label in labels}


def test_values_that_the_page_lists_are_those_there_are() -> None:
    (severities,) = re.findall(r"^\| `severity` \| (.*) \|$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", severities) == [severity.value for severity in Severity]


def test_what_stands_beside_them_is_the_clients_own() -> None:
    names = {family.name for family in text_string_to_metric_families(filled().render().decode())}
    beside = {name for name in names if not name.startswith("dualbridge_")}
    assert beside
    assert all(name.startswith(FOREIGN) for name in beside)
