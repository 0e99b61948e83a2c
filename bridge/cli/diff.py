"""`diff`: what callers would notice between two versions of an API."""

from typing import Annotated

import typer
from rich.markup import escape

from bridge.cli.inputs import AllowPrivate, Inputs, Overlays, ProfileName, settings
from bridge.cli.output import Format, out, print_json
from bridge.compile import NothingLoaded, load_apis
from bridge.importer import build, names_lock
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
    """Compare two documents or configurations; 1 when they differ."""
    before = _catalog(old, overlay, allow_private=allow_private, profile=profile)
    after = _catalog(new, overlay, allow_private=allow_private, profile=profile, names=before)
    found = compare(before, after)
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


def _catalog(
    name: str, overlays: list[str] | None, *, allow_private: bool, profile: ProfileName, names: Catalog | None = None
) -> Catalog:
    """With the names that the older catalogue gave, so that a name that merely moved over does not look like one."""
    inputs = Inputs(specs=(name,), overlays=tuple(overlays or ()), allow_private=allow_private, profile=profile)
    wanted = settings(inputs)
    if len(wanted.apis) == 1 and not inputs.config:
        # Two versions of one document often have two file names: the API's name must not make a difference.
        wanted = wanted.model_copy(update={"apis": {"api": next(iter(wanted.apis.values()))}})
    loaded = load_apis(wanted)
    if loaded.absent:
        raise NothingLoaded([absent.error for absent in loaded.absent])
    return build(loaded.imported, names_lock(names)) if names is not None else loaded.catalog
