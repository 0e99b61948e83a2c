"""What takes its time or fails on purpose: exports, event streams, slow reports, drills."""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from bridge.demo import problems
from bridge.demo.reading import Arguments
from bridge.demo.replies import reply
from bridge.demo.routes.orders import orders_after
from bridge.demo.store import Row, Store

_BATCH = 50
_POLL = 0.1
_SALES_BY = {"month": "substr(created, 1, 7)", "status": "status", "customer": "CAST(customer_id AS TEXT)"}


def export_orders(store: Store, arguments: Arguments) -> Response:
    return StreamingResponse(_exported(store, arguments["status"]), media_type="application/x-ndjson")


def _exported(store: Store, states: list[str] | None) -> Iterator[str]:
    last = 0
    while batch := orders_after(store, last, _BATCH, states):
        yield "".join(json.dumps(it, ensure_ascii=False) + "\n" for it in batch)
        last = batch[-1]["id"]


async def watch_orders(store: Store, arguments: Arguments) -> Response:
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(_watched(store, arguments), headers=headers, media_type="text/event-stream")


async def _watched(store: Store, arguments: Arguments) -> AsyncIterator[str]:
    """At most `limit` events; after the last known one the stream waits up to `wait` seconds for each further one."""
    last = arguments["Last-Event-ID"] or 0
    for position in range(arguments["limit"]):
        if position:
            await asyncio.sleep(arguments["delay"])
        event = await _next_event(store, last, time.monotonic() + arguments["wait"])
        if event is None:
            return
        last = event.pop("id")
        yield f"id: {last}\nevent: {event['kind']}\ndata: {json.dumps(event)}\n\n"


async def _next_event(store: Store, last: int, deadline: float) -> Row | None:
    while True:
        sql = "SELECT id, order_id, kind, at FROM events WHERE id > ? ORDER BY id LIMIT 1"
        event = await run_in_threadpool(store.one, sql, last)
        if event is not None or time.monotonic() >= deadline:
            return event
        await asyncio.sleep(_POLL)


async def report_sales(store: Store, arguments: Arguments) -> Response:
    await asyncio.sleep(arguments["delay"])
    return reply(await run_in_threadpool(_sales, store, arguments["by"]))


def _sales(store: Store, by: str) -> Row:
    groups = store.rows(
        f"SELECT {_SALES_BY[by]} AS key, count(DISTINCT id) AS orders, round(sum(quantity * unit_price), 2) AS revenue "
        "FROM orders JOIN order_lines ON order_id = id WHERE status != 'cancelled' GROUP BY 1 ORDER BY 1"
    )
    return {"by": by, "groups": groups, "revenue": round(sum(it["revenue"] for it in groups), 2)}


def rehearse_failure(store: Store, arguments: Arguments) -> Response:
    status = arguments["status"]
    headers = {"Retry-After": str(arguments["retry_after"])} if status in (429, 503) else {}
    return problems.response(status, "this failure was asked for", headers)


HANDLERS: dict[str, Callable[[Store, Arguments], Response | Awaitable[Response]]] = {
    "exportOrders": export_orders,
    "watchOrders": watch_orders,
    "reportSales": report_sales,
    "rehearseFailure": rehearse_failure,
}
