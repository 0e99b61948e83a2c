"""Messages within a process."""

from types import TracebackType

from bridge.state.base import Ring
from bridge.state.mailbox import MOST, Mailbox


class MemoryBus:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        # Not sets, of 0.2 KB each: most channels are one stream's.
        self._boxes: dict[str, tuple[Mailbox, ...]] = {}

    async def publish(self, channel: str, message: bytes) -> None:
        for box in self._boxes.get(channel, ()):
            box.put(message)

    def subscribe(self, channel: str, ring: Ring | None = None) -> "_Subscribed":
        return _Subscribed(self._boxes, channel, Mailbox(self._most, ring))


class _Subscribed:
    """Of a generator and what makes a context of it each idle stream would hold half a KB more."""

    __slots__ = ("_box", "_boxes", "_channel")

    def __init__(self, boxes: dict[str, tuple[Mailbox, ...]], channel: str, box: Mailbox) -> None:
        self._boxes, self._channel, self._box = boxes, channel, box

    async def __aenter__(self) -> Mailbox:
        self._boxes[self._channel] = (*self._boxes.get(self._channel, ()), self._box)
        return self._box

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = tuple(box for box in self._boxes.pop(self._channel) if box is not self._box)
        if left:
            self._boxes[self._channel] = left
