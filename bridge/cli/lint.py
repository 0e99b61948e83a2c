"""`lint`: what is wrong with a document, and what would make its tools better."""

from typing import Annotated

import typer

from bridge.cli.inputs import AllowPrivate, ConfigFile, Inputs, Overlays, Specs, settings
from bridge.cli.output import Format, counted, err, finding_json, out, print_findings, print_json
from bridge.compile import load_apis
from bridge.importer.catalog import located
from bridge.model import Severity


def lint(
    specs: Specs = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Hold documents against their specification, and say what an agent would miss; 1 with errors or warnings."""
    from bridge.importer.advice import advise  # noqa: PLC0415 - brings openapi-core, for which no other command should wait

    inputs = Inputs(specs=tuple(specs or ()), config=config, overlays=tuple(overlay or ()), allow_private=allow_private)
    loaded = load_apis(settings(inputs))
    findings = located((*loaded.catalog.findings, *advise(loaded.imported)), loaded.imported)
    if output is Format.JSON:
        print_json([finding_json(finding) for finding in findings])
    else:
        print_findings(out(), findings)
        err().print(counted(findings))
    raise typer.Exit(1 if any(finding.severity is not Severity.INFO for finding in findings) else 0)
