"""Many clients at once: everybody gets their own answer, whatever the others do, and nothing is left behind."""

import asyncio
import random

from tests.kit.origin import Line
from tests.kit.people import Door, opened, request
from tests.kit.raw import dialled

CLIENTS = 64
ROUNDS = 5


async def echo(line: Line) -> None:
    """Answers with the request's path and body, now at once, now late, now in chunks, now over the last answer."""
    while True:
        arrived = await line.take()
        path = arrived.line.split(b" ")[1]
        chance = random.Random(path)
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))
        body = path + b" " + arrived.body
        if chance.random() < 0.5:
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            await line.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await line.say(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


async def test_everybody_gets_their_own_answer() -> None:
    async with opened(echo) as door:
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(_client(door, number))
        async with asyncio.timeout(2):
            while door.rt.leases.in_flight():  # noqa: ASYNC110 (what is waited for sets no event)
                await asyncio.sleep(0.01)
        assert len(door.records) == CLIENTS * ROUNDS
        assert len({record.id for record in door.records}) == CLIENTS * ROUNDS
        assert (await door.get(b"/after")).body == b"/after "


async def _client(door: Door, number: int) -> None:
    chance = random.Random(number)
    done = 0
    while done < ROUNDS:
        async with dialled(door.url) as client:
            for _ in range(chance.randint(1, ROUNDS - done)):
                done += 1
                path, body = b"/%d/%d" % (number, done), b"%d" % chance.randint(0, 10**9)
                post = chance.random() < 0.5
                lines = (b"Content-Length: %d" % len(body),) if post else ()
                await client.say(request(path, *lines, method=b"POST" if post else b"GET", body=body if post else b""))
                if chance.random() < 0.1:
                    await asyncio.sleep(chance.choice([0.001, 0.005]))
                    break
                got = await client.answer()
                assert (got.status, got.body) == (200, path + b" " + (body if post else b""))
