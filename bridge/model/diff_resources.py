"""What a reader would notice between the resources of two catalogues: of those that are listed."""

from collections.abc import Iterator, Mapping

from bridge.model.catalog import Altered, Catalog, Differing
from bridge.model.resource import Resource


def resources(old: Catalog, new: Catalog, *, several: bool) -> Differing:
    """One whose address changed is changed, and breaks its readers: they hold the old one."""
    before, after = _by_place(old, several=several), _by_place(new, several=several)
    places = {key: key for key in before.keys() & after.keys()} | _moved(before, after)
    return Differing(
        added=tuple(sorted(after[key].uri for key in after.keys() - places.values())),
        removed=tuple(sorted(before[key].uri for key in before.keys() - places.keys())),
        changed=tuple(change for was, now in sorted(places.items()) for change in _changes(before[was], after[now])),
    )


def _by_place(catalog: Catalog, *, several: bool) -> dict[tuple[str, str], Resource]:
    return {
        (one.api if several else "", catalog.operations[one.api, one.operation].key): one
        for one in catalog.resources
        if one.listed
    }


def _moved(
    before: Mapping[tuple[str, str], Resource], after: Mapping[tuple[str, str], Resource]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Old place → new place of those that kept their addresses."""
    arrived = {after[place].uri: place for place in after.keys() - before.keys()}
    left = {place: before[place].uri for place in before.keys() - after.keys()}
    return {place: arrived[uri] for place, uri in left.items() if uri in arrived}


def _changes(old: Resource, new: Resource) -> Iterator[Altered]:
    if old.uri != new.uri:
        yield Altered(new.uri, f"its address was {old.uri}", breaking=True)
    if old.media_type != new.media_type:
        was, now = old.media_type or "no media type", new.media_type or "no media type"
        yield Altered(new.uri, f"{now} in place of {was}", breaking=bool(old.media_type))
    if old.name != new.name:
        yield Altered(new.uri, f"renamed from {old.name}", breaking=False)
    if (old.title, old.description) != (new.title, new.description):
        yield Altered(new.uri, "description changed", breaking=False)
    if (old.audience, old.priority) != (new.audience, new.priority):
        yield Altered(new.uri, "annotations changed", breaking=False)
