"""What a command works on: documents with flags, or a configuration file."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from bridge import app
from bridge.cli.failures import Failed, Fault, fail
from bridge.config import ConfigInvalid, Problem, Settings, load, zero
from bridge.importer import Profile
from bridge.model import Json

CONFIG = Path("bridge.yaml")
_CONFIG_KEY = re.compile(rb"""^["']?apis["']?[ \t]*:""", re.MULTILINE)

Specs: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SPEC|CONFIG", show_default=False,
        help="OpenAPI documents (path, folder or URL), or one bridge.yaml. Default: ./bridge.yaml.",
    ),
]  # fmt: skip
ConfigFile: TypeAlias = Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="A bridge.yaml.")]
UpstreamUrl: TypeAlias = Annotated[
    str | None, typer.Option("--upstream", metavar="URL", help="Where calls go. Default: the document's own server.")
]
UpstreamHeaders: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--upstream-header",
        metavar="HEADER",
        help="'Name: value', sent with every call; ${VAR} is taken from the environment; repeatable.",
    ),
]
Overlays: TypeAlias = Annotated[
    list[str] | None, typer.Option("--overlay", metavar="FILE", help="An Overlay document; repeatable.")
]
AllowPrivate: TypeAlias = Annotated[
    bool, typer.Option("--allow-private", help="Documents may be fetched from private addresses.")
]
ProfileName: TypeAlias = Annotated[
    Profile | None, typer.Option("--profile", help="portable: what every model provider takes; verbatim: as written.")
]
Include: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="SELECTOR",
        help="Only these become tools: tag:NAME, 'GET /path/**', operationId; repeatable.",
    ),
]
Exclude: TypeAlias = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="SELECTOR", help="These do not; repeatable.")
]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Flags of one command; `overrides` are settings by dotted key."""

    specs: tuple[str, ...]
    config: Path | None = None
    upstream: str | None = None
    upstream_headers: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    allow_private: bool = False
    profile: Profile | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overrides: Mapping[str, Json] = field(default_factory=dict)


def settings(inputs: Inputs) -> Settings:
    """Raises ConfigInvalid; ends with a usage error where nothing, or two different things, are given."""
    file = configuration(inputs)
    if file is None:
        _exist(inputs.specs)
        return zero(
            inputs.specs,
            env=os.environ,
            folder=Path.cwd(),
            upstream=inputs.upstream,
            upstream_headers=inputs.upstream_headers,
            api=_api(inputs),
            overrides=inputs.overrides,
        )
    given = [name for name, value in _document_flags(inputs).items() if value]
    if given:
        raise typer.BadParameter(f"{', '.join(given)}: only for documents; with a configuration, set it in {file}")
    return load(file, os.environ, inputs.overrides)


def given(inputs: Inputs) -> app.Given:
    return app.Given(lambda: again(inputs), watched(inputs), scope=scope(inputs))


def again(inputs: Inputs) -> Settings:
    """The same where nobody is at the terminal any more. Raises ConfigInvalid for whatever is wrong."""
    try:
        return settings(inputs)
    except Failed as failed:
        raise ConfigInvalid(
            Problem(one.source, one.line, one.column, one.path, one.message, one.advice) for one in failed.faults
        ) from failed
    except typer.BadParameter as error:
        raise ConfigInvalid([Problem("command line", 0, 0, "", error.message)]) from error


def watched(inputs: Inputs) -> tuple[str, ...]:
    """Files and folders whose change may be one of the settings."""
    file = configuration(inputs)
    return (str(file),) if file is not None else tuple(spec for spec in inputs.specs if "://" not in spec)


def scope(inputs: Inputs) -> str:
    """Without a configuration all gateways of a user have one data folder: what is registered at one of them is known
    by the documents that it was started with, however these are written and in whatever order."""
    if configuration(inputs) is not None:
        return ""
    # Not `resolve`: a link stays where it is when it leads elsewhere tomorrow.
    named = sorted({spec if "://" in spec else os.path.abspath(spec) for spec in inputs.specs})  # noqa: PTH100
    return hashlib.sha256("\n".join(named).encode(errors="surrogateescape")).hexdigest()[:32]


def configuration(inputs: Inputs) -> Path | None:
    """The configuration file, or None where documents are given."""
    if inputs.config is not None:
        if inputs.specs:
            raise typer.BadParameter("give documents or --config, not both")
        return inputs.config
    if not inputs.specs:
        if CONFIG.is_file():
            return CONFIG
        raise typer.BadParameter(f"name an OpenAPI document, or run this where a {CONFIG} is")
    configuration = next(filter(is_config, inputs.specs), None)
    if configuration is None:
        return None
    if len(inputs.specs) > 1:
        raise typer.BadParameter(f"{configuration} is a configuration: give it alone, or documents only")
    return Path(configuration)


def _exist(specs: tuple[str, ...]) -> None:
    missing = [spec for spec in specs if "://" not in spec and not Path(spec).exists()]
    if missing:
        fail(3, *(Fault("there is no such file or folder", spec) for spec in missing))


def is_config(name: str) -> bool:
    """A YAML file whose root has `apis`, which no OpenAPI document has."""
    path = Path(name)
    if path.suffix.lower() not in {".yaml", ".yml"} or not path.is_file():
        return False
    with path.open("rb") as file:
        return bool(_CONFIG_KEY.search(file.read(1 << 20)))


def _document_flags(inputs: Inputs) -> dict[str, Json]:
    return {
        "--upstream": inputs.upstream,
        "--upstream-header": inputs.upstream_headers,
        "--overlay": inputs.overlays,
        "--allow-private": inputs.allow_private,
        "--profile": inputs.profile,
        "--include": inputs.include,
        "--exclude": inputs.exclude,
    }


def _api(inputs: Inputs) -> dict[str, Json]:
    """The flags as keys of every API."""
    tools: dict[str, Json] = {}
    if inputs.profile is not None:
        tools["profile"] = inputs.profile.value
    if inputs.include:
        tools["include"] = list(inputs.include)
    if inputs.exclude:
        tools["exclude"] = list(inputs.exclude)
    api: dict[str, Json] = {"tools": tools} if tools else {}
    if inputs.overlays:
        api["overlays"] = list(inputs.overlays)
    if inputs.allow_private:
        api["allow_private"] = True
    return api
