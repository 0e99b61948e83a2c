"""What is wrong within a credential, whatever the document says: two kinds at once, a place that cannot carry it."""

import re
from collections.abc import Iterator, Mapping

from bridge.config.headers import header_name, header_value
from bridge.config.problems import KeyPath, Unfit
from bridge.config.prompts import Fault
from bridge.config.schema_apis import Api
from bridge.config.schema_credentials import Carrier, Credential
from bridge.config.values import Secret

KINDS = ("key", "token", "username", "client", "exchange")
"""Exactly one of them is given; `password` belongs to `username`."""
# RFC 6265 section 4.1.1: cookie-octet, and a token for the name.
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def faults(name: str, api: Api) -> Iterator[Fault]:
    yield from _in_entries(api.credentials, ("apis", name, "credentials"))
    for position, target in enumerate(api.upstream.targets):
        path: KeyPath = ("apis", name, "upstream", "targets", position, "credentials")
        yield from _in_entries(target.credentials or {}, path)


def kinds(entry: Credential) -> tuple[str, ...]:
    """Those that are given; one, where nothing is wrong with it."""
    return tuple(kind for kind in KINDS if getattr(entry, kind) is not None)


def unfit(secret: Secret, where: Carrier, name: str) -> Unfit | None:
    """Why a key cannot go under `name` into `where`; a query parameter carries anything. The key is never quoted."""
    try:
        if where is Carrier.HEADER:
            header_name(name)
            header_value(secret)
    except Unfit as error:
        return error
    if where is Carrier.COOKIE and not _COOKIE_NAME.fullmatch(name):
        return Unfit("is no cookie's name", "write letters, digits and hyphens, as in session_id")
    if where is Carrier.COOKIE and not _COOKIE_VALUE.fullmatch(secret.reveal()):
        return Unfit("is no cookie's value", "use visible ASCII without quotes, commas, semicolons and backslashes")
    return None if name else Unfit("is empty", "write the parameter's name")


def _in_entries(entries: Mapping[str, Credential], path: KeyPath) -> Iterator[Fault]:
    for scheme, entry in entries.items():
        yield from _in_entry(entry, (*path, scheme))


def _in_entry(entry: Credential, path: KeyPath) -> Iterator[Fault]:
    given = kinds(entry)
    if len(given) != 1:
        said = f"holds {' and '.join(given)}" if given else "holds no credential"
        yield Fault(path, said, "give one of key, token, username with password, client and exchange")
        return
    if (entry.username is None) != (entry.password is None):
        missing = "password" if entry.password is None else "username"
        yield Fault(path, f"has no {missing}", "basic authentication takes username and password; either may be empty")
        return
    yield from _carried(entry, path)


def _carried(entry: Credential, path: KeyPath) -> Iterator[Fault]:
    if entry.where is None:
        if entry.name is not None:
            said = "has a name, and does not say of what"
            yield Fault(path, said, "write in: header, query or cookie; without both the document says")
        return
    if entry.key is None:
        if entry.where is not Carrier.HEADER or entry.name is not None:
            yield Fault(path, "goes into the header Authorization alone", "write in: header, without a name")
    elif entry.name is None:
        yield Fault(path, "has no name", "add the name of the header, query parameter or cookie")
    elif error := unfit(entry.key, entry.where, entry.name):
        yield Fault(path, f"cannot be carried there: the name or the key {error.what}", error.advice)
