"""What the tests of the reading side share."""

import os
from pathlib import Path
from typing import Any

import pytest

from bridge.importer.budget import Budgets, ImportFailed
from bridge.importer.load import Document, parse

CORPUS = Path(os.environ.get("CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="needs a folder of real documents: name it in CORPUS")


def read(text: str | bytes, name: str = "api.json", media_type: str | None = None, **budgets: Any) -> Document:
    data = text.encode() if isinstance(text, str) else text
    return parse(data, f"/specs/{name}", name, media_type, Budgets(**budgets))


def refusal(text: str | bytes, name: str = "api.json", media_type: str | None = None, **budgets: Any) -> str:
    """The error as its user sees it."""
    with pytest.raises(ImportFailed) as failed:
        read(text, name, media_type, **budgets)
    return str(failed.value)
