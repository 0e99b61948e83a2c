"""What clients carry for us and must neither read nor change: AES-256-GCM, with a key per purpose.

Every key is drawn from a random one in the shared store, whatever the configuration adds. So replicas open each other's
seals, and where the store has been lost, and with it the record of what was used up, nothing sealed before opens.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.state.base import Store

KEPT_AT = "seal:key"
_VERSION = b"\x01"
_NONCE = 12


class NotSealed(ValueError):
    """Not sealed here, not for this purpose, or changed since."""


async def seal(store: Store, secret: bytes, purpose: str, content: bytes) -> str:
    """ASCII text, a third longer than `content`. Raises StateUnavailable."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(_derived(await _root(store), secret, purpose)).encrypt(nonce, content, _VERSION)
    return urlsafe_b64encode(_VERSION + nonce + sealed).rstrip(b"=").decode("ascii")


async def unseal(store: Store, secret: bytes, purpose: str, text: str) -> bytes:
    """Raises NotSealed, StateUnavailable."""
    raw = _decoded(text)
    root = await store.get(KEPT_AT)
    if root is None or raw[:1] != _VERSION or len(raw) <= 1 + _NONCE:
        raise NotSealed
    try:
        return AESGCM(_derived(root, secret, purpose)).decrypt(raw[1 : 1 + _NONCE], raw[1 + _NONCE :], _VERSION)
    except InvalidTag as error:
        raise NotSealed from error


def _decoded(text: str) -> bytes:
    """The last character may hold bits that mean nothing: only one spelling of them is taken."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise NotSealed from error
    if urlsafe_b64encode(raw).rstrip(b"=") != text.encode("ascii"):
        raise NotSealed
    return raw


async def _root(store: Store) -> bytes:
    """Made by whichever replica needs it first, and kept for good."""
    root = await store.get(KEPT_AT)
    if root is None:
        await store.put(KEPT_AT, secrets.token_bytes(32), None, fresh=True)
        root = await store.get(KEPT_AT)
    assert root is not None
    return root


def _derived(root: bytes, secret: bytes, purpose: str) -> bytes:
    """HKDF (RFC 5869) with SHA-256 for the single block that AES-256 takes; `root` is the salt."""
    extracted = hmac.digest(root, secret or root, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")
