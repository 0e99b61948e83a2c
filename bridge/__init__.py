"""dualbridge: people keep their REST API, agents get MCP tools, both through one core.

people ── REST ──▶ ingress/rest ─┐                                  ┌─▶ egress ─▶ upstream APIs
                                 ├─▶ pipeline.run(runtime, call) ───┤
agents ── MCP ───▶ ingress/mcp ──┘   who → may → how much → check   └─▶ settle, account ─▶ record, log, metrics
                                     → approve → route → send
                                                   ▲
OpenAPI documents ─▶ importer: load → normalise → operations → tools ─▶ Catalog ─┐
bridge.yaml ─▶ config: load → Settings ─────────────────────────────────────────┴─▶ compile ─▶ Runtime ─▶ Holder.swap
operators ─▶ control (FastAPI: admin API)
"""

__version__ = "0.1.0"
