"""Registrations: what may be in one, how the configuration wins, and how replicas agree on them."""

from pathlib import Path

import orjson
import pytest

from bridge.compile.candidate import registration
from bridge.compile.errand import Candidate
from bridge.compile.registered import Registered, joined, load_all, with_api
from bridge.compile.registry import NotKept, Registry
from bridge.config import ConfigInvalid, Settings, load
from bridge.model import Json, StateUnavailable
from bridge.state.base import Shared
from bridge.state.memory import MemoryBus, MemoryEventLog, MemoryStore
from tests.kit.documents import paths
from tests.kit.live import written

DOCUMENT = paths({"GET /parts": {"operationId": "parts"}})


def settings(home: Path, **apis: Json) -> Settings:
    file = written(home, {"shop": paths({"GET /orders": {"operationId": "orders"}})})
    root = orjson.loads(file.read_bytes())
    root["apis"]["shop"] |= {"prefix": "/"} | apis
    file.write_bytes(orjson.dumps(root))
    return load(file, {})


def made(body: Json, *known: Registered) -> Registered:
    return registration(Candidate("depot", 1.0, orjson.dumps(body)), known)


def problem(error: pytest.ExceptionInfo[ConfigInvalid]) -> tuple[str, str]:
    (found,) = error.value.problems
    return found.path, found.message


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "document"), ([], ""), ({"document": 1}, "document"), ({"url": "file:///etc/passwd"}, "url"),
     ({"url": "shop.json"}, "url"), ({"url": "https://a.example", "document": DOCUMENT}, "url"),
     ({"document": DOCUMENT, "options": []}, "options"), ({"document": DOCUMENT, "prefix": "/a"}, "prefix")],
)  # fmt: skip
def test_a_body_that_is_wrong_is_told_where(body: Json, path: str) -> None:
    with pytest.raises(ConfigInvalid) as error:
        made(body)
    assert problem(error)[0] == path


def test_what_a_body_leaves_out_stays_and_null_takes_the_options_back() -> None:
    first = made({"document": DOCUMENT, "options": {"prefix": "/a"}})
    second = made({"document": "openapi: 3.1.0"}, first)
    assert (second.options, second.document()) == ({"prefix": "/a"}, b"openapi: 3.1.0")
    third = made({"options": None}, first)
    assert (third.options, third.document()) == ({}, orjson.dumps(DOCUMENT))
    assert made({"url": "https://a.example/x"}, first).document() is None


def test_a_registration_is_read_as_it_was_written() -> None:
    one = made({"document": DOCUMENT, "options": {"prefix": "/a"}})
    assert Registered.read(one.raw) == one


@pytest.mark.parametrize(
    "raw", [b"", b"{}\n", b"[]\n", b'{"name":"../x","changed":1}\n', b'{"name":"a","changed":"b"}\n']
)
def test_what_is_no_registration_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Registered.read(raw)


@pytest.mark.parametrize(
    ("options", "path"),
    [({"tols": {}}, "apis.depot.tols"), ({"spec": "a.json"}, "apis.depot.spec"),
     ({"overlays": ["../secret.yaml"]}, "apis.depot.overlays[0]"), ({"prefix": "/"}, "apis.depot.prefix"),
     ({"prefix": "/mcp"}, "apis.depot.prefix"), ({"upstream": {"timeout": 5}}, "apis.depot.upstream.timeout")],
)  # fmt: skip
def test_options_are_judged_as_in_a_configuration(tmp_path: Path, options: Json, path: str) -> None:
    with pytest.raises(ConfigInvalid) as error:
        with_api(settings(tmp_path), made({"document": DOCUMENT, "options": options}))
    assert problem(error)[0] == path


def test_nothing_in_options_is_filled_in_from_the_environment(tmp_path: Path) -> None:
    options = {"upstream": {"headers": {"Authorization": "Bearer ${HOME}"}}}
    api = with_api(settings(tmp_path), made({"document": DOCUMENT, "options": options})).apis["depot"]
    assert api.upstream.headers["authorization"].reveal() == "Bearer ${HOME}"


def test_the_configuration_wins_over_a_registration(tmp_path: Path) -> None:
    one = made({"document": DOCUMENT})
    assert list(joined(settings(tmp_path), [one]).settings.apis) == ["shop", "depot"]
    taken = joined(settings(tmp_path, prefix="/depot"), [one])
    assert list(taken.settings.apis) == ["shop"]
    assert [(finding.id, finding.api) for finding in taken.findings] == [("registration-left-out", "depot")]


def test_a_registered_document_refers_to_no_files(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"type": "string", "const": "secret"}')
    body = {"content": {"application/json": {"schema": {"$ref": str(tmp_path / "secret.json")}}}}
    document = paths({"POST /parts": {"operationId": "add", "requestBody": body}})
    _, loaded = load_all(settings(tmp_path), [made({"document": document})])
    assert any(finding.api == "depot" and "refused" in finding.message for finding in loaded.catalog.findings)
    assert "const" not in str([tool.input_schema for tool in loaded.catalog.tools.values()])


class Outage:
    """A store that cannot be reached."""

    async def get(self, key: str) -> bytes | None:
        raise StateUnavailable("no")

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        raise StateUnavailable("no")

    async def take(self, key: str) -> bytes | None:
        raise StateUnavailable("no")

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        raise StateUnavailable("no")


def shared() -> Shared:
    return Shared(MemoryStore(), MemoryEventLog(), MemoryBus())


async def test_replicas_agree_on_the_later_registration_and_forget_what_was_removed(tmp_path: Path) -> None:
    state = shared()
    one, two = Registry(tmp_path / "one", state), Registry(tmp_path / "two", state)
    older = Registered.made("depot", 1.0, "https://a.example/older", {})
    await one.keep(Registered.made("depot", 2.0, "https://a.example/later", {}))
    two.known["depot"] = older
    assert await two.sync()
    assert two.known["depot"].url == "https://a.example/later"
    assert not await two.sync()
    await two.keep(Registered.removed("depot", 3.0))
    away = Registry(tmp_path / "one", state)
    away.read_files()
    assert [one.gone for one in away.known.values()] == [False]
    assert await away.sync()
    assert [one.gone for one in away.known.values()] == [True]
    assert not list((tmp_path / "one" / "registered").iterdir())


async def test_what_only_a_file_knows_is_given_to_the_store(tmp_path: Path) -> None:
    await Registry(tmp_path, shared()).keep(Registered.made("depot", 1.0, "https://a.example/x", {}))
    state = shared()
    restarted = Registry(tmp_path, state)
    restarted.read_files()
    assert not await restarted.sync()
    assert [key for key, _ in await state.store.family("registered")] == ["registered:depot"]


async def test_what_cannot_be_shared_is_not_kept(tmp_path: Path) -> None:
    registry = Registry(tmp_path, Shared(Outage(), MemoryEventLog(), MemoryBus()))
    with pytest.raises(NotKept):
        await registry.keep(Registered.made("depot", 1.0, "https://a.example/x", {}))
    assert not registry.known
    assert not list((tmp_path / "registered").iterdir())
