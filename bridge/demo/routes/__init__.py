"""What each operation of the document does, by its operationId, in one module per kind of thing.

A handler takes the store and the checked arguments and returns a response. A plain function runs in a worker thread;
the few that wait are coroutine functions.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import Response

from bridge.demo.reading import Arguments
from bridge.demo.routes import activity, catalogue, customers, files, orders, products, stock
from bridge.demo.store import Store

Handler = Callable[[Store, Arguments], Response | Awaitable[Response]]

HANDLERS: Mapping[str, Handler] = {
    **customers.HANDLERS,
    **products.HANDLERS,
    **catalogue.HANDLERS,
    **files.HANDLERS,
    **stock.HANDLERS,
    **orders.HANDLERS,
    **activity.HANDLERS,
}
