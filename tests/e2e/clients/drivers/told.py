"""How a driver talks with the test that started it: a JSON object a line, results and wishes out, answers in.

Standard library alone: some drivers run in environments of their own.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

WITHIN = 15.0
"""Seconds for one step."""


def given() -> Any:
    """What the test wants: the plan, and where the gateway is."""
    return json.loads(sys.argv[1])


def say(**said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def want(what: str, **details: Any) -> Any:
    """Waits until the test has done it."""
    say(want=what, **details)
    return json.loads(await asyncio.to_thread(sys.stdin.readline))


async def do(step: str, doing: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    """Says what came of one step; a failure ends no other step."""
    if step in given()["skip"]:
        return
    try:
        got = await asyncio.wait_for(doing(*arguments), WITHIN)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what came of it
        say(step=step, failed=f"{type(error).__name__}: {error}"[:2000])
    else:
        say(step=step, got=got)
