"""How a driver talks with the test that started it: a JSON object a line, results and wishes out, answers in.

Standard library alone: some drivers run in environments of their own.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Step = Callable[[], Awaitable[Any]]


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


async def do(step: str, doing: Awaitable[Any], within: float = 15.0) -> Any:
    """One step's result; a failure is one too, and ends no other step."""
    try:
        got = await asyncio.wait_for(doing, within)
    except Exception as error:
        say(step=step, failed=f"{type(error).__name__}: {error}"[:2000])
        return None
    say(step=step, got=got)
    return got
