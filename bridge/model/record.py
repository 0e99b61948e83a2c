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
    """The rule that allowed or denied it, or "allow-all"; empty where it did not come to that."""
    origin: str
    target: str
    received: float
    duration: float
    request_bytes: int
    response_bytes: int
    tenant: str = ""
    client: str = ""
    """The OAuth client, where the caller came by one."""
    actor: str = ""
    """Who acts for the principal, where somebody does."""
    identified: str = ""
    """What established the principal: "anonymous", "api_keys", "certificates", or an issuer's name."""
    capability: str = ""
    """The id of the capability that was presented."""
    policy: str = ""
    """The version of the rules that decided."""
    reason: str = ""
    """Why it was denied. No caller is told more than the refusal says."""
    truncated: bool = False
    gone: bool = False
    """The client left before the answer was complete."""
    reported: tuple[str, ...] = ()
    cause: str = ""
    """Where an upstream failed: its address, and what went wrong there. No caller is told."""
    broken: bool = False
    """The answer is not what its declared schema says. Known of answers to agents only."""
