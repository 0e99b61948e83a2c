"""`config`: the effective configuration, and the schema of the file."""

from typing import Annotated

import typer

from bridge.cli.failures import telling
from bridge.cli.inputs import ConfigFile, Inputs, Specs, settings
from bridge.cli.output import Format, out, print_json
from bridge.config import as_json, as_yaml, json_schema_text

app = typer.Typer(help="Show the configuration, or its schema.", no_args_is_help=True)


@app.command()
@telling
def show(
    specs: Specs = None,
    config: ConfigFile = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """The effective configuration: file, environment and defaults together, secrets as ***."""
    wanted = settings(Inputs(specs=tuple(specs or ()), config=config))
    if output is Format.JSON:
        print_json(as_json(wanted))
    else:
        out().print(as_yaml(wanted), markup=False, end="")


@app.command()
@telling
def schema(
    output: Annotated[Format, typer.Option("--output", "-o", help="The schema is JSON either way.")] = Format.JSON,
) -> None:
    """The JSON Schema of bridge.yaml, for editors."""
    typer.echo(json_schema_text(), nl=False)
