"""Capabilities: a caller's own authority, narrowed for one task and handed on as a token.

What is stored is who it is for and every narrowing on the way from there; what it grants is worked out when it is
presented, from what the rules then give that caller. So it is never more than the caller has, nor more than any of
those it was made from, whatever has changed since. It ends with the first of them that ends.
"""

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.model import Budget, Grant, Holds, Json, OperationRef, Permit, Principal, PrincipalKind, Refusal
from bridge.pipeline.conditions import compile_callers
from bridge.pipeline.grants import Policy, narrowed
from bridge.pipeline.identity.handles import CAPABILITY, Handle, mint, parse
from bridge.pipeline.identity.recognised import Recognised
from bridge.pipeline.identity.tokens import Invalid
from bridge.pipeline.owning import identity_of
from bridge.state.base import Store

FAMILY = "capability"
MOST_LAYERS = 8
SHORT = 1.0
"""Seconds for which one counts as good: what is revoked on one replica is refused on all by then."""
_NONCE = 12

Resolve = Callable[[tuple[str, ...]], frozenset[OperationRef]]
"""The operations that selectors select."""


class Unfit(Refusal):
    """No capability can be made of this. `error` is the OAuth error code (RFC 6749 section 5.2, RFC 9396 section 5)."""

    code, http, title, readable = "bad_capability", 400, "No such capability", False

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is asked for: None for no narrowing in that respect. `operations` are selectors, `when` a condition,
    `seconds` how long it is to last."""

    operations: tuple[str, ...] | None = None
    when: str | None = None
    calls: int | None = None
    bytes: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One narrowing, under the id of the capability that brought it."""

    id: str
    operations: tuple[str, ...] | None = None
    when: str | None = None
    calls: int | None = None
    bytes: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """As it is kept. `principal` is whose authority it is, without a grant; `layers` are those of its ancestors too,
    the oldest first, its own last. `key` is the id of the API key at its root, if there is one. `subject` is the
    issuer's token at its root, sealed with the capability's own secret: who only reads the store cannot use it."""

    id: str
    digest: str
    principal: Principal
    layers: tuple[Layer, ...]
    key: str
    created: float
    expires: float
    subject: str = field(default="", repr=False)

    @property
    def ancestors(self) -> tuple[str, ...]:
        return tuple(layer.id for layer in self.layers[:-1])


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`ttl` in seconds, `most` for one caller. `key_stands` says whether an API key is still good, by its id."""

    store: Store
    policy: Policy
    resolve: Resolve
    ttl: float = 3600.0
    most: int = 100
    key_stands: Callable[[str], Awaitable[bool]] | None = None

    async def recognise(self, text: str) -> Recognised | None:
        """Implements `front.Recognise`. Raises Invalid, StateUnavailable."""
        handle = parse(text, CAPABILITY)
        if handle is None:
            return None
        found = await self.find(handle)
        if found is None:
            raise Invalid("no capability, or not any more")
        principal = self._narrowed(found)
        return Recognised(principal, min(time.time() + SHORT, found.expires), _unsealed(found, handle))

    async def find(self, handle: Handle) -> Capability | None:
        """Raises StateUnavailable."""
        found = await self._kept(handle.id)
        # For an unknown id too, so that it takes as long.
        same = hmac.compare_digest(_digest(handle), found.digest if found is not None else _digest(handle)[::-1])
        return found if found is not None and same and await self._stands(found) else None

    async def mint(self, parent: Principal, subject: str, asked: Narrowing) -> tuple[str, Capability]:
        """The token and what is kept of it. Raises Unfit, StateUnavailable."""
        if parent.kind is PrincipalKind.ANONYMOUS:
            raise Unfit("invalid_request", "nobody's authority cannot be narrowed")
        before = await self._kept(parent.capability) if parent.capability else None
        if parent.capability and before is None:
            raise Unfit("invalid_request", "the subject token is not valid any more")
        layers = before.layers if before is not None else ()
        if len(layers) >= MOST_LAYERS:
            raise Unfit("invalid_request", f"a capability may be narrowed {MOST_LAYERS} times")
        handle = mint(CAPABILITY)
        self._check(parent, asked)
        made = self._made(parent, before, handle, asked)
        made = replace(made, subject=_sealed(subject, handle))
        await self._keep(made)
        return handle.reveal(), made

    async def revoke(self, id: str) -> bool:
        """Whether there was one. All that were made from it end with it. Raises StateUnavailable."""
        kept = await self._kept(id)
        if kept is None:
            return False
        stood = await self._stands(kept)
        await self.store.take(f"{FAMILY}:{id}")
        await self.store.take(_place(kept))
        return stood

    async def listed(self) -> list[Capability]:
        """Those that open something, the latest first. Raises StateUnavailable."""
        found = [one for _, raw in await self.store.family(FAMILY) if (one := _read(raw)) is not None]
        live = {one.id for one in found if one.expires > time.time()}
        standing = [one for one in found if live.issuperset({one.id, *one.ancestors}) and await self._rooted(one)]
        return sorted(standing, key=lambda one: one.created, reverse=True)

    def _check(self, parent: Principal, asked: Narrowing) -> None:
        """Raises Unfit."""
        grant = parent.grant
        if asked.operations is not None:
            chosen = self.resolve(asked.operations)
            known = chosen if grant.operations is None else chosen & (grant.operations | grant.lacking.keys())
            if not known:
                raise Unfit("invalid_authorization_details", "operations: they select nothing that you may use")
        if asked.when is not None:
            try:
                _condition(asked.when)
            except ValueError as error:
                raise Unfit("invalid_authorization_details", f"when: {error}"[:300]) from error
        if asked.scopes is not None and parent.scopes is not None and not asked.scopes <= parent.scopes:
            raise Unfit("invalid_scope", "scope: the subject token does not have all of these")

    def _made(self, parent: Principal, before: Capability | None, handle: Handle, asked: Narrowing) -> Capability:
        now = time.time()
        ends = [now + min(asked.seconds or self.ttl, self.ttl)]
        ends += [parent.expires] if parent.expires is not None else []
        ends += [before.expires] if before is not None else []
        layer = Layer(handle.id, asked.operations, asked.when, asked.calls, asked.bytes, asked.tokens)
        scopes = parent.scopes if asked.scopes is None else asked.scopes
        return Capability(
            id=handle.id,
            digest=_digest(handle),
            principal=replace(parent, grant=_NOTHING, scopes=scopes, capability=handle.id, credential=handle.id),
            layers=(*(before.layers if before is not None else ()), layer),
            key=before.key if before is not None else parent.credential,
            created=now,
            expires=min(ends),
        )

    async def _keep(self, made: Capability) -> None:
        ttl = max(made.expires - time.time(), 0.001)
        place = _place(made)
        await self.store.put(place, b"1", ttl)
        # Counted with the new one in its place: of many that come together none too many stays.
        if len(await self.store.family(place.partition(":")[0])) > self.most:
            await self.store.take(place)
            raise Unfit("invalid_request", f"you have {self.most} capabilities already; revoke some, or let them end")
        await self.store.put(f"{FAMILY}:{made.id}", _written(made), ttl)

    async def _kept(self, id: str) -> Capability | None:
        raw = await self.store.get(f"{FAMILY}:{id}")
        found = _read(raw) if raw is not None else None
        return found if found is not None and found.expires > time.time() else None

    async def _stands(self, one: Capability) -> bool:
        """Whether all that it was made from still does."""
        for ancestor in one.ancestors:
            if await self._kept(ancestor) is None:
                return False
        return await self._rooted(one)

    async def _rooted(self, one: Capability) -> bool:
        """Whether the API key that it comes from is still good, if it comes from one."""
        return not one.key or self.key_stands is None or await self.key_stands(one.key)

    def _narrowed(self, one: Capability) -> Principal:
        grant = self.policy.grant(one.principal)
        for layer in one.layers:
            chosen = None if layer.operations is None else self.resolve(layer.operations)
            grant = narrowed(grant, chosen, _permit(layer))
        return replace(one.principal, grant=grant, expires=one.expires)


_NOTHING = Grant(operations=frozenset())


def _permit(layer: Layer) -> Permit:
    bounded = (layer.calls, layer.bytes, layer.tokens) != (None, None, None)
    budget = Budget(f"{FAMILY}:{layer.id}", layer.calls, layer.bytes, layer.tokens, per_caller=False)
    holds = _condition(layer.when) if layer.when is not None else None
    return Permit(f"capability:{layer.id}", holds, budget if bounded else None)


@lru_cache(maxsize=1024)
def _condition(text: str) -> Holds:
    """Raises ValueError."""
    return compile_callers(text)


def _place(one: Capability) -> str:
    """Where it is counted: with its owner's others."""
    whose = hashlib.sha256(identity_of(one.principal).encode()).hexdigest()[:32]
    return f"capabilities-{whose}:{one.id}"


def _digest(handle: Handle) -> str:
    """256 random bits need no salt."""
    return hashlib.sha256(handle.secret.encode()).hexdigest()


def _cipher(handle: Handle) -> AESGCM:
    return AESGCM(hmac.digest(handle.secret.encode(), b"subject", "sha256"))


def _sealed(subject: str, handle: Handle) -> str:
    if not subject:
        return ""
    nonce = secrets.token_bytes(_NONCE)
    return b64encode(nonce + _cipher(handle).encrypt(nonce, subject.encode(), handle.id.encode())).decode()


def _unsealed(one: Capability, handle: Handle) -> str:
    if not one.subject:
        return ""
    raw = b64decode(one.subject)
    try:
        return _cipher(handle).decrypt(raw[:_NONCE], raw[_NONCE:], handle.id.encode()).decode()
    except InvalidTag:
        return ""


def _written(one: Capability) -> bytes:
    who = one.principal
    principal = {
        "id": who.id, "kind": who.kind.value, "limit_key": who.limit_key, "tenant": who.tenant, "issuer": who.issuer,
        "client": who.client, "groups": sorted(who.groups), "claims": dict(who.claims), "actor": who.actor,
        "scopes": None if who.scopes is None else sorted(who.scopes), "method": who.method,
        "audience": None if who.audience is None else sorted(who.audience), "confirmation": who.confirmation,
    }  # fmt: skip
    return orjson.dumps(
        {
            "id": one.id,
            "digest": one.digest,
            "principal": principal,
            "layers": [asdict(layer) for layer in one.layers],
            "key": one.key,
            "created": one.created,
            "expires": one.expires,
            "subject": one.subject,
        }
    )


def _read(raw: bytes) -> Capability | None:
    """None for what is none of ours, which counts as gone."""
    try:
        kept = orjson.loads(raw)
        layers = tuple(_layer(layer) for layer in kept["layers"])
        return Capability(
            kept["id"], kept["digest"], _principal(kept["principal"], kept["id"]), layers, kept["key"],
            kept["created"], kept["expires"], kept["subject"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def _layer(kept: Mapping[str, Json]) -> Layer:
    operations = kept["operations"]
    return Layer(**{**kept, "operations": None if operations is None else tuple(operations)})


def _principal(kept: Mapping[str, Json], id: str) -> Principal:
    return Principal(
        **{
            **kept,
            "kind": PrincipalKind(kept["kind"]),
            "groups": frozenset(kept["groups"]),
            "scopes": None if kept["scopes"] is None else frozenset(kept["scopes"]),
            "audience": None if kept["audience"] is None else frozenset(kept["audience"]),
        },
        grant=_NOTHING,
        credential=id,
        capability=id,
    )
