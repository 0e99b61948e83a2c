"""Who calls. A 401 comes before we admit that a path exists."""

from bridge.model import Call, Grant, Principal, PrincipalKind, SessionGone
from bridge.pipeline.owning import owner
from bridge.pipeline.peers import site
from bridge.pipeline.runtime import Runtime

ALLOW_ALL = Grant()
NO_SESSION = "there is no session of this id (any more); begin one with initialize"


async def authenticate(rt: Runtime, call: Call) -> Principal:
    """Raises Unauthenticated, SessionGone, and what the authenticator does besides."""
    principal = await rt.authenticator.authenticate(call)
    # A session is no credential: whoever learned its id has learned nothing.
    if call.session is not None and call.session.principal != owner(principal):
        raise SessionGone(NO_SESSION)
    return principal


class Operator:
    """Whoever runs the command line with the configuration, and all its secrets, in their hands."""

    async def authenticate(self, call: Call) -> Principal:
        return Principal("operator", PrincipalKind.PERSON, ALLOW_ALL, "operator", method="operator")


class Anonymous:
    """Everybody is the same nobody; their limits are told apart by address."""

    async def authenticate(self, call: Call) -> Principal:
        return Principal("anonymous", PrincipalKind.ANONYMOUS, ALLOW_ALL, f"peer:{site(call.peer)}")
