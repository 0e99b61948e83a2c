"""A client that sends and reads raw bytes: no library between a test and the wire normalises anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from bridge.model import Json


@dataclass(frozen=True, slots=True)
class Got:
    """`complete` is False where the connection ended before the body's framing said so."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    complete: bool = True

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    @property
    def problem(self) -> Json:
        assert self.values(b"content-type") == [b"application/problem+json"]
        return orjson.loads(self.body)


@dataclass(slots=True)
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, request: bytes) -> Got:
        await self.say(request)
        return await self.answer(head=request.startswith(b"HEAD "))

    async def head(self) -> Got:
        """Status line and headers only; the body is still to be read."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        parts = (line.partition(b":") for line in lines[1:] if line)
        fields = tuple((name.lower(), value.strip()) for name, _, value in parts)
        return Got(int(lines[0].split(b" ")[1]), fields, b"")

    async def chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self, *, head: bool = False) -> Got:
        got = await self.head()
        if head or got.status in {204, 304}:
            return got
        if got.values(b"transfer-encoding"):
            return await self._chunked(got)
        length = int(got.values(b"content-length")[0])
        try:
            return Got(got.status, got.fields, await self.reader.readexactly(length))
        except asyncio.IncompleteReadError as error:
            return Got(got.status, got.fields, error.partial, complete=False)

    async def _chunked(self, got: Got) -> Got:
        parts: list[bytes] = []
        try:
            while part := await self.chunk():
                parts.append(part)
        except (asyncio.IncompleteReadError, ConnectionError):
            return Got(got.status, got.fields, b"".join(parts), complete=False)
        return Got(got.status, got.fields, b"".join(parts))

    async def at_end(self) -> bool:
        """Whether the gateway closes the connection without another byte."""
        async with asyncio.timeout(2):
            return await self.reader.read(1) == b""


@asynccontextmanager
async def dialled(url: str) -> AsyncIterator[Client]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def ask(url: str, request: bytes) -> Got:
    async with dialled(url) as client:
        return await client.ask(request)
