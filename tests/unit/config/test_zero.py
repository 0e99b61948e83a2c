"""A command line without a file becomes the same settings."""

from pathlib import Path

import pytest

from bridge.config import ConfigInvalid, zero


def test_one_document_is_mounted_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").touch()
    settings = zero(["orders.yaml"], env={}, folder=tmp_path)
    assert {name: (api.spec, api.prefix) for name, api in settings.apis.items()} == {
        "orders": (str(tmp_path / "orders.yaml"), "")
    }


def test_flags_hold_for_every_document(tmp_path: Path) -> None:
    settings = zero(
        ["https://a.example.com/v1/shop.json", "https://b.example.com/shop.json"],
        env={"TOKEN": "t0ken", "DUALBRIDGE_LOG_LEVEL": "debug"},
        folder=tmp_path,
        upstream="http://127.0.0.1:9000/",
        upstream_headers=["Authorization: Bearer ${TOKEN}", "X-A:b"],
        api={"allow_private": True},
        overrides={"listen": "127.0.0.1:0", "admin": "off"},
    )
    assert {name: api.prefix for name, api in settings.apis.items()} == {"shop": "/shop", "shop-2": "/shop-2"}
    for api in settings.apis.values():
        assert api.upstream.url == "http://127.0.0.1:9000"
        assert {name: value.reveal() for name, value in api.upstream.headers.items()} == {
            "authorization": "Bearer t0ken",
            "x-a": "b",
        }
        assert api.allow_private
    assert (settings.listen.port, settings.admin, settings.log.level) == (0, None, "debug")


def test_a_folder_stands_for_its_documents(tmp_path: Path) -> None:
    (tmp_path / "Orders API.yaml").write_text("# ours\nopenapi: 3.1.0\n")
    (tmp_path / "pay.json").write_text('{\n "swagger": "2.0"}')
    (tmp_path / "mini.json").write_text('{"openapi":"3.0.0"}')
    (tmp_path / "parts.yaml").write_text("components: {schemas: {}}\n")
    (tmp_path / "notes.txt").write_text("openapi: 3.1.0\n")
    assert sorted(zero([str(tmp_path)], env={}, folder=Path()).apis) == ["mini", "orders-api", "pay"]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("https://api.example.com/openapi.json", "api-example-com"),
        ("https://api.example.com/", "api-example-com"),
        ("https://api.example.com/v2/pets.yaml?x=1", "pets"),
        ("https://x.io/2checkout.yaml", "api-2checkout"),
        (f"https://x.io/{'a' * 50}.yaml", "a" * 32),
    ],
)
def test_an_api_is_named_after_its_document(document: str, name: str) -> None:
    assert list(zero([document], env={}, folder=Path()).apis) == [name]


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/a"}, "/state/dualbridge"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/a"}, "/home/a/.local/state/dualbridge"),
        ({}, "/work/.dualbridge"),
    ],
)
def test_state_lies_where_the_system_keeps_it(env: dict[str, str], folder: str) -> None:
    assert zero(["https://a.example.com/a.json"], env=env, folder=Path("/work")).data == Path(folder)


def test_problems_of_the_command_line_are_reported_together_without_credentials(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        zero(
            ["none.yaml", str(tmp_path)],
            env={},
            folder=tmp_path,
            upstream="h:80",
            upstream_headers=["canary", "X-A: ${NONE}"],
            overrides={"listen": "x"},
        )
    text = str(caught.value)
    assert "canary" not in text
    for part in (
        "an upstream header has no colon; write it as 'Name: value'",
        "holds no OpenAPI document",
        "apis.none.spec: names a file that does not exist",
        "apis.none.upstream.url: “h:80” is not an absolute http or https URL",
        "apis.none.upstream.headers.X-A: needs the environment variable NONE",
        "listen: “x” is not an address to listen on",
    ):
        assert part in text


@pytest.mark.parametrize("document", ["http://[::1", "http://a b/c.json", "https://", "ftp://h/x.json"])
def test_a_url_that_makes_no_sense_is_a_problem(document: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"apis\.[a-z0-9-]+\.spec: "):
        zero([document], env={}, folder=Path())


def test_no_document_is_a_problem() -> None:
    with pytest.raises(ConfigInvalid, match="apis: names no API"):
        zero([], env={}, folder=Path())
