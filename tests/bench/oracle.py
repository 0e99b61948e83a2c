"""Whether requests built from generated arguments are what the documents ask for: `python -m tests.bench.oracle [DIR]`.

For every operation two sets of arguments or more (what is required; everything), from the tool's own input schema. For
OpenAPI 3 openapi-core judges the request against the original document; for Swagger 2.0 swagger-client has to build the
same request from the same arguments. What was not accepted is listed by cause, with the sentence that decides it where
there is one. Ends with status 1 when a target is missed.
"""

import argparse
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import orjson

from bridge.egress.encode import compile_builder
from bridge.importer import Options, Sources, build, import_api
from bridge.model import BadArguments, Json, Operation, Tool, Where, Wire
from tests.bench.children import DEFAULT, documents, measured
from tests.bench.corpus import of, share, tools_by_place
from tests.kit.generate import Impossible, arguments
from tests.kit.judge import Judge
from tests.kit.known_differences import known
from tests.kit.swagger_client import SwaggerClient, differences, ours, theirs
from tests.kit.written import Written, WrittenOperation, read

ACCEPTED = 99.0
SECONDS = 5.0
EXAMPLES = 3
ACCEPT = "accepted"
OPENAPI_CORE = "openapi-core"
SWAGGER_CLIENT = "swagger-client"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is accepted, or why not: rejected, refused (by the builder), impossible (no arguments), late."""

    document: str
    operation: str
    outcome: str
    said: str = ""
    arguments: Json = None
    target: str = ""
    sentence: str = ""


@dataclass(slots=True)
class Tally:
    """One document. `requests` counts outcomes; an operation is accepted when all of its requests are."""

    document: str
    version: str
    oracle: str
    operations: int = 0
    accepted: int = 0
    seconds: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    rest: list[Verdict] = field(default_factory=list)


Judged = Callable[[WrittenOperation, Operation, Mapping[str, Json], Wire], str]
"""What the oracle has against a request; "" when it is accepted."""


class Late(Exception):
    """The oracle took longer than it may for one request."""


def oracles(path: Path, version: str) -> tuple[str, ...]:
    """openapi-core raises on valid Swagger 2.0; the documents that are a matrix of styles are judged by both."""
    if version == "2.0":
        return (SWAGGER_CLIENT,)
    return (OPENAPI_CORE, SWAGGER_CLIENT) if "parameters-style" in path.stem else (OPENAPI_CORE,)


def tally(path: Path, oracle: str, each: int = 2, limit: int | None = None) -> Tally:
    """Judges `each` sets of arguments for every operation of a document, or for `limit` of them, evenly spread."""
    written = read(path)
    catalog = build([import_api(path.stem, Sources(str(path)), Options())])
    tools = tools_by_place(catalog)
    pairs = [(place, pair) for place in written.operations() if (pair := of(tools, place)) is not None]
    chosen = pairs if limit is None else pairs[:: max(1, len(pairs) // limit)][:limit]
    found = Tally(path.stem, written.version, oracle)
    started = time.perf_counter()
    with ExitStack() as stack:
        judged = _with_swagger_client(written, stack) if oracle == SWAGGER_CLIENT else _with_openapi_core(written)
        case = Case(path.stem, oracle, judged)
        for place, (operation, tool) in chosen:
            verdicts = [one(case, place, operation, tool, turn) for turn in range(each)]
            found.operations += 1
            found.accepted += all(verdict.outcome == ACCEPT for verdict in verdicts)
            found.requests.update(verdict.outcome for verdict in verdicts)
            found.rest += [verdict for verdict in verdicts if verdict.outcome != ACCEPT]
    found.seconds = time.perf_counter() - started
    return found


@dataclass(frozen=True, slots=True)
class Case:
    document: str
    oracle: str
    judged: Judged


def one(case: Case, place: WrittenOperation, operation: Operation, tool: Tool, turn: int) -> Verdict:
    """The first turn sends what is required, every other one everything, each with other values."""
    try:
        made = arguments(tool.input_schema, f"{tool.name}/{turn}", full=turn > 0)
    except Impossible as error:
        return _rest(case, place, "impossible", str(error))
    try:
        wire = compile_builder(operation)(made)
    except BadArguments as error:
        return _rest(case, place, "refused", str(error), made)
    try:
        with deadline(SECONDS):
            said = case.judged(place, operation, made, wire)
    except Late:
        return _rest(case, place, "late", f"no verdict within {SECONDS:g} s", made, wire.target)
    return (
        _rest(case, place, "rejected", said, made, wire.target) if said else Verdict(case.document, place.key, ACCEPT)
    )


def _rest(case: Case, place: WrittenOperation, outcome: str, said: str, made: Json = None, target: str = "") -> Verdict:
    decided = known(case.oracle, case.document, place.key, said)
    sentence = f"{decided.wrong}: {decided.sentence}" if decided else ""
    return Verdict(case.document, place.key, outcome, said, made, target, sentence)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _with_openapi_core(written: Written) -> Judged:
    judge = Judge(written)

    def with_openapi_core(place: WrittenOperation, operation: Operation, made: Mapping[str, Json], wire: Wire) -> str:
        try:
            return "; ".join(list(judge.errors(place, wire))[:2])
        except (TypeError, ValueError, KeyError, AttributeError, AssertionError) as error:
            return f"openapi-core failed: {type(error).__name__}: {error}"

    return with_openapi_core


def _with_swagger_client(written: Written, stack: ExitStack) -> Judged:
    client = stack.enter_context(SwaggerClient())

    def with_swagger_client(place: WrittenOperation, operation: Operation, made: Mapping[str, Json], wire: Wire) -> str:
        answer = client.build(written, place, operation, made)
        if "error" in answer:
            return f"swagger-client failed: {answer['error']}"
        names = frozenset(param.name.lower() for param in operation.params if param.where is Where.HEADER)
        names |= {"cookie"} if any(param.where is Where.COOKIE for param in operation.params) else set()
        return "; ".join(differences(ours(wire, names), theirs(answer, names)))

    return with_swagger_client


# --- printing ---------------------------------------------------------------------------------------------------------


def cause(verdict: Verdict) -> str:
    """What was said with its values left out, so that the same reason counts as one."""
    said = re.sub(r"'[^']*'|\"[^\"]*\"|\{.*?\}|\[.*?\]|\b\d[\d.]*\b|b'.*?'", "…", verdict.said)
    return f"{verdict.outcome}: {said[:160]}"


def _print_rest(tallies: Sequence[Tally]) -> None:
    rest = [verdict for one in tallies for verdict in one.rest]
    counted = Counter(cause(verdict) for verdict in rest)
    for reason, count in counted.most_common():
        same = [verdict for verdict in rest if cause(verdict) == reason]
        print(f"\n{count} × {reason}")
        for sentence in {verdict.sentence for verdict in same if verdict.sentence}:
            print(f"    {sentence}")
        for verdict in same[:EXAMPLES]:
            print(f"  {verdict.document}: {verdict.operation}: {verdict.said[:300]}")
            print(f"    {verdict.target[:200]}  {orjson.dumps(verdict.arguments).decode()[:300]}")


def is_met(tallies: Sequence[Tally]) -> bool:
    """The target for each generation with its own oracle; a second one's differences each need a sentence."""
    own = [one for one in tallies if one.oracle == oracles(Path(), one.version)[0]]
    other = [one for one in tallies if one not in own]
    generations = [[one for one in own if (one.version == "2.0") is old] for old in (True, False)]
    return all(accepted(these) >= ACCEPTED for these in generations) and not any(map(_undecided, other))


def accepted(tallies: Sequence[Tally]) -> float:
    """The percentage of operations whose every request was accepted."""
    return share(sum(one.accepted for one in tallies), sum(one.operations for one in tallies))


def _undecided(one: Tally) -> int:
    return sum(not verdict.sentence for verdict in one.rest)


def _print_versions(tallies: Sequence[Tally]) -> None:
    groups: dict[tuple[str, str], list[Tally]] = {}
    for one in tallies:
        groups.setdefault((one.version, one.oracle), []).append(one)
        if one.oracle == OPENAPI_CORE:
            groups.setdefault(("3.x", one.oracle), []).append(one)
    print(
        f"\n{'version':<9}{'oracle':<16}{'operations':>10}{'accepted':>10}{'%':>8}"
        f"{'requests':>10}{'accepted':>10}{'%':>8}{'undecided':>11}"
    )
    for (version, oracle), these in sorted(groups.items()):
        operations, good = sum(one.operations for one in these), sum(one.accepted for one in these)
        requests = sum((one.requests for one in these), Counter[str]())
        print(
            f"{version:<9}{oracle:<16}{operations:>10}{good:>10}{accepted(these):>8.2f}{requests.total():>10}"
            f"{requests[ACCEPT]:>10}{share(requests[ACCEPT], requests.total()):>8.2f}{sum(map(_undecided, these)):>11}"
        )


def _print_one(one: Tally) -> None:
    counts = "  ".join(f"{count} {outcome}" for outcome, count in sorted(one.requests.items()))
    print(f"{one.document:<34}{one.version:<5}{one.oracle:<15}{one.seconds:>7.1f} s  {counts}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.oracle", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="documents whose name holds this text")
    parser.add_argument("--each", type=int, default=2, help="sets of arguments for each operation")
    given = parser.parse_args()
    if given.one:
        judges = oracles(given.one, read(given.one).version)
        sys.stdout.buffer.write(orjson.dumps([tally(given.one, oracle, given.each) for oracle in judges]))
        return 0
    if not given.folder.is_dir():
        parser.error(f"{given.folder} is no folder: name one that holds OpenAPI documents")
    tallies: list[Tally] = []
    paths = documents(given.folder, given.only)
    for answers in measured("tests.bench.oracle", paths, ["--each", str(given.each)], workers=2):
        for raw in answers:
            rest = [Verdict(**verdict) for verdict in raw["rest"]]
            tallies.append(Tally(**(raw | {"requests": Counter(raw["requests"]), "rest": rest})))
            _print_one(tallies[-1])
    _print_versions(tallies)
    _print_rest(tallies)
    return 0 if is_met(tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
