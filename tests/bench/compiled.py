"""The closures and tables that a runtime is made of, one by one."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.compile import load_apis
from bridge.compile.runtime import compile_runtime, parts
from bridge.config import Settings, zero
from bridge.egress.encode import compile_builder
from bridge.model import Endpoint, Headers, Json
from bridge.pipeline.match import Router
from bridge.pipeline.runtime import Runtime
from tests.bench import made
from tests.bench.figures import FLAT, Row, Timing, timed_row, value_row
from tests.bench.inprocess import LARGE, SMALL
from tests.bench.timing import timed
from tests.kit.generate import arguments
from tests.kit.runtime import ROUTE, endpoint

ORDERS = Path(__file__).parents[2] / "specs" / "orders.yaml"
ROUTES = (10, 500, 5_000)
PROBES = 10
"""Paths that are looked up in turn, spread over all routes."""


def rows(_: Path) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        ordinary = _runtime(made.settings(Path(folder), 10))
        orders = _runtime(zero([str(ORDERS)], env={}, folder=Path(folder), upstream="http://upstream.test"))
    yield from _building(ordinary.endpoints[made.NAME + "-10", "change3"], orders)
    yield from _checking(ordinary.endpoints[made.NAME + "-10", "change3"])
    yield from _routing()
    yield from _decoding(ordinary.endpoints[made.NAME + "-10", "read3"])


def _runtime(settings: Settings) -> Runtime:
    return compile_runtime(settings, load_apis(settings), parts())


def _building(one: Endpoint, orders: Runtime) -> Iterator[Row]:
    given = made.ARGUMENTS | made.BODY
    took = timed({"ordinary": lambda: one.build(given)} | dict(_builders(orders)))
    yield timed_row("request, 2 path and 3 query parameters, JSON body", took.pop("ordinary"), most=5)
    ordered = sorted(took.items(), key=lambda item: item[1].least)
    name, slowest = ordered[-1]
    what = f"request, specs/orders.yaml with every argument, {len(ordered)} operations:"
    yield timed_row(f"{what} the middle one", ordered[len(ordered) // 2][1], most=5)
    yield timed_row(f"{what} the slowest ({name})", slowest)


def _builders(runtime: Runtime) -> Iterator[tuple[str, Callable[[], object]]]:
    for one in runtime.endpoints.values():
        build = compile_builder(one.operation)
        yield one.operation.id, _given(build, arguments(one.operation.input_schema, one.operation.id, full=True))


def _given(closure: Callable[[Mapping[str, Json]], object], given: Mapping[str, Json]) -> Callable[[], object]:
    return lambda: closure(given)


def _checking(one: Endpoint) -> Iterator[Row]:
    given = made.ARGUMENTS | made.BODY
    yield timed_row("arguments checked, the same", timed({"check": lambda: one.check(given)})["check"])


def _routing() -> Iterator[Row]:
    took = timed({str(count): _probing(count) for count in ROUTES})
    each = {count: took[str(count)].per(PROBES) for count in ROUTES}
    for count, timing in each.items():
        yield timed_row(f"route found among {count:,}", timing)
    yield value_row(f"among {ROUTES[-1]:,} / among {ROUTES[0]:,}", _ratio(each), "×", most=FLAT)


def _probing(count: int) -> Callable[[], object]:
    made_up = {number: endpoint(f"read{number}", path=made.path(number)) for number in range(count)}
    router = Router([(ROUTE, {("made", one.operation.id): one for one in made_up.values()})])
    step = count // PROBES
    paths = [made.path(number * step, "north-7", "4711") for number in range(PROBES)]
    missed = [
        path for path in paths if (found := router.match("localhost", "GET", path, "")) is None or not found.endpoint
    ]
    if missed:
        raise SystemExit(f"no route for {missed}")

    def probe() -> None:
        for path in paths:
            router.match("localhost", "GET", path, "")

    return probe


def _ratio(each: Mapping[int, Timing]) -> float:
    return each[ROUTES[-1]].least / each[ROUTES[0]].least


def _decoding(one: Endpoint) -> Iterator[Row]:
    headers: Headers = ((b"content-type", b"application/json"), (b"date", b"Thu, 01 Jan 2026 00:00:00 GMT"))
    took = timed({
        "small": lambda: one.decode(200, headers, SMALL, False),
        "large": lambda: one.decode(200, headers, LARGE, False),
    })  # fmt: skip
    yield timed_row(f"answer of {len(SMALL)} B decoded", took["small"])
    yield timed_row(f"answer of {len(LARGE):,} B decoded", took["large"])
