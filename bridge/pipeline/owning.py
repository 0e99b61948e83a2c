"""Whose something is: sessions, questions, approvals, capabilities, budgets."""

import json

from bridge.model import Principal


def identity_of(principal: Principal) -> str:
    """An id is unique within its tenant, and among those that one issuer, or one way of recognising, has named."""
    return json.dumps(_named(principal))


def owner(principal: Principal) -> str:
    """A capability has what is its own: who holds it was handed one task of another's."""
    return json.dumps([*_named(principal), *([principal.capability] if principal.capability else [])])


def _named(principal: Principal) -> list[str]:
    return [principal.tenant, principal.issuer or principal.method, principal.id]
