"""Public documents, imported and called: what of `make corpus` and `make oracle` is quick enough for every run."""

from pathlib import Path

import pytest

from tests.bench.children import documents
from tests.bench.corpus import report
from tests.bench.oracle import OPENAPI_CORE, SWAGGER_CLIENT, tally
from tests.kit.needs import CORPUS, needs_corpus, needs_swagger_client
from tests.kit.written import read

LARGEST = {"github-2026.json", "kubernetes-swagger2.json", "openai.json"}
SAMPLE = 25

DOCUMENTS = documents(CORPUS) if CORPUS.is_dir() else []
SMALLER = [path for path in DOCUMENTS if path.name not in LARGEST]
OLD = [path for path in DOCUMENTS if path.is_file() and read(path).version == "2.0"] if DOCUMENTS else []
named = pytest.mark.parametrize("path", SMALLER or [CORPUS], ids=lambda path: path.stem)


@needs_corpus
@named
def test_every_operation_becomes_a_clean_tool_or_a_finding(path: Path) -> None:
    found = report(path, fidelity=False)
    assert found.faults == []
    assert found.silent == []
    assert found.clean == found.operations


@needs_corpus
@named
def test_every_parameter_and_field_can_be_sent_or_has_a_finding(path: Path) -> None:
    found = report(path)
    assert found.unexplained == 0, found.misses
    assert found.missed.total() <= 1


@needs_corpus
@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path not in OLD] or [CORPUS], ids=lambda path: path.stem
)
def test_openapi_core_accepts_what_is_built_or_is_wrong_by_the_specification(path: Path) -> None:
    found = tally(path, OPENAPI_CORE, limit=SAMPLE)
    assert [verdict for verdict in found.rest if not verdict.sentence] == []


@needs_corpus
@needs_swagger_client
@pytest.mark.parametrize("path", OLD or [CORPUS], ids=lambda path: path.stem)
def test_swagger_client_builds_the_same_request(path: Path) -> None:
    found = tally(path, SWAGGER_CLIENT, limit=SAMPLE)
    assert [verdict for verdict in found.rest if not verdict.sentence] == []
