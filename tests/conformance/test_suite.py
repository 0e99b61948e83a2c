"""The official conformance suite finds what is listed, and nothing else."""

from itertools import pairwise

import pytest
import yaml

from tests.conformance.suite import MINIMUM, baseline, run
from tests.kit.needs import needs_conformance_suite


@needs_conformance_suite
@pytest.mark.timeout(240)
@pytest.mark.requirement("modern.headers.case", "modern.headers.whitespace")
@pytest.mark.parametrize("revision", MINIMUM)
async def test_the_official_suite_fails_where_it_is_expected_to_and_only_there(revision: str) -> None:
    results = await run(revision)
    assert results.good, "\n".join(results.lines())


@pytest.mark.parametrize("revision", MINIMUM)
def test_every_expected_failure_has_a_reason(revision: str) -> None:
    """A comment right above it, or above other checks of the same scenario."""
    text = baseline(revision).read_text()
    lines = [line.strip() for line in text.splitlines()]
    listed = [line for line in lines if line.startswith("- ")]
    assert listed == [f"- {entry}" for entry in yaml.safe_load(text)["server"]]
    for before, line in pairwise(lines):
        if line.startswith("- "):
            assert before.startswith("# ") or before.partition(":")[0] == line.partition(":")[0], line
