"""Records as the pipeline writes them."""

from dataclasses import replace

from bridge.model import Record

PLAIN = Record(
    id="c1", door="rest", principal="anonymous", api="orders", operation="getOrder", tool="get_order", method="GET",
    status=200, verdict="allowed", rule="allow-all", origin="upstream", target="t1", received=1.0, duration=0.0125,
    request_bytes=0, response_bytes=11,
)  # fmt: skip
BROKEN = replace(PLAIN, status=502, verdict="upstream_broken", origin="gateway")
UNKNOWN = replace(PLAIN, api="", operation="", tool="", status=404, verdict="not_found", origin="gateway", target="")
