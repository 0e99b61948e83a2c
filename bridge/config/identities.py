"""Values of the sections about callers: issuers' URLs, networks, conditions, selectors of operations by API."""

import re
from ipaddress import ip_network
from typing import Annotated, TypeAlias

import cel
from pydantic import AfterValidator, WithJsonSchema

from bridge.config.names import selector, split_or_nothing, split_url
from bridge.config.problems import Unfit
from bridge.config.values import Text
from bridge.model.conditions import LONGEST, Effort, unknown_names

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_RESERVED = frozenset({"anonymous", "api_keys", "certificates"})
# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def issuer_name(value: str) -> str:
    if not _NAME.fullmatch(value) or value in _RESERVED:
        raise Unfit("is not a name for an issuer", "write a lower-case word that is no authenticator's, as in corp")
    return value


def rule_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise Unfit("is not a name for a rule", "write lower-case letters, digits and hyphens, a letter first")
    return value


def secure_url(value: str) -> str:
    """https, or http on this machine: whoever can read the way there can become the issuer."""
    parts = split_url(value)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise Unfit("is not an https URL", "write https://…; http is taken for loopback addresses alone")
    return value


def issuer(value: str) -> str:
    """RFC 8414 section 2: a URL "that has no query or fragment components". It is compared by exact string."""
    secure_url(value)
    if "?" in value or "#" in value:
        raise Unfit("has a query or a fragment", "write the issuer exactly as its tokens have it in `iss`")
    return value


def audience(value: str) -> str:
    if not value or not value.isprintable():
        raise Unfit("is no audience", "write what the issuer puts into `aud`")
    return value


def scope(value: str) -> str:
    if not _SCOPE.fullmatch(value):
        raise Unfit("is not a scope", "write visible ASCII without spaces, quotes and backslashes, as in orders:read")
    return value


def network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise Unfit("is no network", "write an address or a network, as in 10.0.0.0/8 or 192.0.2.7") from error


def condition(value: str) -> str:
    """A CEL expression over `args`, `principal` and `operation`."""
    if len(value) > LONGEST:
        raise Unfit(f"has more than {LONGEST:,} characters", "split the rule")
    try:
        program = cel.compile(value)
    except ValueError as error:
        told = str(error).split("ERROR: <input>:", 1)[-1].splitlines()[0][:200]
        raise Unfit(f"is no CEL expression: {told}", "write it as in args.amount <= 100", quotable=False) from error
    strange = unknown_names(value, program.variables())
    if strange:
        raise Unfit(
            f"speaks of {strange[0][:50]}, which is not known", "use args.NAME, principal.NAME and operation.NAME",
            quotable=False,
        )  # fmt: skip
    if not Effort.of(value).fits(0):
        raise Unfit("may take too long", "nest fewer of all, exists, exists_one, map and filter", quotable=False)
    return value


def operations(value: str) -> str:
    """A selector, or one of a single API: `orders/tag:public`, `orders/GET /orders/**`, `orders/getOrder`."""
    api, slash, rest = value.partition("/")
    if slash and rest and _NAME.fullmatch(api):
        return f"{api}/{selector(rest)}"
    return selector(value)


def token_type(value: str) -> str:
    """The `typ` of a token's header, without the `application/` that RFC 7515 section 4.1.9 lets senders leave out."""
    return value.lower().removeprefix("application/")


def token_url(value: str) -> str:
    secure_url(value)
    if split_or_nothing(value).fragment:
        raise Unfit("has a fragment", "leave out what follows the #")
    return value


def _text(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


_NAMED = WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
IssuerName: TypeAlias = Annotated[Text, AfterValidator(issuer_name), _NAMED]
RuleName: TypeAlias = Annotated[Text, AfterValidator(rule_name), _NAMED]
IssuerUrl: TypeAlias = Annotated[Text, AfterValidator(issuer), _text("https://id.example.com")]
SecureUrl: TypeAlias = Annotated[Text, AfterValidator(token_url), _text("https://id.example.com/jwks")]
Audience: TypeAlias = Annotated[Text, AfterValidator(audience), _text("https://gw.example.com/mcp")]
Scope: TypeAlias = Annotated[Text, AfterValidator(scope), _text("orders:read")]
Network: TypeAlias = Annotated[Text, AfterValidator(network), _text("10.0.0.0/8")]
Condition: TypeAlias = Annotated[Text, AfterValidator(condition), _text("args.amount <= 100")]
Operations: TypeAlias = Annotated[Text, AfterValidator(operations), _text("orders/tag:public")]
TokenType: TypeAlias = Annotated[Text, AfterValidator(token_type), _text("at+jwt")]
