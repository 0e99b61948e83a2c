"""What the settings are is published: as a JSON schema, in the documentation, and as the effective configuration."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from bridge.config import Key, as_json, as_yaml, json_schema, json_schema_text, keys, load
from bridge.model import Json

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "specs" / "config.schema.json"
PAGE = (ROOT / "docs" / "configuration.md").read_text()
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (restart|reload) \| (.+) \|$", re.MULTILINE)


def example() -> str:
    match = re.search(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    assert match
    return match[1]


def row(key: Key) -> tuple[str, str, str, str]:
    default = "–" if key.default in (None, "") else f"`{json.dumps(key.default).strip(chr(34))}`"
    return key.path, "required" if key.required else default, "restart" if key.static else "reload", key.description


def test_the_page_lists_every_key_with_its_default_and_no_other() -> None:
    assert sorted(_ROW.findall(PAGE)) == sorted(row(key) for key in keys())


def test_every_key_says_what_it_is_for() -> None:
    assert not [key.path for key in keys() if not key.description.endswith(".")]


def test_the_published_schema_is_the_one_of_the_code_and_says_that_it_is_generated() -> None:
    assert SCHEMA.read_text() == json_schema_text()
    assert next(iter(json_schema())) == "$comment"


def test_the_pages_example_is_valid_and_loads(tmp_path: Path) -> None:
    text = example()
    jsonschema_rs.validator_for(json_schema()).validate(yaml.safe_load(text))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "orders.yaml").touch()
    (tmp_path / "key").write_text("k3y\n")
    path = tmp_path / "bridge.yaml"
    path.write_text(text.replace("/run/secrets/payments_key", "key"))
    settings = load(path, {"ORDERS_TOKEN": "t0ken", "REDIS_PASSWORD": "pa55word"})
    assert settings.apis["payments"].upstream.headers["x-api-key"].reveal() == "k3y"


@pytest.mark.parametrize(
    "wrong",
    [
        {"lisen": "x"},
        {"apis": {}},
        {"apis": {"Bad": {"spec": "x"}}},
        {"apis": {"a": {}}},
        {"apis": {"a": {"spec": "x", "validate": "no"}}},
        {"apis": {"a": {"spec": "x"}}, "limits": {"body": "8 MiB"}},
        {"apis": {"a": {"spec": "x"}}, "admin": None},
    ],
)
def test_the_schema_refuses_what_loading_refuses(wrong: Json) -> None:
    assert not jsonschema_rs.validator_for(json_schema()).is_valid(wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"apis": {"a": {"spec": "x", "validate": "off"}}, "admin": "off", "limits": {"requests": "1/s", "body": 5}},
        {"apis": {"a": {"spec": "x", "upstream": {"timeout": "${T}"}}}, "limits": {"requests": {"rate": "1/s"}}},
    ],
)
def test_the_schema_takes_what_loading_takes(right: Json) -> None:
    jsonschema_rs.validator_for(json_schema()).validate(right)


def test_the_effective_configuration_can_be_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch()
    path = tmp_path / "bridge.yaml"
    path.write_text(
        "admin: off\nmcp: {ttl: 90s, toolsets: {x: {include: ['tag:a']}}}\nlimits: {requests: 90/m, body: 1500}\n"
        "apis: {a: {spec: a.yaml, operations: {o: {timeout: 250ms, annotations: {readOnly: true}}}}}\n"
    )
    settings = load(path, {})
    path.write_text(as_yaml(settings))
    assert load(path, {}) == settings
    jsonschema_rs.validator_for(json_schema()).validate(as_json(settings))
    assert as_json(settings)["limits"] == {"requests": {"rate": "90/m"}, "body": "1500", "result": "8MiB"}
