"""End to end over loopback, for information: the CPU time that the gateway's process takes per request, and nginx's.

A real `dualbridge serve` with everything on that is on by default, its log thrown away, before a tiny upstream. The
load's own cost is in another process and counts for nobody.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import made, processes, wire
from tests.bench.figures import Row, Timing, skipped, timed_row, value_row
from tests.bench.load import CONNECTIONS, ask
from tests.bench.machine import nginx
from tests.kit.agent import MODERN

REQUESTS = 2_000
PROXIED = 20_000
"""Of nginx more, because the system counts CPU time in hundredths of a second."""
ROUNDS = 5
TOOLS = 20
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    pid: int
    url: str
    request: bytes
    count: int


def rows(_: Path) -> Iterator[Row]:
    if not processes.readable():
        yield skipped("end to end", "CPU time of another process is read from /proc")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        candidates = dict(_candidates(folder, stack))
        took = _measured(candidates)
    for name, timing in took.items():
        yield timed_row(f"{name}, {CONNECTIONS} connections", timing)
    if "nginx" not in took:
        yield skipped("nginx", "not installed (Debian: apt-get install nginx-light)")
        return
    for name in ("REST GET, 305 B", "tools/call of a GET, 305 B"):
        yield value_row(f"{name} / nginx", took[name].least / took["nginx"].least, "×")


def _candidates(folder: Path, stack: ExitStack) -> Iterator[tuple[str, Candidate]]:
    child = stack.enter_context(processes.module("origin"))
    origin = int(processes.line(child))
    spec = made.write(folder, TOOLS)
    given = [str(spec), "--upstream", f"http://127.0.0.1:{origin}"]
    gateway, told = stack.enter_context(
        processes.gateway(*given, "--listen", "127.0.0.1:0", "--admin", "off", "--health", "off")
    )
    url = next(iter(told["rest"].values()))
    called = wire.post(MODERN, "tools/call", {"name": "read3", "arguments": made.ARGUMENTS})
    yield "REST GET, 305 B", Candidate(gateway.pid, url, wire.get(wire.TARGET), REQUESTS)
    yield "tools/call of a GET, 305 B", Candidate(gateway.pid, url, called, REQUESTS)
    if program := nginx():
        port = _free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, origin=origin, port=port))
        proxy = stack.enter_context(processes.running([program, "-p", str(folder), "-c", str(config)]))
        _await_port(port)
        yield "nginx", Candidate(proxy.pid, f"http://127.0.0.1:{port}", wire.get(wire.TARGET), PROXIED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    ends = time.monotonic() + processes.STARTS_IN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


# --- measuring --------------------------------------------------------------------------------------------------------


def _measured(candidates: dict[str, Candidate]) -> dict[str, Timing]:
    """Microseconds of CPU per request, all candidates in turn; wall time is one request's share of it."""
    cpu: dict[str, list[float]] = {name: [] for name in candidates}
    wall: dict[str, list[float]] = {name: [] for name in candidates}
    for one in candidates.values():
        ask(one.url, one.request, one.count // 4)
    for _ in range(ROUNDS):
        for name, one in candidates.items():
            took = _sample(one)
            cpu[name].append(took[0])
            wall[name].append(took[1])
    return {name: Timing.of(cpu[name], wall[name]) for name in candidates}


def _sample(one: Candidate) -> tuple[float, float]:
    started, used = time.perf_counter(), processes.cpu(one.pid)
    ask(one.url, one.request, one.count)
    used, seconds = processes.cpu(one.pid) - used, time.perf_counter() - started
    return used / one.count * 1e6, seconds / one.count * 1e6
