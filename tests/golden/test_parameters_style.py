"""Every serialization style against two implementations that know nothing of this one.

The project's own sample document, and the two public ones that are a matrix of styles. Where they part, a sentence of
the specification decides (tests/kit/known_differences.py).
"""

from pathlib import Path

import pytest

from tests.bench.oracle import OPENAPI_CORE, SWAGGER_CLIENT, tally
from tests.kit.known_differences import DIFFERENCES
from tests.kit.needs import CORPUS, needs_corpus, needs_swagger_client

SPECS = Path(__file__).parents[2] / "specs"
SETS = 4

matrix = pytest.mark.parametrize("name", ["readme30-parameters-style.json", "readme31-parameters-style.json"])


def test_openapi_core_accepts_every_request_to_the_sample_api() -> None:
    found = tally(SPECS / "orders.yaml", OPENAPI_CORE, each=SETS)
    assert found.operations > 30
    assert [verdict for verdict in found.rest if not verdict.sentence] == []


@needs_swagger_client
def test_swagger_client_builds_the_same_requests_to_the_sample_api() -> None:
    found = tally(SPECS / "orders.yaml", SWAGGER_CLIENT, each=SETS)
    assert [verdict for verdict in found.rest if not verdict.sentence] == []


@needs_corpus
@matrix
def test_openapi_core_accepts_every_style(name: str) -> None:
    found = tally(CORPUS / name, OPENAPI_CORE, each=SETS)
    assert found.operations == 25
    assert [verdict for verdict in found.rest if not verdict.sentence] == []


@needs_corpus
@needs_swagger_client
@matrix
def test_swagger_client_writes_every_style_alike(name: str) -> None:
    found = tally(CORPUS / name, SWAGGER_CLIENT, each=SETS)
    assert found.operations == 25
    assert [verdict for verdict in found.rest if not verdict.sentence] == []


def test_each_decision_names_what_decides_it() -> None:
    for difference in DIFFERENCES:
        assert difference.wrong in {"oracle", "document"}
        assert difference.sentence.startswith(("OpenAPI ", "RFC ", "JSON Schema "))
