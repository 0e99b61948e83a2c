"""The command line: arguments in, exit codes out.

0 ok · 1 findings above info, differences, or a call that the rules deny · 2 usage · 3 configuration or document
invalid · 4 start-up or upstream failure · 130 interrupt. Results go to stdout (`-o json` with a stable shape),
everything else to stderr; never a traceback for what a user can mend.
"""

import os
import sys
from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import call, check, config, demo, diff, grants, keys, lint, serve, stdio, tools
from bridge.cli.failures import telling

app = typer.Typer(
    name="dualbridge", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A hybrid gateway: people keep their REST API, agents get MCP tools, both through one core.",
    epilog="Exit codes: 0 ok (infos among the findings too) · 1 errors or warnings among the findings, differences, "
    "a call denied · 2 usage · 3 configuration or document invalid · 4 start-up or upstream failure · 130 interrupt.",
)  # fmt: skip
app.command()(telling(check.check, check.failed))
for command in (serve.serve, stdio.stdio, lint.lint, tools.tools, call.call, diff.diff, demo.demo):
    app.command()(telling(command))
app.add_typer(config.app, name="config")
app.add_typer(grants.app, name="grants")
app.add_typer(keys.app, name="keys")


def _version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        typer.echo(f"dualbridge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script; `failures` maps what went wrong to an exit code."""
    try:
        app(prog_name="dualbridge")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has seen enough; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


__all__ = ["app", "main"]
