"""How every test runs: async tests on asyncio, and nothing skipped in silence."""

import os
from collections import Counter

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The servers under test are asyncio's own (uvicorn), so trio would test nothing that ships."""
    return "asyncio"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") and _skips(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skips = _skips(config)
    if not skips:
        return
    ci = bool(os.environ.get("CI"))
    terminalreporter.section("skipped, which fails in CI" if ci else "not run here", red=ci, yellow=not ci)
    for reason, count in Counter(reason for _, reason in skips).most_common():
        terminalreporter.line(f"{count} × {reason}")
    if ci:
        for test, _ in skips:
            terminalreporter.line(f"  {test}")


def _skips(config: pytest.Config) -> list[tuple[str, str]]:
    """Test and reason, whether a mark, a call or a whole module's import skipped it; empty on an xdist worker."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if isinstance(reporter, pytest.TerminalReporter) else []
    return [(report.nodeid, _reason(report.longrepr)) for report in reports]


def _reason(longrepr: object) -> str:
    reason = longrepr[2] if isinstance(longrepr, tuple) else longrepr
    return str(reason).removeprefix("Skipped: ")
