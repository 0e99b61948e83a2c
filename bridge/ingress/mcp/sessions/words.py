"""What the parts of a session tell one another over the bus, whichever replica each of them runs on."""

from dataclasses import dataclass

import orjson

from bridge.model import Json
from bridge.state.base import Shared

CANCEL, ANSWER, END, WATCH, SPEAK, LEFT, TELL = "cancel", "answer", "end", "watch", "speak", "left", "tell"
"""A request is cancelled; a question was answered; the session is over; its subscriptions are other ones; a stream
tells the news from now on; that stream has ended; a message for the client of an HTTP+SSE session."""

_TELLS = b">"


@dataclass(frozen=True, slots=True)
class Word:
    """`about` is a request's or a question's id as JSON text, or a stream's name; `content` what came back."""

    kind: str
    about: str = ""
    content: Json = None
    message: bytes = b""


def channel(session: str) -> str:
    return f"session:{session}"


async def say(shared: Shared, session: str, kind: str, about: str = "", content: Json = None) -> None:
    """Raises StateUnavailable."""
    await shared.bus.publish(channel(session), orjson.dumps([kind, about, content]))


async def tell(shared: Shared, session: str, message: bytes) -> None:
    """TELL, without decoding the message on its way. Raises StateUnavailable."""
    await shared.bus.publish(channel(session), _TELLS + message)


def heard(message: bytes | None) -> Word | None:
    """None where words may have been lost."""
    if message is None:
        return None
    return Word(TELL, message=message[1:]) if message[:1] == _TELLS else Word(*orjson.loads(message))
