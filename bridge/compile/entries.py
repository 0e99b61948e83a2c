"""One credential of the settings, with the security scheme that it is for, becomes what is put on requests."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from bridge.compile.routes import foreign
from bridge.config.credentials import kinds, unfit
from bridge.config.identities import token_url
from bridge.config.problems import Unfit
from bridge.config.schema_apis import Api as ApiSettings
from bridge.config.schema_credentials import Carrier, ClientAuth, Credential
from bridge.config.schema_credentials import Client as ClientSettings
from bridge.config.values import Secret
from bridge.egress.credentials import Attachment
from bridge.egress.credentials.fixed import Fixed, basic, bearer
from bridge.egress.credentials.issued import OfCaller, OfClient
from bridge.egress.credentials.oauth import Client
from bridge.egress.credentials.place import Place
from bridge.egress.credentials.tokens import Tokens
from bridge.egress.upstream import Upstream
from bridge.model import SecurityScheme, Where

_URL = "/%:=&?~+!$,;'@()*[]"  # what a path and a query may hold as it is, and what is encoded already

# What each kind is for, by type and, for http, scheme.
_FITS: Mapping[str, frozenset[str]] = {
    "key": frozenset({"apiKey"}),
    "token": frozenset({"http bearer", "oauth2", "openIdConnect"}),
    "username": frozenset({"http basic"}),
    "client": frozenset({"http bearer", "oauth2", "openIdConnect"}),
    "exchange": frozenset({"http bearer", "oauth2", "openIdConnect"}),
}


class Misfit(Exception):
    """The credential cannot be presented as the document wants it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def attachment(
    key: str,
    api: str,
    settings: ApiSettings,
    entry: Credential,
    scheme: SecurityScheme | None,
    tokens: Tokens,
    upstream: Upstream,
) -> Attachment:
    """`key` names it. Where the entry itself says how it is carried, that counts. Raises Misfit."""
    kind = kinds(entry)[0]
    if entry.where is None:
        assert scheme is not None
        _check(kind, scheme)
    client: Callable[[ClientSettings], Client] = lambda given: _client(key, api, settings, given, scheme)  # noqa: E731
    if entry.key is not None:
        return Fixed(_place(entry, scheme, entry.key), entry.key.reveal().encode())
    if entry.token is not None:
        return bearer(entry.token.reveal())
    if entry.client is not None:
        return OfClient(client(entry.client), tokens, upstream)
    if entry.exchange is not None:
        return OfCaller(client(entry.exchange), tokens, upstream)
    assert entry.username is not None
    assert entry.password is not None
    return basic(entry.username.reveal(), entry.password.reveal())


def _check(kind: str, scheme: SecurityScheme) -> None:
    wanted = f"http {scheme.scheme}" if scheme.type == "http" else scheme.type
    if wanted not in _FITS[kind]:
        fitting = [
            ("username and password" if one == "username" else one) for one, types in _FITS.items() if wanted in types
        ]
        advice = f"give {' or '.join(fitting)}" if fitting else "nothing of the gateway's fits such a scheme"
        given = "user and password" if kind == "username" else f"a {kind}"
        raise Misfit(f"the scheme {scheme.id!r} is {wanted or 'of no type'}, which {given} does not fit", advice)


def _place(entry: Credential, scheme: SecurityScheme | None, secret: Secret) -> Place:
    carrier, name = (entry.where, entry.name) if entry.where else (None, scheme.name if scheme else None)
    try:
        where = carrier or Carrier(scheme.where if scheme else "")
    except ValueError as error:
        raise Misfit("the document does not say where this key goes", "say it with `in` and `name`") from error
    if (wrong := unfit(secret, where, name or "")) is not None:
        raise Misfit(f"it cannot go into the {where.value} {name!r}: the name or the key {wrong.what}", wrong.advice)
    assert name is not None
    return Place(Where(where.value), name.lower() if where is Carrier.HEADER else name)


def _client(
    key: str, api: str, settings: ApiSettings, given: ClientSettings, scheme: SecurityScheme | None
) -> Client:  # fmt: skip
    parts = urlsplit(given.token_url or _documented(settings, scheme))
    query = f"?{parts.query}" if parts.query else ""
    return Client(
        key=key,
        api=api,
        origin=f"{parts.scheme}://{parts.netloc}",
        target=quote(f"{parts.path or '/'}{query}", safe=_URL),
        id=given.id,
        secret=given.secret.reveal(),
        basic=given.auth is ClientAuth.BASIC,
        scopes=given.scopes,
        audience=given.audience,
        resource=given.resource,
    )


def _documented(settings: ApiSettings, scheme: SecurityScheme | None) -> str:
    """A stranger who could name the token endpoint would be sent the client's secret."""
    flow = scheme.flows.get("clientCredentials") if scheme is not None else None
    url = flow.get("tokenUrl") if isinstance(flow, dict) else None
    if not isinstance(url, str) or not url:
        raise Misfit("the document names no token endpoint for it", "give its token_url")
    if foreign(settings, own=True):
        raise Misfit("the document comes from the network, and may not say where a secret goes", "give its token_url")
    try:
        return token_url(url)
    except Unfit as error:
        raise Misfit(f"the tokenUrl of the document {error.what}", "give its token_url") from error
