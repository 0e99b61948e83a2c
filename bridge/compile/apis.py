"""Every configured API, imported: documents that fail cost their own API and nothing else."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from bridge.compile.collector import paused
from bridge.compile.documents import Copies
from bridge.compile.published import Unaddressed, unaddressed
from bridge.config import Settings, certificates
from bridge.config.prompts import LARGEST_FILE, files
from bridge.config.schema_apis import Api, Form, Override
from bridge.egress.fetch import FetchPolicy
from bridge.importer import Budgets, Imported, ImportFailed, Options, Profile, Sources, build, import_api
from bridge.importer import Override as ImportOverride
from bridge.importer.catalog import located
from bridge.importer.load import parse
from bridge.importer.naming import TOOL_NAME
from bridge.importer.source import named
from bridge.model import AskFor, Catalog, Finding, Severity

_log = logging.getLogger(__name__)
_NAMES = "lower-case letters, digits and underscores, a letter first, at most 48 characters"


@dataclass(frozen=True, slots=True)
class Absent:
    """An API that could not be imported, not even from a copy."""

    api: str
    error: ImportFailed


class NothingLoaded(Exception):
    """Not one API could be imported; `errors` say why, one for each."""

    def __init__(self, errors: Sequence[ImportFailed]) -> None:
        super().__init__(*errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Loaded:
    """`stale` holds the URLs that were answered from their last good copy, `documents` what people are told of each
    API, by its name. A runtime needs no more of it than the catalogue and the documents.

    `traces` say what was read, by API; `contents` is a digest of all that was.
    """

    catalog: Catalog
    imported: tuple[Imported, ...] = ()
    absent: tuple[Absent, ...] = ()
    stale: tuple[str, ...] = ()
    documents: Mapping[str, Unaddressed] = field(default_factory=dict)
    traces: Mapping[str, "Traces"] = field(default_factory=dict)
    contents: str = ""


@dataclass(frozen=True, slots=True)
class Traces:
    """The files and URLs that were read for an API, and the digests of what was in them."""

    files: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


_NO_DOCUMENTS: Mapping[str, bytes] = {}


@paused()
def load_apis(
    settings: Settings, *, lines: bool = False, inline: Mapping[str, bytes] = _NO_DOCUMENTS, later: Sequence[str] = ()
) -> Loaded:
    """Imports all APIs. `lines`: findings get their line numbers, which costs another reading of each document.
    `inline` are documents that are in no file, by the names of their APIs. The APIs of `later`, which are the last of
    the settings, take no name and no address away from those before them.

    Raises NothingLoaded, and ImportFailed for a lock of names that cannot be read.
    """
    imported: list[Imported] = []
    absent: list[Absent] = []
    extra: list[Finding] = []
    traces: dict[str, Traces] = {}
    for name, api in settings.apis.items():
        copies = Copies(settings.data / "documents", _policy(api, registered=name in later))
        try:
            found, findings, traces[name] = _import(name, api, copies, inline.get(name))
        except ImportFailed as error:
            absent.append(Absent(name, error))
            extra.append(_absent(name, error))
            continue
        imported.append(found)
        extra += findings
    if absent and not imported:
        raise NothingLoaded([one.error for one in absent])
    lock = read_lock(settings.names)
    catalog = build(imported, lock, later)
    extra += _toolless(catalog, imported)
    found_in_documents = located(catalog.findings, imported) if lines else catalog.findings
    catalog = replace(catalog, findings=(*extra, *found_in_documents))
    stale = tuple(finding.source for finding in extra if finding.id == "document-stale")
    return Loaded(
        catalog, tuple(imported), tuple(absent), stale,
        documents=unaddressed(imported),
        traces=traces,
        contents=_contents(traces, lock, extra, settings),
    )  # fmt: skip


def _contents(
    traces: Mapping[str, Traces], lock: Mapping[str, str], findings: Iterable[Finding], settings: Settings
) -> str:
    """Where it is the same and the settings are too, the catalogue is the same, and so are the prompts."""
    read = [_digest(file) for file in (*files(settings.prompts), *certificates.files(settings))]
    parts = [{name: found.digests for name, found in traces.items()}, dict(lock), list(findings), read]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _digest(file: Path) -> str:
    """Of as much as can be served; nothing where it cannot be read, which those who read it for good tell."""
    try:
        with file.open("rb") as stream:
            return hashlib.sha256(stream.read(LARGEST_FILE + 1)).hexdigest()
    except OSError:
        return ""


def _policy(api: Api, *, registered: bool) -> FetchPolicy:
    policy = FetchPolicy(allow_private=api.allow_private)
    return replace(policy, permit="set options.allow_private") if registered else policy


def _import(name: str, api: Api, online: Copies, document: bytes | None) -> tuple[Imported, list[Finding], Traces]:
    """From where the document is, else from the last good copies of what was fetched."""
    try:
        return _attempt(name, api, online, document)
    except ImportFailed as error:
        if not online.fresh:
            raise
        try:
            return _attempt(name, api, Copies(online.folder, online.policy, offline=True), document)
        except ImportFailed:
            raise error from None


def _attempt(name: str, api: Api, copies: Copies, document: bytes | None) -> tuple[Imported, list[Finding], Traces]:
    imported = _read(name, api, copies, document)
    findings = [_stale(name, named(url), why) for url, why in copies.stale.items()]
    try:
        copies.commit()
    except OSError as error:
        findings.append(_unkept(name, named(api.spec), copies.folder, error))
    return imported, findings, _traces(imported, api, copies)


def _traces(imported: Imported, api: Api, copies: Copies) -> Traces:
    """An overlay that is read and changed before it is read again counts as changed: it is read again after that."""
    overlays = [overlay for overlay in api.overlays if "://" not in overlay]
    files = [one.uri for one in imported.documents if Path(one.uri).is_absolute()]
    digests = [one.digest for one in imported.documents]
    digests += [hashlib.sha256(Path(overlay).read_bytes()).hexdigest() for overlay in overlays]
    return Traces((*files, *overlays), tuple(copies.read), (*digests, *copies.read.values()))


def _read(name: str, api: Api, copies: Copies, document: bytes | None) -> Imported:
    """A document can be wrong in more ways than were thought of: its own API is all that this may cost."""
    try:
        return import_api(name, _sources(api, copies, document), _options(api))
    except ImportFailed:
        raise
    except Exception as error:
        _log.debug("import of %s failed", name, exc_info=True)
        why = f"cannot be read: {type(error).__name__}: {error}"[:300]
        raise ImportFailed(named(api.spec), why) from error


def _sources(api: Api, copies: Copies, document: bytes | None) -> Sources:
    """A document that is in no file cannot refer to files."""
    spec = api.spec if document is None else parse(document, api.spec, api.spec, None, Budgets())
    return Sources(spec, api.overlays, copies, api.allowed_origins)


def _options(api: Api) -> Options:
    return Options(
        include=api.tools.include,
        exclude=api.tools.exclude,
        resource_include=api.resources.include,
        resource_exclude=api.resources.exclude,
        overrides={key: _override(one) for key, one in api.operations.items()},
        profile=Profile(api.tools.profile.value),
        output_bytes=api.tools.output_bytes,
        server_variables=api.server_variables,
    )


def _override(one: Override) -> ImportOverride:
    hints = one.annotations
    return ImportOverride(
        expose=one.expose.value if one.expose else None,
        name=one.name,
        title=one.title,
        description=one.description,
        uri=one.uri,
        confirm=one.confirm,
        ask=None if one.ask is None else tuple(_form(key, form) for key, form in one.ask.items()),
        read_only=hints.read_only if hints else None,
        destructive=hints.destructive if hints else None,
        idempotent=hints.idempotent if hints else None,
        open_world=hints.open_world if hints else None,
        audience=tuple(role.value for role in hints.audience) if hints and hints.audience is not None else None,
        priority=hints.priority if hints else None,
        timeout=one.timeout,
    )


def _form(key: str, form: Form) -> AskFor:
    return AskFor(key, tuple(dict.fromkeys(form.arguments)), form.message)


def read_lock(path: Path) -> Mapping[str, str]:
    """The committed names; none where there is no lock. Raises ImportFailed for one that cannot be read."""
    try:
        names = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise ImportFailed(str(path), f"the lock of names cannot be read: {error}") from error
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise ImportFailed(str(path), "a lock of names holds one object of texts; write it anew with check --lock")
    for key, name in names.items():
        if not TOOL_NAME.fullmatch(name):
            raise ImportFailed(str(path), f"{key!r}: {name[:100]!r} is no tool's name: {_NAMES}")
    return names


def _toolless(catalog: Catalog, imported: list[Imported]) -> Iterator[Finding]:
    """Agents that find nothing at an address ask themselves whether it is the right one."""
    served = {tool.api for tool in catalog.tools.values()} | {one.api for one in catalog.resources if one.listed}
    for one in imported:
        if one.api.name not in served:
            count = len(one.drafts)
            why = f"none of its {count} operations becomes a tool" if count else "it describes no operations"
            yield Finding(
                "no-tools", Severity.INFO, "", f"no tools: {why}", advice="see paths, include and exclude",
                source=one.document.name, api=one.api.name,
            )  # fmt: skip


def _absent(name: str, error: ImportFailed) -> Finding:
    return Finding(
        "api-absent", Severity.ERROR, "", f"{error.message}", lost="the whole API",
        advice="mend the document or its address", line=error.line, source=error.source, api=name,
    )  # fmt: skip


def _stale(name: str, url: str, why: str) -> Finding:
    return Finding(
        "document-stale", Severity.WARNING, "", f"the last good copy serves, because {why}",
        lost="changes made since", advice="see that the document can be fetched", source=url, api=name,
    )  # fmt: skip


def _unkept(name: str, source: str, folder: Path, error: OSError) -> Finding:
    return Finding(
        "copy-not-kept", Severity.WARNING, "", f"{folder} cannot be written: {error.strerror}",
        lost="the copy that would serve when the URL is dead", advice="set `data` to a writable folder",
        source=source, api=name,
    )  # fmt: skip
