"""`check`: load, import, compile; no listener."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from bridge.app import unusable
from bridge.cli.failures import Failed, Fault, errors
from bridge.cli.inputs import (
    AllowPrivate,
    ConfigFile,
    Exclude,
    Include,
    Inputs,
    Overlays,
    ProfileName,
    Specs,
    UpstreamHeaders,
    UpstreamUrl,
    configuration,
    settings,
)
from bridge.cli.output import Format, complain, counted, err, finding_json, out, print_findings, print_json, table
from bridge.cli.places import placed
from bridge.compile import Loaded, load_apis
from bridge.compile.runtime import compile_runtime, parts
from bridge.config import ConfigInvalid, Settings
from bridge.importer import names_lock
from bridge.importer.document import pointer
from bridge.model import Catalog, Finding, Json, Severity


def check(
    specs: Specs = None,
    config: ConfigFile = None,
    upstream: UpstreamUrl = None,
    upstream_header: UpstreamHeaders = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    include: Include = None,
    exclude: Exclude = None,
    lock: Annotated[
        bool, typer.Option("--lock", help="Write the tools' names to names.lock, to be committed.")
    ] = False,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Load, import and compile without serving; say what could not be carried; 1 with errors or warnings."""
    inputs = Inputs(
        specs=tuple(specs or ()), config=config, upstream=upstream, upstream_headers=tuple(upstream_header or ()),
        overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile, include=tuple(include or ()),
        exclude=tuple(exclude or ()),
    )  # fmt: skip
    wanted = settings(inputs)
    loaded = load_apis(wanted, lines=True)
    catalog = compile_runtime(wanted, loaded, parts()).catalog
    found = (*catalog.findings, *_uncertified(wanted))
    catalog = replace(catalog, findings=placed(found, configuration(inputs)))
    unwritten = lock and not _write(wanted.names, catalog)
    if output is Format.JSON:
        print_json(report(catalog))
    else:
        _show(wanted, loaded, catalog)
    grave = any(finding.severity is not Severity.INFO for finding in catalog.findings)
    raise typer.Exit(4 if unwritten else 1 if grave else 0)


def report(catalog: Catalog) -> Json:
    return {
        "apis": [
            {
                "name": api.name,
                "title": api.title,
                "version": api.version,
                "operations": sum(key[0] == api.name for key in catalog.operations),
                "tools": sum(tool.api == api.name for tool in catalog.tools.values()),
            }
            for api in catalog.apis
        ],
        "operations": len(catalog.operations),
        "tools": len(catalog.tools),
        "tokens": catalog.tokens,
        "findings": [finding_json(finding) for finding in catalog.findings],
    }


def failed(error: Exception, faults: Sequence[Fault]) -> Json:
    """The same shape where nothing could be loaded: what is wrong are its findings."""
    if isinstance(error, Failed) and error.code != 3:
        return errors(error, faults)
    kind = "config-invalid" if isinstance(error, ConfigInvalid) else "document-invalid"
    findings = [
        Finding(
            kind, Severity.ERROR, fault.path, fault.message, lost="everything",
            advice=fault.advice or "mend the document or its address", line=fault.line, source=fault.source,
        )
        for fault in faults
    ]  # fmt: skip
    return report(Catalog(findings=tuple(findings)))


def _uncertified(wanted: Settings) -> Iterator[Finding]:
    for error in unusable(wanted):
        yield Finding(
            "tls-unusable", Severity.ERROR, pointer(error.key), f"{error.path} {error.reason}",
            lost="the gateway does not start", advice="mend the file, or name another",
        )  # fmt: skip


def _write(path: Path, catalog: Catalog) -> bool:
    try:
        path.write_bytes(orjson.dumps(names_lock(catalog), option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        complain(f"{path}: cannot be written: {error.strerror}")
        return False
    err().print(f"names of {len(catalog.tools)} tools written to {escape(str(path))}")
    return True


def _show(wanted: Settings, loaded: Loaded, catalog: Catalog) -> None:
    console = out()
    print_findings(console, catalog.findings)
    shown = table("api", "operations", "tools", "document", right=("operations", "tools"))
    for row in report(catalog)["apis"]:
        document = wanted.apis[row["name"]].spec
        shown.add_row(row["name"], str(row["operations"]), str(row["tools"]), document)
    console.print(shown)
    console.print(f"about {catalog.tokens:,} tokens to list all tools; {counted(catalog.findings)}")
    complain(*(str(absent.error) for absent in loaded.absent))
