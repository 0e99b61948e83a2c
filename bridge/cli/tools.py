"""`tools`: the catalogue as agents see it, with what it costs them."""

from typing import Annotated

import typer
from rich.markup import escape

from bridge.cli.inputs import AllowPrivate, ConfigFile, Exclude, Include, Inputs, Overlays, ProfileName, Specs, settings
from bridge.cli.output import Format, complain, counted, err, out, print_json, table
from bridge.compile import load_apis
from bridge.model import Catalog, Json, Tool


def tools(
    specs: Specs = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    include: Include = None,
    exclude: Exclude = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """List the tools that the documents give, with their token cost."""
    inputs = Inputs(
        specs=tuple(specs or ()), config=config, overlays=tuple(overlay or ()), allow_private=allow_private,
        profile=profile, include=tuple(include or ()), exclude=tuple(exclude or ()),
    )  # fmt: skip
    loaded = load_apis(settings(inputs))
    if output is Format.JSON:
        print_json([tool_json(loaded.catalog, tool) for tool in loaded.catalog.tools.values()])
    else:
        _show(loaded.catalog)
    complain(*(str(absent.error) for absent in loaded.absent))
    raise typer.Exit(1 if loaded.absent else 0)


def tool_json(catalog: Catalog, tool: Tool) -> Json:
    operation = catalog.operations[tool.api, tool.operation]
    output = {} if tool.output_schema is None else {"outputSchema": tool.output_schema}
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        **output,
        "annotations": tool.annotations.as_json(),
        "tokens": tool.tokens,
        "operation": {
            "api": tool.api,
            "method": operation.method,
            "path": operation.path,
            "operationId": operation.operation_id or None,
        },
    }


def _show(catalog: Catalog) -> None:
    several = ("api",) if len(catalog.apis) > 1 else ()
    shown = table("tool", *several, "operation", "tokens", "title", right=("tokens",))
    for tool in catalog.tools.values():
        operation = catalog.operations[tool.api, tool.operation]
        api = (tool.api,) if several else ()
        shown.add_row(tool.name, *api, escape(operation.key), str(tool.tokens), escape(tool.title))
    out().print(shown)
    err().print(
        f"{len(catalog.tools)} tools of {len(catalog.operations)} operations, about {catalog.tokens:,} tokens; "
        f"{counted(catalog.findings)}"
    )
