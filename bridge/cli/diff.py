"""`diff`: what agents would notice between two versions of an API."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.markup import escape

from bridge.cli.inputs import AllowPrivate, Inputs, Overlays, ProfileName, is_config, settings
from bridge.cli.output import Format, out, print_json
from bridge.compile import NothingLoaded, load_apis
from bridge.compile.sides import described
from bridge.config import Settings
from bridge.model import Diff, Json
from bridge.model.diff import Side
from bridge.model.diff import diff as compare


def diff(
    old: Annotated[str, typer.Argument(help="The document or configuration before.")],
    new: Annotated[str, typer.Argument(help="The document or configuration after.")],
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Compare what agents see, tools, resources and prompts, of two documents or configurations; 1 when they differ.

    A change is breaking when a call that worked before may fail now.
    """
    flags = Inputs(specs=(), overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile)
    before, after = (settings(replace(flags, specs=(name,))) for name in (old, new))
    before = _of_one_name(old, before, after)
    after = _of_one_name(new, after, before)
    found = compare(_side(before), _side(after))
    if output is Format.JSON:
        print_json(_as_json(found))
    else:
        _show(found)
    raise typer.Exit(1 if found else 0)


def _as_json(found: Diff) -> Json:
    """`added`, `removed` and `changed` at the root are tools; `breaking` is of everything."""
    tools = [
        {"tool": one.tool, "operation": one.operation, "what": one.what, "breaking": one.breaking}
        for one in found.changed
    ]
    return {
        "added": found.added,
        "removed": found.removed,
        "changed": tools,
        "resources": asdict(found.resources),
        "prompts": asdict(found.prompts),
        "breaking": found.breaking,
    }


def _show(found: Diff) -> None:
    changed = [(one.tool, one.what, one.breaking) for one in found.changed]
    _show_kind("", found.added, found.removed, changed)
    for kind, one in (("resource ", found.resources), ("prompt ", found.prompts)):
        _show_kind(kind, one.added, one.removed, [(name.name, name.what, name.breaking) for name in one.changed])
    if not found:
        out().print("no difference")


def _show_kind(
    kind: str, added: Iterable[str], removed: Iterable[str], changed: Iterable[tuple[str, str, bool]]
) -> None:
    console = out()
    for name in added:
        console.print(f"[green]+[/green] {kind}{escape(name)}")
    for name in removed:
        console.print(f"[red]-[/red] {kind}{escape(name)}  [red]breaking[/red]")
    for name, what, breaking in changed:
        console.print(f"~ {kind}{escape(name)}: {escape(what)}{'  [red]breaking[/red]' if breaking else ''}")


def _of_one_name(given: str, wanted: Settings, other: Settings) -> Settings:
    """Two versions of one document often have two file names, from which nothing that is compared may follow.

    The newer document, or the configuration that names its API, decides: its lock of names then holds for both.
    """
    if len(wanted.apis) != 1 or len(other.apis) != 1 or is_config(given):
        return wanted
    (api,), (name,) = wanted.apis.values(), other.apis
    return wanted.model_copy(update={"apis": {name: api}})


def _side(wanted: Settings) -> Side:
    loaded = load_apis(wanted)
    if loaded.absent:
        raise NothingLoaded([absent.error for absent in loaded.absent])
    return described(wanted, loaded.catalog)
