"""An upstream that speaks raw bytes: it records what arrives and plays what it is told, however wrong."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came; `body` with its chunk framing."""

    head: bytes
    body: bytes

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        lines = (line.partition(b":") for line in self.head.split(b"\r\n")[1:] if line)
        return [(name.lower(), value.strip()) for name, _, value in lines]

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]


@dataclass(slots=True)
class Line:
    """One connection to the upstream, from its side."""

    origin: "Origin"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> bytes:
        """Raises IncompleteReadError when the gateway closes the connection instead."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def take(self) -> Arrived:
        """The next request, read whole and recorded."""
        arrived = Arrived(head := await self.head(), await self._body(head))
        self.origin.requests.append(arrived)
        return arrived

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Closes with RST: what TCP does when a process dies over unread data."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_closed(self) -> None:
        """Returns when the gateway has closed the connection; what it still sends is dropped."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def _body(self, head: bytes) -> bytes:
        arrived = Arrived(head, b"")
        if arrived.values(b"transfer-encoding"):
            body = b""
            while not body.endswith(b"0\r\n\r\n"):
                size = await self.reader.readuntil(b"\r\n")
                body += size + await self.reader.readexactly(int(size, 16) + 2)
            return body
        return await self.reader.readexactly(sum(map(int, arrived.values(b"content-length"))))


Script: TypeAlias = Callable[[Line], Awaitable[None]]


@dataclass(slots=True)
class Origin:
    url: str = ""
    requests: list[Arrived] = field(default_factory=list)
    connections: int = 0


def answering(*answers: bytes) -> Script:
    """Takes requests and gives each the next answer, the last one for ever, on as many connections as come."""
    left = list(answers)

    async def script(line: Line) -> None:
        while True:
            await line.take()
            await line.say(left.pop(0) if len(left) > 1 else left[0])

    return script


@asynccontextmanager
async def playing(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Origin]:
    """`script` runs once per connection, which is closed when it returns."""
    origin = Origin()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        origin.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await script(Line(origin, reader, writer))
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    origin.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
