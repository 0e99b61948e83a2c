from pathlib import Path

import pytest
import yaml

from tests.kit.command import run
from tests.unit.cli.documents import keep, small

SCHEMA = Path(__file__).parents[3] / "specs" / "config.schema.json"


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TOKEN", "very-secret")
    small()
    headers = "{Authorization: 'Bearer ${TOKEN}'}"
    return keep(
        "bridge.yaml", f"apis: {{a: {{spec: things.json, upstream: {{url: 'http://x.test', headers: {headers}}}}}}}"
    )


@pytest.mark.parametrize("form", [[], ["-o", "json"]])
def test_show_hides_secrets(file: str, form: list[str]) -> None:
    ran = run("config", "show", file, *form)
    assert ran.code == 0
    assert "***" in ran.out
    assert "very-secret" not in ran.out + ran.err


def test_show_is_the_file_with_every_default_in_both_forms(file: str) -> None:
    text = yaml.safe_load(run("config", "show").out)
    assert text == run("config", "show", "-o", "json").json
    assert text["apis"]["a"]["upstream"]["url"] == "http://x.test"
    assert text["mcp"]["path"] == "/mcp"


def test_show_takes_a_document_too() -> None:
    assert run("config", "show", small(), "-o", "json").json["apis"]["things"]["spec"].endswith("things.json")


def test_schema_is_the_one_that_is_published() -> None:
    assert run("config", "schema").out == run("config", "schema", "-o", "json").out == SCHEMA.read_text()


def test_an_unknown_key_is_named_with_its_place_and_the_likely_one() -> None:
    ran = run("check", keep("bridge.yaml", "apis:\n  a:\n    spec: x.yaml\n    prefx: /a\n"))
    assert (ran.code, ran.out) == (3, "")
    assert "bridge.yaml:4:5: apis.a.prefx: is not a known key; did you mean prefix?" in ran.err


def test_all_that_is_wrong_is_told_at_once() -> None:
    ran = run("check", keep("bridge.yaml", "listn: x\napis: {a: {spec: things.json, timeout: 1}}\nhealth: 7\n"))
    assert len([line for line in ran.err.splitlines() if line.startswith("error: bridge.yaml:")]) >= 3


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    small()
    ran = run("check", keep("bridge.yaml", "public_url: ${NOT_SET_ANYWHERE}\napis: {a: {spec: things.json}}\n"))
    assert ran.code == 3
    assert "bridge.yaml:1:" in ran.err
    assert "NOT_SET_ANYWHERE" in ran.err


def test_flags_that_go_with_documents_are_a_usage_error_beside_a_configuration(file: str) -> None:
    ran = run("check", file, "--upstream", "http://x.test")
    assert ran.code == 2
    assert "--upstream" in ran.err


def test_documents_and_a_configuration_together_are_a_usage_error(file: str) -> None:
    assert run("check", "things.json", "--config", file).code == 2


def test_without_anything_the_usage_is_told() -> None:
    ran = run("check")
    assert ran.code == 2
    assert "bridge.yaml" in ran.err


@pytest.mark.parametrize("command", ["check", "serve", "tools"])
@pytest.mark.parametrize("among", [["things.json", "other.yaml"], ["other.yaml", "things.json"], ["other.yaml"] * 2])
def test_a_configuration_among_documents_is_a_usage_error_that_names_it(
    file: str, command: str, among: list[str]
) -> None:
    Path(file).rename("other.yaml")
    ran = run(command, *among)
    assert (ran.code, ran.out) == (2, "")
    assert "other.yaml is a configuration" in ran.err
