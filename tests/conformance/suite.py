"""The official conformance suite, run against the gateway, and what came of it.

The suite compares the failures with a file per revision: a failure that is not listed there fails the run, and so does
a listed one that has passed. What it prints is for reading; what is counted here comes from the checks that it saves.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import yaml

from tests.conformance.stand import stand
from tests.kit.needs import NODE_PACKAGES, node

MINIMUM = {"2026-07-28": 31, "2025-11-25": 24}
"""Scored scenarios that have to pass, however many failures are listed."""
BESIDE = {
    "2026-07-28": {"json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"},
    "2025-11-25": {"json-schema-2020-12", "server-session-lifecycle"},
}
"""Scenarios that have to pass though the suite does not score them; the file of expected failures cannot hold them."""
PACKAGE = "@modelcontextprotocol/conformance"
PATIENCE = 70.0
ATTEMPTS = 3
"""The suite gives a change 1.5 s to arrive where it SHOULD, and warns after that; a busy machine may take longer. What
was warned of alone is therefore tried again; a failure is not."""
_BAD = frozenset({"FAILURE", "WARNING"})


@dataclass(frozen=True, slots=True)
class Check:
    """One that failed or warned, with the suite's own words."""

    id: str
    status: str
    said: str


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    scored: bool
    passed: bool
    failures: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    revision: str
    scenarios: tuple[Scenario, ...]
    agrees: bool
    """With the file of expected failures, as the suite sees it."""
    said: str
    """What the suite printed."""

    @property
    def scored(self) -> list[Scenario]:
        return [scenario for scenario in self.scenarios if scenario.scored]

    @property
    def passed(self) -> int:
        return sum(scenario.passed for scenario in self.scored)

    @property
    def only_warned(self) -> bool:
        """Nothing failed that was not expected to, but there were warnings."""
        listed = yaml.safe_load(baseline(self.revision).read_text())["server"]
        statuses = {
            check.status
            for scenario in self.scored
            for check in scenario.failures
            if not {scenario.name, f"{scenario.name}:{check.id}"} & set(listed)
        }
        return statuses == {"WARNING"}

    @property
    def missed(self) -> list[str]:
        """Unscored scenarios that had to pass."""
        return sorted(BESIDE[self.revision] - {scenario.name for scenario in self.scenarios if scenario.passed})

    @property
    def good(self) -> bool:
        return self.agrees and self.passed >= MINIMUM[self.revision] and not self.missed

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for scenario in self.scenarios:
            verdict = "pass" if scenario.passed else "fail" if scenario.failures else "none"
            yield f"  {verdict}  {scenario.name}{'' if scenario.scored else ' (not scored)'}"
            if scenario.scored or scenario.name in self.missed:
                yield from (f"          {check.id}: {check.said}" for check in scenario.failures)
        if not self.agrees:
            yield from self._disagreement()
        yield from (f"  {name} is not scored, and had to pass" for name in self.missed)
        least = MINIMUM[self.revision]
        yield f"{self.revision}: {self.passed} of {len(self.scored)} scored scenarios pass, at least {least} have to"

    def _disagreement(self) -> Iterator[str]:
        words = re.sub(r"\x1b\[[0-9;]*m", "", self.said).rpartition("\nTotal: ")[2].splitlines()
        yield f"  The failures are not those of {baseline(self.revision).name}; the suite says:"
        yield from (f"    {line}" for line in words[1:] if line.strip())


def baseline(revision: str) -> Path:
    return Path(__file__).parent / f"expected-failures-{revision}.yaml"


async def run(revision: str) -> Results:
    """Raises TimeoutError when the suite does not end. Whatever was started has ended on return."""
    results = await _run(revision)
    for _ in range(ATTEMPTS - 1):
        if results.agrees or not results.only_warned:
            break
        results = await _run(revision)
    return results


async def _run(revision: str) -> Results:
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        home = Path(folder)
        async with stand(home) as running:
            code, said = await _suite(revision, running.mcp, home / "results")
        return Results(revision, tuple(_scenarios(revision, home / "results")), code == 0, said)


async def _suite(revision: str, url: str, results: Path) -> tuple[int, str]:
    arguments = ["server", "--url", url, "--requirements", revision]
    arguments += ["--expected-failures", str(baseline(revision)), "-o", str(results)]
    async with (
        _started(str(node()), str(NODE_PACKAGES / PACKAGE / "dist" / "index.js"), *arguments) as process,
        asyncio.timeout(PATIENCE),
    ):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(errors="replace")


@asynccontextmanager
async def _started(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def _scenarios(revision: str, results: Path) -> Iterator[Scenario]:
    """In the order of the suite's own list of what the revision requires; one that left no checks has failed."""
    required = yaml.safe_load((NODE_PACKAGES / PACKAGE / "requirements" / f"{revision}.yaml").read_text())
    unscored = [entry["scenario"] for entry in required["not_scored"] if entry["leg"] == "server"]
    for name in [*required["server"], *unscored]:
        found = list(results.glob(f"server-{name}-2*/checks.json"))
        checks = orjson.loads(found[0].read_bytes()) if found else []
        bad = [one for one in checks if one["status"] in _BAD]
        failures = tuple(Check(one["id"], one["status"], one.get("errorMessage") or one["description"]) for one in bad)
        succeeded = any(one["status"] == "SUCCESS" for one in checks)
        yield Scenario(name, name in required["server"], succeeded and not failures, failures)
