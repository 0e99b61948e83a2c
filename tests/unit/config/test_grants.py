"""Rules in a configuration say what they do, or are refused."""

from pathlib import Path

import orjson
import pytest

from bridge.config import ConfigInvalid, load
from bridge.model import Json


@pytest.mark.parametrize("more", [{"when": "args.amount <= 100"}, {"budgets": {"calls": 5}}])
def test_a_rule_opens_no_other_paths_that_its_condition_or_budget_is_not_about(tmp_path: Path, more: Json) -> None:
    (tmp_path / "api.json").write_text("{}")
    rule = {"who": "anyone", "may": ["*"], "unlisted": True}
    for given in (rule, rule | more):
        file = tmp_path / "bridge.yaml"
        file.write_bytes(orjson.dumps({"apis": {"shop": {"spec": "api.json"}}, "grants": {"all": given}}))
        if given is rule:
            load(file, {})
            continue
        with pytest.raises(ConfigInvalid, match=r"grants\.all\.unlisted: opens what neither when nor budgets is about"):
            load(file, {})
