"""Keys, and signatures over any bytes: libraries refuse to write what a verifier must refuse to read."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from itertools import count

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from bridge.model import Json

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, for one algorithm."""

    kid: str
    alg: str
    pair: RSAKey | ECKey | OKPKey

    @property
    def public(self) -> Json:
        return {**self.pair.as_dict(private=False), "kid": self.kid, "alg": self.alg, "use": "sig"}

    @property
    def public_pem(self) -> bytes:
        return self.pair.as_pem(private=False)


def new_key(alg: str = "RS256", kid: str | None = None) -> Key:
    """For RS256, PS256, ES256, EdDSA or Ed25519, its name since RFC 9864. No two are alike, unless in a given name."""
    if alg in {"RS256", "PS256"}:
        return Key(kid or f"key-{next(_numbers)}", alg, RSAKey.generate_key(2048))
    pair = ECKey.generate_key("P-256") if alg == "ES256" else OKPKey.generate_key("Ed25519")
    return Key(kid or f"key-{next(_numbers)}", alg, pair)


def signed(header: bytes, payload: bytes, key: Key, alg: str | None = None) -> str:
    """A JWS of these very bytes, by the key's algorithm or another.

    `none` has no signature, and HS256 has one made with the public key as its secret: the old confusion.
    """
    message = b".".join((_encoded(header), _encoded(payload)))
    return b".".join((message, _encoded(_signature(message, key, alg or key.alg)))).decode()


def _signature(message: bytes, key: Key, alg: str) -> bytes:
    if alg == "none":
        return b""
    if alg == "HS256":
        return hmac.digest(key.public_pem, message, hashlib.sha256)
    return JWSRegistry.algorithms[alg].sign(message, key.pair)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
