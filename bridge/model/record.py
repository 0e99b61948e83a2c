"""What is written down about every call, whichever door it came through."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One finished call. Times in seconds, sizes in bytes; `status` is what the REST door answers or would answer."""

    id: str
    door: str
    principal: str
    api: str
    operation: str
    tool: str
    method: str
    status: int
    verdict: str
    """"allowed", "input_required" where a person has to answer first, or the code of the refusal."""
    rule: str
    origin: str
    target: str
    received: float
    duration: float
    request_bytes: int
    response_bytes: int
    truncated: bool = False
    gone: bool = False
    """The client left before the answer was complete."""
    reported: tuple[str, ...] = ()
    cause: str = ""
    """Where an upstream failed: its address, and what went wrong there. No caller is told."""
    broken: bool = False
    """The answer is not what its declared schema says. Known of answers to agents only."""
