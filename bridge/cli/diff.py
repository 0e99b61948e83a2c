"""`diff`: what agents would notice between two versions of an API."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.markup import escape

from bridge.cli.inputs import AllowPrivate, Inputs, Overlays, ProfileName, is_config, settings
from bridge.cli.output import Format, out, print_json
from bridge.compile import NothingLoaded, load_apis
from bridge.config import Settings
from bridge.model import Catalog
from bridge.model.diff import diff as compare


def diff(
    old: Annotated[str, typer.Argument(help="The document or configuration before.")],
    new: Annotated[str, typer.Argument(help="The document or configuration after.")],
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Compare what agents see, the tools, of two documents or configurations; 1 when they differ.

    A change is breaking when a call that worked before may fail now.
    """
    flags = Inputs(specs=(), overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile)
    before, after = (settings(replace(flags, specs=(name,))) for name in (old, new))
    before = _of_one_name(old, before, after)
    after = _of_one_name(new, after, before)
    found = compare(_catalog(before), _catalog(after))
    if output is Format.JSON:
        print_json({
            "added": list(found.added),
            "removed": list(found.removed),
            "changed": [
                {"tool": one.tool, "operation": one.operation, "what": one.what, "breaking": one.breaking}
                for one in found.changed
            ],
            "breaking": found.breaking,
        })  # fmt: skip
    else:
        console = out()
        for name in found.added:
            console.print(f"[green]+[/green] {name}")
        for name in found.removed:
            console.print(f"[red]-[/red] {name}  [red]breaking[/red]")
        for one in found.changed:
            console.print(f"~ {one.tool}: {escape(one.what)}{'  [red]breaking[/red]' if one.breaking else ''}")
        if not found:
            console.print("no difference")
    raise typer.Exit(1 if found else 0)


def _of_one_name(given: str, wanted: Settings, other: Settings) -> Settings:
    """Two versions of one document often have two file names, from which nothing that is compared may follow.

    The newer document, or the configuration that names its API, decides: its lock of names then holds for both.
    """
    if len(wanted.apis) != 1 or len(other.apis) != 1 or is_config(given):
        return wanted
    (api,), (name,) = wanted.apis.values(), other.apis
    return wanted.model_copy(update={"apis": {name: api}})


def _catalog(wanted: Settings) -> Catalog:
    loaded = load_apis(wanted)
    if loaded.absent:
        raise NothingLoaded([absent.error for absent in loaded.absent])
    return loaded.catalog
