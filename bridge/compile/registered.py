"""APIs that were registered while the gateway runs: how one is written down, and how it joins the configuration.

A registration is one line of JSON and, where the document came with it, the document, compressed (zlib): it is stored
with others in one Redis and sent to every replica. The configuration file wins: an
API that it names, or whose place it takes, is not served from a registration. Among registrations the older one wins.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import orjson

from bridge.compile.apis import Loaded, load_apis
from bridge.config import ConfigInvalid, Problem, Settings
from bridge.config.clashes import clashes
from bridge.config.names import API_NAME
from bridge.config.problems import KeyPath, Place, problem_at
from bridge.config.schema_apis import Api
from bridge.config.settle import settle
from bridge.config.tree import Tree
from bridge.importer import Budgets
from bridge.model import Finding, Json, Severity

WHERE = "registration"
INLINE = "registered:"
"""What the name of a document begins with that came with its registration."""
_ELSEWHERE = "https://registered.invalid/"


@dataclass(frozen=True, slots=True)
class Registered:
    """`changed` is in seconds since 1970; of two registrations of one name the later one holds. `first` is when the
    name was registered, however often it was changed since: who came first is the same on every replica and after every
    start. `url` is None where the document came with it. `gone` says that there is none any more, so that older ones
    elsewhere are forgotten too."""

    name: str
    changed: float
    raw: bytes
    url: str | None = None
    options: Json = None
    gone: bool = False
    first: float = 0.0

    @classmethod
    def made(
        cls, name: str, changed: float, url: str | None, options: Json, document: bytes = b"", *, first: float = 0.0
    ) -> Self:
        """`first` is left out for a name that was not registered before."""
        first = first or changed
        head: Json = {"name": name, "changed": changed, "url": url, "options": options, "first": first}
        raw = orjson.dumps(head) + b"\n" + zlib.compress(document, 6)
        return cls(name, changed, raw, url, options, first=first)

    @classmethod
    def removed(cls, name: str, changed: float) -> Self:
        raw = orjson.dumps({"name": name, "changed": changed, "gone": True}) + b"\n"
        return cls(name, changed, raw, gone=True)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Raises ValueError for what is no registration."""
        head: Json = orjson.loads(raw[: raw.find(b"\n") + 1])
        try:
            name, changed = str(head["name"]), float(head["changed"])
            first = float(head.get("first", changed))
            url, options = head.get("url"), head.get("options")
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no registration: {error}") from error
        if not re.fullmatch(API_NAME, name):
            raise ValueError(f"{name[:100]!r} is no name of an API")
        return cls(name, changed, raw, url, options, gone=head.get("gone") is True, first=first)

    def document(self) -> bytes | None:
        """None where it is at a URL; nothing where it cannot be read any more, which its import will say."""
        if self.url is not None:
            return None
        packed = self.raw[self.raw.index(b"\n") + 1 :]
        try:
            return zlib.decompressobj().decompress(packed, Budgets().bytes + 1)
        except zlib.error:
            return b""


@dataclass(frozen=True, slots=True)
class Joined:
    """The settings with the registered APIs in them, their documents, and what was left out and why."""

    settings: Settings
    inline: Mapping[str, bytes]
    findings: tuple[Finding, ...]


def joined(settings: Settings, registrations: Iterable[Registered]) -> Joined:
    inline: dict[str, bytes] = {}
    findings: list[Finding] = []
    for one in sorted(registrations, key=lambda one: (one.first, one.name)):
        if one.gone or one.name in settings.apis:
            continue
        try:
            settings = with_api(settings, one)
        except ConfigInvalid as error:
            findings += (_left_out(one.name, problem) for problem in error.problems)
            continue
        document = one.document()
        if document is not None:
            inline[one.name] = document
    return Joined(settings, inline, tuple(findings))


def load_all(settings: Settings, registrations: Iterable[Registered]) -> tuple[Settings, Loaded]:
    """What is configured and what is registered, imported. Raises NothingLoaded, ImportFailed for a broken lock."""
    together = joined(settings, registrations)
    later = [name for name in together.settings.apis if name not in settings.apis]
    loaded = load_apis(together.settings, inline=together.inline, later=later)
    catalog = replace(loaded.catalog, findings=(*together.findings, *loaded.catalog.findings))
    contents = f"{loaded.contents} {together.findings}" if together.findings else loaded.contents
    return together.settings, replace(loaded, catalog=catalog, contents=contents)


def with_api(settings: Settings, one: Registered) -> Settings:
    """Raises ConfigInvalid for options that are wrong, or that collide with what is configured."""
    api = _api(one)
    whole = settings.model_copy(update={"apis": {**settings.apis, one.name: api}})
    problems = list(_clashes(whole, one.name))
    if problems:
        raise ConfigInvalid(problems)
    return whole


def _api(one: Registered) -> Api:
    """The keys are those of `apis.<name>`. They are read as JSON, so nothing is filled in from the environment."""
    options = one.options if isinstance(one.options, dict) else {}
    problems = list(_unfit(options, one.name))
    if problems:
        raise ConfigInvalid(problems)
    place = {} if options.keys() & {"prefix", "host"} else {"prefix": f"/{one.name}"}
    spec = one.url if one.url is not None else _ELSEWHERE
    tree = Tree(WHERE, {"apis": {one.name: {**place, **options, "spec": spec}}})
    api = settle(tree, Path()).apis[one.name]
    return api if one.url is not None else api.model_copy(update={"spec": f"{INLINE}{one.name}"})


def _unfit(options: Mapping[str, Json], name: str) -> Iterator[Problem]:
    """What a file may say and a registration may not: which files of this machine are read is its operator's word."""
    if "spec" in options:
        yield _problem(("apis", name, "spec"), "is no option", "give `document` or `url` beside the options")
    upstream = options.get("upstream")
    if isinstance(upstream, dict) and "client_certificate" in upstream:
        yield _problem(
            ("apis", name, "upstream", "client_certificate"), "is no option", "a registration reads no files"
        )
    overlays = options.get("overlays")
    for index, overlay in enumerate(overlays if isinstance(overlays, list) else ()):
        if not isinstance(overlay, str) or not on_the_web(overlay):
            yield _problem(
                ("apis", name, "overlays", index), "is no http or https URL", "a registration reads no files"
            )


def on_the_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _clashes(settings: Settings, name: str) -> Iterator[Problem]:
    mine = ("apis", name)
    for clash in clashes(settings):
        if mine in {clash.path[:2], (clash.other or ())[:2]} and clash.path != (*mine, "spec"):
            other = f" {'.'.join(map(str, clash.other))}" if clash.other else ""
            yield _problem(clash.path, f"{clash.message}{other}", clash.advice)


def _problem(path: KeyPath, message: str, advice: str) -> Problem:
    return problem_at(Place(WHERE), path, message, advice)


def _left_out(name: str, problem: Problem) -> Finding:
    return Finding(
        "registration-left-out", Severity.ERROR, problem.path, problem.message, lost="the whole API",
        advice=problem.advice or "register it anew", source=WHERE, api=name,
    )  # fmt: skip
