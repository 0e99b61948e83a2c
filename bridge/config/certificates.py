"""The files of certificates and keys that a configuration names: to be read, and to be watched."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.config.prompts import Fault
from bridge.config.schema import Settings
from bridge.config.schema_apis import Api


def files(settings: Settings) -> Iterator[Path]:
    """Of the listeners as of the upstreams."""
    for tls in (settings.tls, settings.admin.tls if settings.admin else None):
        if tls is not None:
            yield from filter(None, (tls.certificate, tls.key, tls.client_ca))
    for api in settings.apis.values():
        yield from (file for _, file in _of_upstream(api))


def faults(apis: Mapping[str, Api]) -> Iterator[Fault]:
    """What is in them is found out where they are read."""
    for name, api in apis.items():
        for key, file in _of_upstream(api):
            if not file.is_file():
                yield Fault(
                    ("apis", name, "upstream", "client_certificate", key),
                    "names a file that does not exist",
                    "paths start at the configuration's folder",
                )


def _of_upstream(api: Api) -> Iterator[tuple[str, Path]]:
    given = api.upstream.client_certificate
    if given is not None:
        pairs = (("certificate", given.certificate), ("key", given.key), ("ca", given.ca))
        yield from ((key, file) for key, file in pairs if file is not None)
