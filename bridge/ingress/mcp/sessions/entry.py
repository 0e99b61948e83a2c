"""The way into a session: `initialize` begins one, and its id leads back to it."""

from bridge.ingress.mcp.eras import REVISIONS, UNNAMED, Revision
from bridge.ingress.mcp.exchange import Exchange, Subscribe
from bridge.ingress.mcp.headers import SESSION, VERSION, plain
from bridge.ingress.mcp.refusals import InvalidRequest
from bridge.ingress.mcp.sessions.record import end, find, keep, new_id, used_capabilities, watch
from bridge.model import Call, Headers, Session, SessionGone
from bridge.pipeline.authenticate import NO_SESSION
from bridge.pipeline.owning import owner
from bridge.pipeline.run import gate
from bridge.pipeline.runtime import Runtime
from bridge.state.base import Shared


async def begin(exchange: Exchange, version: str) -> Headers:
    """The `OpenSession` of Streamable HTTP."""
    principal, shared = exchange.call.principal, exchange.rt.shared
    assert principal is not None
    assert shared is not None
    declared = used_capabilities(exchange.message.params.get("capabilities"))
    session = Session(new_id(), owner(principal), exchange.toolset.name, version, declared)
    await keep(shared, session)
    return ((SESSION, session.id.encode()),)


async def entered(rt: Runtime, call: Call, fields: dict[bytes, bytes], toolset: str) -> tuple[Session, Revision]:
    """The session that a request's headers name, and what it speaks. Whose it is, authentication finds out.

    Raises SessionGone, StateUnavailable; InvalidRequest for a version that is not the session's; and for an unknown
    session whatever stands before it: guessing ids is limited as any other request is.
    """
    assert rt.shared is not None
    session = await find(rt.shared, plain(fields, SESSION) or "")
    if session is None or session.toolset != toolset:
        await gate(rt, call)
        raise SessionGone(NO_SESSION)
    call.session = session
    said = plain(fields, VERSION)
    # 2025-11-25, Protocol Version Header: the client must send the negotiated one; before 2025-06-18 there was none.
    if said is not None and said != session.revision:
        await gate(rt, call)
        raise InvalidRequest(f"this session speaks {session.revision}, and mcp-protocol-version says otherwise")
    return session, REVISIONS[session.revision]


def check_batch(revision: Revision) -> None:
    """Raises InvalidRequest."""
    if revision is not UNNAMED:
        raise InvalidRequest("the body must be a single JSON-RPC message: this session's revision has no batches")


async def leave(rt: Runtime, call: Call, session: Session) -> None:
    """Raises StateUnavailable, SessionGone for somebody else's."""
    await gate(rt, call)
    assert rt.shared is not None
    await end(rt.shared, session.id)


def subscriber(shared: Shared, session: Session) -> Subscribe:
    async def subscribe(uri: str, wanted: bool) -> None:  # noqa: FBT001 - as `Subscribe` has it
        await watch(shared, session.id, uri, wanted=wanted)

    return subscribe
