"""The command line: arguments in, exit codes out.

0 ok · 1 findings or differences · 2 usage · 3 configuration or document invalid · 4 start-up or upstream failure ·
130 interrupt. Results go to stdout (`-o json` with a stable shape), everything else to stderr; never a traceback for
what a user can mend.
"""

import os
import sys
from typing import Annotated

import typer

from bridge import __version__
from bridge.app import StartFailed
from bridge.cli import call, check, config, demo, diff, lint, serve, tools
from bridge.cli.output import fail
from bridge.compile import NothingLoaded
from bridge.config import ConfigInvalid
from bridge.importer import ImportFailed, Unreachable

app = typer.Typer(
    name="dualbridge", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A hybrid gateway: people keep their REST API, agents get MCP tools, both through one core.",
)  # fmt: skip
for command in (serve.serve, check.check, lint.lint, tools.tools, call.call, diff.diff, demo.demo):
    app.command()(command)
app.add_typer(config.app, name="config")


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
    """The console script. Maps what went wrong to an exit code, in one place."""
    try:
        app(prog_name="dualbridge")
    except ConfigInvalid as error:
        fail(3, *map(str, error.problems))
    except NothingLoaded as error:
        fail(4 if any(isinstance(one, Unreachable) for one in error.errors) else 3, *map(str, error.errors))
    except ImportFailed as error:
        fail(3, str(error))
    except StartFailed as error:
        fail(4, *str(error).splitlines())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has seen enough; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


__all__ = ["app", "main"]
