"""Who calls. A 401 comes before we admit that a path exists."""

from bridge.model import Call, Grant, Principal, PrincipalKind
from bridge.pipeline.runtime import Runtime

ALLOW_ALL = Grant()


async def authenticate(rt: Runtime, call: Call) -> Principal:
    return await rt.authenticator.authenticate(call)


class Anonymous:
    """Everybody is the same nobody; their limits are told apart by address."""

    async def authenticate(self, call: Call) -> Principal:
        return Principal("anonymous", PrincipalKind.ANONYMOUS, ALLOW_ALL, f"peer:{call.peer}")
