"""Settings without a file: `serve SPEC --upstream URL`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from bridge.config.load import COMMAND_LINE, resolve
from bridge.config.names import is_url, split_or_nothing
from bridge.config.problems import Place, Problem
from bridge.config.schema import Settings
from bridge.config.tree import Tree
from bridge.model import Json

_ENDINGS = frozenset({".json", ".yaml", ".yml"})
_MOST_PEEKED = 64 << 10
_DOCUMENT = re.compile(rb"""^\s*\{?\s*["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
# File names that say what a document is, not what it describes.
_GENERIC = frozenset({"openapi", "swagger", "api", "api-docs", "index", "spec"})
_NOTHING: Mapping[str, Json] = {}


def zero(
    specs: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    upstream: str | None = None,
    upstream_headers: Sequence[str] = (),
    api: Mapping[str, Json] = _NOTHING,
    overrides: Mapping[str, Json] = _NOTHING,
) -> Settings:
    """`specs` are paths from `folder` or URLs; a folder stands for the documents in it, each an API of its own.

    `upstream` and `upstream_headers` (`Name: value`) hold for each of them, as do `api`'s keys (`allow_private`,
    `overlays`, …). `overrides` are the other flags, by dotted key. Raises ConfigInvalid.
    """
    tree = Tree(COMMAND_LINE, {}, places={(): Place(COMMAND_LINE)})
    headers = dict(_headers(upstream_headers, tree))
    called = ({"url": upstream} if upstream else {}) | ({"headers": headers} if headers else {})
    common = {**api, "upstream": called} if called else dict(api)
    documents = [document for spec in specs for document in _documents(spec, folder, tree)]
    apis = {name: {"spec": document, **common} for name, document in _named(documents).items()}
    tree.root = {"data": str(state_folder(env)), "apis": apis}
    return resolve(tree, folder, env, overrides)


def state_folder(env: Mapping[str, str]) -> Path:
    """XDG Base Directory: relative paths in its variables are to be ignored. Without a home: the working folder."""
    places = ((env.get("XDG_STATE_HOME"), ""), (env.get("HOME"), ".local/state"), (env.get("LOCALAPPDATA"), ""))
    for base, below in places:
        if base and Path(base).is_absolute():
            return Path(base, below, "dualbridge")
    return Path(".dualbridge")


def _headers(lines: Iterable[str], tree: Tree) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()
        else:  # the line is not quoted: it may be a bare credential
            tree.problems.append(
                Problem(COMMAND_LINE, 0, 0, "", "an upstream header has no colon", "write it as 'Name: value'")
            )


def _documents(spec: str, folder: Path, tree: Tree) -> list[str]:
    where = Path(folder, spec)
    if is_url(spec) or not where.is_dir():
        return [spec]
    found = [str(path) for path in sorted(where.iterdir()) if path.suffix.lower() in _ENDINGS and _is_document(path)]
    if not found:
        tree.problems.append(
            Problem(
                COMMAND_LINE, 0, 0, "", f"the folder {spec} holds no OpenAPI document",
                "name a folder with .json or .yaml files that begin with openapi or swagger",
            )
        )  # fmt: skip
    return found


def _is_document(path: Path) -> bool:
    """Files that others refer to stand beside the documents, without this key."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return bool(_DOCUMENT.search(stream.read(_MOST_PEEKED)))


def _named(documents: Iterable[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for document in documents:
        base = _slug(_telling_part(document))
        name, count = base, 2
        while name in named:
            name, count = f"{base[:28]}-{count}", count + 1
        named[name] = document
    return named


def _telling_part(document: str) -> str:
    """The file's name without its ending; the folder or host where that tells nothing."""
    parts = split_or_nothing(document) if is_url(document) else None
    path = PurePosixPath(parts.path if parts else Path(document).as_posix())
    if path.stem and path.stem.lower() not in _GENERIC:
        return path.stem
    return (parts.hostname or "" if parts else "") or path.parent.name or path.stem


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:32].rstrip("-_")
    return slug if slug[:1].isalpha() else f"api-{slug}"[:32].rstrip("-_")
