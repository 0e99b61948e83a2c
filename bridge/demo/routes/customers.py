"""Customers: pages by cursor, merge patches, conditional reads, and a PIN that goes in but never comes out."""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

import hashlib
import secrets
import sqlite3
from collections.abc import Callable

from starlette.responses import Response

from bridge.demo.contract import Json
from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import after, created, found, no_content, page_reply, tagged
from bridge.demo.store import Row, Store, now

_FIELDS = "id, name, email, phone, tier, tags_json, address_json, created"


def list_customers(store: Store, arguments: Arguments) -> Response:
    conditions, values = ["id > ?"], [after(arguments)]
    if arguments["q"] is not None:
        conditions.append("instr(in_any_case(name || ' ' || email), in_any_case(?))")
        values.append(arguments["q"])
    if arguments["ids"] is not None:
        conditions.append(f"id IN ({', '.join('?' * len(arguments['ids']))})")
        values.extend(arguments["ids"])
    for tag in arguments["tags"] or ():
        conditions.append("EXISTS (SELECT 1 FROM json_each(tags_json) WHERE value = ?)")
        values.append(tag)
    sql = f"SELECT {_FIELDS} FROM customers WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?"
    return page_reply(arguments, store.rows(sql, *values, arguments["limit"] + 1))


def create_customer(store: Store, arguments: Arguments) -> Response:
    given = arguments.body
    with store.transaction():
        key = _write(given, lambda: store.insert("customers", new_customer(given)))
        return created(_customer(store, key), f"/customers/{key}")


def get_customer(store: Store, arguments: Arguments) -> Response:
    return tagged(_customer(store, arguments["customerId"]), arguments["If-None-Match"])


def update_customer(store: Store, arguments: Arguments) -> Response:
    key, patch = arguments["customerId"], arguments.body
    with store.transaction():
        changed = {name: value for name, value in patch.items() if name not in ("address", "pin")}
        if "tags" in changed:
            changed["tags_json"] = changed.pop("tags")
        if "address" in patch:
            changed["address_json"] = _patched_address(_customer(store, key)["address"], patch["address"])
        if "pin" in patch:
            changed["pin"] = _sealed(patch["pin"])
        _customer(store, key)
        _write(patch, lambda: store.update("customers", key, changed))
        return tagged(_customer(store, key))


def delete_customer(store: Store, arguments: Arguments) -> Response:
    key = arguments["customerId"]
    try:
        removed = store.run("DELETE FROM customers WHERE id = ?", key)
    except sqlite3.IntegrityError:
        raise Problem(409, f"customer {key} has orders and has to stay") from None
    return no_content() if removed else _missing(key)


def new_customer(given: Row) -> Row:
    """The columns of a new customer, as the API takes one."""
    return {
        "name": given["name"],
        "email": given["email"],
        "phone": given.get("phone"),
        "tier": given.get("tier", "standard"),
        "tags_json": given.get("tags", []),
        "address_json": given.get("address"),
        "pin": _sealed(given.get("pin")),
        "created": given.get("seeded", now()),
    }


def _customer(store: Store, key: int) -> Row:
    return found(store.one(f"SELECT {_FIELDS} FROM customers WHERE id = ?", key), f"customer {key}")


def _missing(key: int) -> Response:
    raise Problem(404, f"there is no customer {key}")


def _write(given: Row, write: Callable[[], int]) -> int:
    try:
        return write()
    except sqlite3.IntegrityError:
        raise Problem(409, f"the e-mail address {given.get('email')!r} belongs to another customer") from None


def _patched_address(stored: Json, patch: Json) -> Json:
    """RFC 7396 one level down; what it leaves must still be an address."""
    if patch is None:
        return None
    merged = {key: value for key, value in {**(stored or {}), **patch}.items() if value is not None}
    if missing := [key for key in ("street", "city", "country") if key not in merged]:
        raise Problem(400, f"body at /address: {missing[0]!r} is missing and none is stored yet")
    return merged


def _sealed(pin: str | None) -> str | None:
    if pin is None:
        return None
    salt = secrets.token_bytes(8)
    return f"{salt.hex()}:{hashlib.scrypt(pin.encode(), salt=salt, n=1024, r=8, p=1).hex()}"


HANDLERS = {
    "listCustomers": list_customers,
    "createCustomer": create_customer,
    "getCustomer": get_customer,
    "probeCustomer": get_customer,
    "updateCustomer": update_customer,
    "deleteCustomer": delete_customer,
}
