"""A discriminator's word on the branches of `oneOf` and `anyOf`: each gets the value that selects it.

With it, an agent sees which value belongs to which branch, and a value cannot satisfy two of them.
"""

from collections.abc import Iterator

from bridge.importer.refs import At, Dangling, Refs
from bridge.model import Json

DEEPEST = 16


def select_branches(refs: Refs, out: dict[str, Json], at: At) -> None:
    """Adds to the converted branches in `out`, which refer to components, what the document at `at` says of them."""
    raw = at.value["discriminator"]
    name = raw.get("propertyName") if isinstance(raw, dict) else raw
    if not isinstance(name, str):
        return
    places = dict(_branches(refs, at))
    values = _mapped_values(refs, at, raw)
    for keyword in ("oneOf", "anyOf"):
        for branch in out.get(keyword, ()):
            key = branch.get("$ref") if isinstance(branch, dict) else None
            if key not in places or "properties" in branch:
                continue
            implied = [places[key].pointer.rpartition("/")[2]]
            chosen = _possible(refs, places[key], name, values.get(key, implied))
            if chosen:
                only = {"const": chosen[0]} if len(chosen) == 1 else {"enum": chosen}
                branch |= {"properties": {name: only}, "required": [name]}


def _branches(refs: Refs, at: At) -> Iterator[tuple[str, At]]:
    for keyword in ("oneOf", "anyOf"):
        parts = at.value.get(keyword)
        for position in range(len(parts)) if isinstance(parts, list) else ():
            target = _followed(refs, at.child(keyword).child(position))
            if target is not None:
                yield target.key, target


def _mapped_values(refs: Refs, at: At, raw: Json) -> dict[str, list[str]]:
    """Component key → the values that `mapping` gives it. OpenAPI allows a name or a URI reference in a mapping."""
    mapping = raw.get("mapping") if isinstance(raw, dict) else None
    found: dict[str, list[str]] = {}
    for value, ref in mapping.items() if isinstance(mapping, dict) else ():
        for spelling in (ref, f"#/components/schemas/{ref}") if isinstance(ref, str) else ():
            target = _followed(refs, At({"$ref": spelling}, at.doc, at.pointer))
            if target is not None:
                found.setdefault(target.key, []).append(value)
                break
    return found


def _possible(refs: Refs, branch: At, name: str, values: list[str]) -> list[str]:
    """Those that the branch's own schema takes: documents name a value by component where the branch wants another."""
    allowed = _allowed(refs, branch, name, 0)
    return values if allowed is None else [value for value in values if value in allowed]


def _allowed(refs: Refs, at: At, name: str, depth: int) -> list[Json] | None:
    """What `const` or `enum` leave the property, through `allOf`; None when neither is there."""
    target = _followed(refs, at)
    if target is None or not isinstance(target.value, dict) or depth > DEEPEST:
        return None
    properties = target.value.get("properties")
    if isinstance(properties, dict) and name in properties:
        own = _followed(refs, target.child("properties").child(name))
        if own is not None and isinstance(own.value, dict):
            if "const" in own.value:
                return [own.value["const"]]
            if isinstance(own.value.get("enum"), list):
                return list(own.value["enum"])
    parts = target.value.get("allOf")
    for position in range(len(parts)) if isinstance(parts, list) else ():
        allowed = _allowed(refs, target.child("allOf").child(position), name, depth + 1)
        if allowed is not None:
            return allowed
    return None


def _followed(refs: Refs, at: At) -> At | None:
    try:
        return refs.follow(at)
    except Dangling:
        return None
