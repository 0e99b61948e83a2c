"""Documents and the catalogues that they become, as pairs of files: `python -m tests.golden.update` renews them."""

import pytest

from tests.golden.catalogs import CASES, cases, rendered


@pytest.mark.parametrize("case", cases())
def test_document_becomes_the_catalogue_beside_it(case: str) -> None:
    assert rendered(case) == (CASES / case / "tools.json").read_text()
