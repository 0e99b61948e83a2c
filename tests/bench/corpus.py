"""What an import keeps of every document of a corpus: `python -m tests.bench.corpus [DIR]`.

Operations and parameters are counted by a second reading of the raw documents (tests/kit/written.py), so that what the
importer does not see is missed and not merely uncounted. Ends with status 1 when a target is missed.
"""

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bridge.importer import ImportFailed, Options, Sources, build, import_api
from bridge.model import Catalog, Finding, Operation, Tool
from tests.bench.children import DEFAULT, documents, measured
from tests.kit.clean import Fault, faults
from tests.kit.exposure import explains, is_reachable
from tests.kit.written import Written, WrittenOperation, read

CLEAN = 99.5
EXPOSED = 99.5
KINDS = ("path", "query", "header", "cookie", "querystring", "json", "form", "multipart", "other")


@dataclass(slots=True)
class Report:
    """One document, or the sum of several. `expected` and `missed` count by kind."""

    name: str
    operations: int = 0
    tools: int = 0
    clean: int = 0
    findings: int = 0
    bytes: int = 0
    tokens: int = 0
    seconds: float = 0.0
    megabytes: int = 0
    silent: list[str] = field(default_factory=list)
    """Operations without a clean tool and without a finding."""
    faults: list[str] = field(default_factory=list)
    faults_by_kind: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    unexplained: int = 0
    """Misses without a finding."""


def report(path: Path, *, fidelity: bool = True) -> Report:
    """Imports one document and counts. A document that is refused counts as all of its operations lost."""
    started = time.perf_counter()
    catalog = _catalog(path)
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    written = read(path)
    found = Report(path.name, seconds=seconds, megabytes=megabytes)
    _count(found, written, catalog)
    if fidelity:
        _measure_fidelity(found, written, catalog)
    return found


def _catalog(path: Path) -> Catalog:
    try:
        return build([import_api(path.stem, Sources(str(path)), Options())])
    except ImportFailed as error:
        print(f"{path.name}: refused: {error}", file=sys.stderr)
        return Catalog()


def _count(found: Report, written: Written, catalog: Catalog) -> None:
    wrong = [fault for tool in catalog.tools.values() for fault in faults(tool)]
    wrong += _doubled(catalog)
    bad = {fault.tool for fault in wrong}
    tools = tools_by_place(catalog)
    for operation in written.operations():
        found.operations += 1
        pair = of(tools, operation)
        if pair is not None and pair[1].name not in bad:
            found.clean += 1
        elif not any(finding.where.startswith(operation.where) for finding in catalog.findings):
            found.silent.append(operation.key)
    found.tools = len(catalog.tools)
    found.findings = len(catalog.findings)
    found.bytes = sum(map(_listed, catalog.tools.values()))
    found.tokens = catalog.tokens
    found.faults = [f"{fault.kind}: {fault.tool}: {fault.message}" for fault in wrong]
    found.faults_by_kind = Counter(fault.kind for fault in wrong)


def _doubled(catalog: Catalog) -> Iterable[Fault]:
    """A catalogue is a mapping by name; two tools for one operation, or a name that is not its key, would be wrong."""
    seen: set[tuple[str, str]] = set()
    for key, tool in catalog.tools.items():
        if key != tool.name or (tool.api, tool.operation) in seen:
            yield Fault("duplicate", tool.name, "the tool is listed twice")
        seen.add((tool.api, tool.operation))


def _listed(tool: Tool) -> int:
    shown = {"name": tool.name, "title": tool.title, "description": tool.description, "inputSchema": tool.input_schema}
    if tool.output_schema is not None:
        shown["outputSchema"] = tool.output_schema
    return len(orjson.dumps(shown | {"annotations": tool.annotations.as_json()}))


Pair = tuple[Operation, Tool]


def tools_by_place(catalog: Catalog) -> dict[str, Pair]:
    """Operations with their tools, by `METHOD /path` and by JSON pointer: a path may have been mended on import."""
    found: dict[str, Pair] = {}
    for tool in catalog.tools.values():
        operation = catalog.operations[tool.api, tool.operation]
        found[operation.where] = found[operation.key] = operation, tool
    return found


def of(tools: dict[str, Pair], operation: WrittenOperation) -> Pair | None:
    return tools.get(operation.key) or tools.get(operation.where)


def _measure_fidelity(found: Report, written: Written, catalog: Catalog) -> None:
    tools = tools_by_place(catalog)
    for operation in written.operations():
        pair = of(tools, operation)
        body = pair[0].body if pair else None
        for expected in written.expected(operation, body.media_type if body else None):
            found.expected[expected.kind] += 1
            if pair is not None and is_reachable(expected, *pair):
                continue
            found.missed[expected.kind] += 1
            finding = explains(catalog.findings, operation, expected)
            found.unexplained += finding is None
            found.misses.append(f"{operation.key}: {expected.kind} {expected.name!r}: {_told(finding)}")


def _told(finding: Finding | None) -> str:
    return "NO FINDING" if finding is None else f"{finding.id} at {finding.where}"


# --- printing ---------------------------------------------------------------------------------------------------------

_HEAD = f"{'document':<36}{'oper.':>6}{'clean':>6}{'find.':>6}{'bytes':>10}{'tokens':>9}{'seconds':>9}{'MB':>5}"


def _row(one: Report) -> str:
    return (
        f"{one.name[:35]:<36}{one.operations:>6}{one.clean:>6}{one.findings:>6}{one.bytes:>10}{one.tokens:>9}"
        f"{one.seconds:>9.2f}{one.megabytes:>5}"
    )


def total(reports: Sequence[Report]) -> Report:
    whole = Report("total")
    for one in reports:
        for key in ("operations", "tools", "clean", "findings", "bytes", "tokens", "seconds", "unexplained"):
            setattr(whole, key, getattr(whole, key) + getattr(one, key))
        whole.megabytes = max(whole.megabytes, one.megabytes)
        for key in ("silent", "faults", "misses"):
            getattr(whole, key).extend(f"{one.name}: {line}" for line in getattr(one, key))
        whole.faults_by_kind.update(one.faults_by_kind)
        whole.expected.update(one.expected)
        whole.missed.update(one.missed)
    return whole


def share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def is_met(whole: Report) -> bool:
    """The targets. Parameters in path, query, header and cookie are one figure, each kind of body one of its own."""
    exposed = all(share(whole.expected[kind] - whole.missed[kind], whole.expected[kind]) >= EXPOSED for kind in KINDS)
    clean = share(whole.clean, whole.operations) >= CLEAN
    return clean and exposed and not (whole.faults or whole.silent or whole.unexplained)


def _print_total(whole: Report, *, fidelity: bool) -> None:
    kinds = whole.faults_by_kind
    print(_row(whole))
    print(
        f"\n{share(whole.clean, whole.operations):.2f} % clean; {kinds['invalid']} invalid, "
        f"{kinds['dangling']} dangling, {kinds['duplicate']} duplicate, {kinds['key']} illegal keys, "
        f"{kinds['name']} illegal names, "
        f"{kinds['root']} roots that are no plain object; {whole.operations - whole.clean} of {whole.operations} "
        f"operations without a clean tool, {len(whole.silent)} of them without a finding"
    )
    if fidelity:
        print("\nexposed arguments    expected  missed        %")
        for kind in filter(whole.expected.__contains__, KINDS):
            wanted, missed = whole.expected[kind], whole.missed[kind]
            print(f"  {kind:<18}{wanted:>9}{missed:>8}{share(wanted - missed, wanted):>9.2f}")
    for title, lines in (
        ("without a tool and without a finding", whole.silent),
        ("not clean", whole.faults),
        ("not exposed", whole.misses),
    ):
        if lines:
            print(f"\n{title}:", *lines, sep="\n  ")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.corpus", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="documents whose name holds this text")
    parser.add_argument("--fidelity", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    if given.one:
        sys.stdout.buffer.write(orjson.dumps(report(given.one, fidelity=given.fidelity)))
        return 0
    if not given.folder.is_dir():
        parser.error(f"{given.folder} is no folder: name one that holds OpenAPI documents")
    print(_HEAD)
    reports: list[Report] = []
    flags = ["--fidelity" if given.fidelity else "--no-fidelity"]
    for raw in measured("tests.bench.corpus", documents(given.folder, given.only), flags):
        counters = {key: Counter(raw[key]) for key in ("faults_by_kind", "expected", "missed")}
        reports.append(Report(**(raw | counters)))
        print(_row(reports[-1]), flush=True)
    whole = total(reports)
    _print_total(whole, fidelity=given.fidelity)
    return 0 if is_met(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
