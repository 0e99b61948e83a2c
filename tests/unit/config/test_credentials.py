"""Credentials in a configuration: one kind each, carried somewhere, and never shown."""

from pathlib import Path

import orjson
import pytest

from bridge.config import ConfigInvalid, Settings, as_yaml, load
from bridge.model import Json

CANARY = "canary-0451"
CLIENT: Json = {"id": "gw", "secret": CANARY}


def loaded(folder: Path, credentials: Json, **api: Json) -> Settings:
    (folder / "api.json").write_text("{}")
    file = folder / "bridge.yaml"
    file.write_bytes(orjson.dumps({"apis": {"shop": {"spec": "api.json", "credentials": credentials, **api}}}))
    return load(file, {"CANARY": CANARY})


def problem(folder: Path, credentials: Json, **api: Json) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        loaded(folder, credentials, **api)
    told = str(caught.value)
    assert CANARY not in told
    assert len(caught.value.problems) == 1, told
    return told


@pytest.mark.statement("B27")
@pytest.mark.parametrize(
    "entry",
    [
        {"key": CANARY}, {"token": CANARY}, {"username": CANARY, "password": CANARY}, {"client": CLIENT},
        {"username": CANARY, "password": ""}, {"exchange": {**CLIENT, "token_url": "https://id.test/t"}},
        {"key": CANARY, "in": "cookie", "name": "sid"}, {"token": "${CANARY}", "in": "header"},
    ],
)  # fmt: skip
def test_each_kind_is_read_and_never_shown(tmp_path: Path, entry: Json) -> None:
    settings = loaded(tmp_path, {"a": entry}, upstream={"targets": [{"url": "http://a", "credentials": {"b": entry}}]})
    assert CANARY not in as_yaml(settings) + repr(settings)
    assert "***" in as_yaml(settings)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, "holds no credential; give one of key, token"),
        ({"in": "header", "name": "x"}, "holds no credential"),
        ({"key": CANARY, "token": CANARY}, "holds key and token"),
        ({"username": "a"}, "has no password"),
        ({"key": f" {CANARY}"}, "is no key; write it in one line"),
        ({"key": ""}, "is no key"),
        ({"key": f"{CANARY}\r\nX: y"}, "is no key"),
        ({"token": f"Bearer {CANARY}"}, "is no token; write visible ASCII without spaces, and without the word Bearer"),
        ({"token": f"{CANARY}ü"}, "is no token"),
        ({"username": f"{CANARY}:b", "password": ""}, "holds a colon"),
        ({"username": "a", "password": f"{CANARY}\x07"}, "holds a control character"),
        ({"key": CANARY, "name": "x"}, "has a name, and does not say of what"),
        ({"key": CANARY, "in": "header"}, "has no name"),
        ({"key": CANARY, "in": "body", "name": "x"}, "is none of header, query, cookie"),
        ({"key": CANARY, "in": "header", "name": "a b"}, "is not a header name"),
        ({"key": CANARY, "in": "header", "name": "Content-Length"}, "is written by the gateway itself"),
        ({"key": f"{CANARY}ü", "in": "header", "name": "x"}, "use visible ASCII characters"),
        ({"key": f"{CANARY};a", "in": "cookie", "name": "x"}, "is no cookie's value"),
        ({"key": CANARY, "in": "cookie", "name": "a=b"}, "is no cookie's name"),
        ({"key": CANARY, "in": "query", "name": ""}, "is empty"),
        ({"token": CANARY, "in": "query"}, "goes into the header Authorization alone"),
        ({"token": CANARY, "in": "header", "name": "x"}, "goes into the header Authorization alone"),
        ({"client": {"id": "gw"}}, "has no secret"),
        ({"client": {**CLIENT, "token_url": "http://id.test"}}, "is not an https URL"),
        ({"client": {**CLIENT, "token_url": "https://a:b@id.test"}}, "holds a user name or password"),
        ({"exchange": CLIENT}, "has no token_url"),
        (CANARY, "write"),
        ({"apikey": CANARY}, "is not a known key; did you mean key?"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_without_the_secret(tmp_path: Path, entry: Json, told: str) -> None:
    said = problem(tmp_path, {"a": entry})
    assert told in said
    assert "apis.shop.credentials.a" in said
    assert f"{tmp_path}/bridge.yaml:1:" in said


def test_so_it_is_for_the_credentials_of_one_target(tmp_path: Path) -> None:
    upstream: Json = {"targets": [{"url": "http://a"}, {"url": "http://b", "credentials": {"a": {}}}]}
    assert "apis.shop.upstream.targets[1].credentials.a: holds no credential" in problem(
        tmp_path, {}, upstream=upstream
    )


def test_a_certificates_file_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "c.pem").touch()
    upstream: Json = {"url": "http://a", "client_certificate": {"certificate": "c.pem", "key": "k.pem"}}
    told = problem(tmp_path, {}, upstream=upstream)
    assert "apis.shop.upstream.client_certificate.key: names a file that does not exist" in told


def test_the_files_of_references_are_known_even_where_they_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CANARY)
    settings = loaded(tmp_path, {"a": {"key": "${file:secret}"}})
    assert settings.references == {str(tmp_path / "secret")}
    assert settings.model_copy().references == settings.references
    key = settings.apis["shop"].credentials["a"].key
    assert key is not None
    assert key.reveal() == CANARY
