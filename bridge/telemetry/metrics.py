"""Prometheus metrics. Every name and label is listed in docs/metrics.md.

Labels come from the catalogue and from the gateway's own words, never from a caller: the number of series is bounded
by the number of operations.
"""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bridge.model import Catalog, Door, Record, Severity

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Each child of a counter would have a second series, the time when it was made, that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """One registry of its own, so that two gateways in one process do not meet."""

    def __init__(self, version: str, in_flight: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._calls = Counter(
            "dualbridge_calls", "Finished calls.", ["door", "api", "operation", "status", "verdict"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "dualbridge_call_duration_seconds", "From the request's arrival to the end of its answer.",
            ["door", "api"], buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._bytes = Counter(
            "dualbridge_response_bytes", "Body bytes sent to callers.", ["door", "api"], registry=self.registry
        )
        self._cut = Counter(
            "dualbridge_results_truncated", "Answers cut at a cap before an agent got them.", ["api"],
            registry=self.registry,
        )  # fmt: skip
        self._broken = Counter(
            "dualbridge_results_broken", "Answers that break their declared schema, delivered to agents all the same.",
            ["api", "operation"], registry=self.registry,
        )  # fmt: skip
        self._reported = Counter(
            "dualbridge_requests_reported", "People's requests that break their document, let through.", ["api"],
            registry=self.registry,
        )  # fmt: skip
        flying = Gauge(
            "dualbridge_calls_in_flight", "Calls that wait for an upstream's answer.", registry=self.registry
        )
        flying.set_function(in_flight)
        self._operations = Gauge("dualbridge_catalog_operations", "Operations loaded.", ["api"], registry=self.registry)
        self._tools = Gauge("dualbridge_catalog_tools", "Tools offered.", ["api"], registry=self.registry)
        self._tokens = Gauge(
            "dualbridge_catalog_tokens", "Estimated tokens of listing all tools.", registry=self.registry
        )
        self._findings = Gauge(
            "dualbridge_catalog_findings", "Findings of the last import.", ["severity"], registry=self.registry
        )
        self._absent = Gauge(
            "dualbridge_apis_absent", "Configured APIs that could not be imported.", registry=self.registry
        )
        self._stale = Gauge(
            "dualbridge_documents_stale", "Documents served from their last good copy.", registry=self.registry
        )
        self._reloads = Counter(
            "dualbridge_reloads", "Attempts to take over a change.", ["result"], registry=self.registry
        )
        self._succeeded = Gauge(
            "dualbridge_reload_success_timestamp_seconds",
            "When what is served was last found to be what is configured.",
            registry=self.registry,
        )
        self._refreshes = Counter(
            "dualbridge_document_refreshes", "Documents that were asked for anew.", ["api", "result"],
            registry=self.registry,
        )  # fmt: skip
        self._issuers = Counter(
            "dualbridge_issuer_fetches", "Issuers that were asked for their keys.", ["issuer", "result"],
            registry=self.registry,
        )  # fmt: skip
        self._runtime = Gauge("dualbridge_runtime_version", "Counts the runtimes compiled.", registry=self.registry)
        Info("dualbridge_build", "The running version.", registry=self.registry).info({"version": version})

    def account(self, record: Record) -> None:
        """An account: counts one finished call."""
        operation = record.operation or "-"
        self._calls.labels(record.door, record.api or "-", operation, str(record.status), record.verdict).inc()
        self._seconds.labels(record.door, record.api or "-").observe(record.duration)
        self._bytes.labels(record.door, record.api or "-").inc(record.response_bytes)
        if record.truncated and record.door == Door.MCP:
            self._cut.labels(record.api or "-").inc()
        if record.broken:
            self._broken.labels(record.api or "-", operation).inc()
        if record.reported:
            self._reported.labels(record.api or "-").inc()

    def loaded(self, catalog: Catalog, version: int) -> None:
        """What the runtime that has just become current holds."""
        self._runtime.set(version)
        self._tokens.set(catalog.tokens)
        self._operations.clear()
        self._tools.clear()
        for api in catalog.apis:
            self._operations.labels(api.name).set(sum(key[0] == api.name for key in catalog.operations))
            self._tools.labels(api.name).set(sum(tool.api == api.name for tool in catalog.tools.values()))
        for severity in Severity:
            found = sum(finding.severity is severity for finding in catalog.findings)
            self._findings.labels(severity.value).set(found)
        self._absent.set(sum(finding.id == "api-absent" for finding in catalog.findings))
        self._stale.set(sum(finding.id == "document-stale" for finding in catalog.findings))

    def reloaded(self, result: str) -> None:
        self._reloads.labels(result).inc()

    def reload_succeeded(self, at: float) -> None:
        """Seconds since 1970; the start counts as the first."""
        self._succeeded.set(at)

    def refreshed(self, api: str, result: str) -> None:
        self._refreshes.labels(api, result).inc()

    def issuer_fetched(self, issuer: str, result: str) -> None:
        """`result` is `ok` or `failed`."""
        self._issuers.labels(issuer, result).inc()

    def render(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)
