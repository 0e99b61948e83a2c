"""Registrations: what may be in one, how the configuration wins, and how replicas agree on them."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bridge.compile import backends
from bridge.compile.candidate import registration
from bridge.compile.errand import Candidate
from bridge.compile.registered import Registered, joined, load_all, with_api
from bridge.compile.registry import NotKept, Registry
from bridge.compile.runtime import Parts, compile_runtime
from bridge.config import ConfigInvalid, Settings, load
from bridge.model import Json, StateUnavailable
from bridge.pipeline.runtime import Runtime
from tests.kit.documents import paths
from tests.kit.live import written
from tests.kit.runtime import memory
from tests.kit.upstream import ScriptedUpstream
from tests.unit.compile.kit import findings

DOCUMENT = paths({"GET /parts": {"operationId": "parts"}})


def settings(home: Path, **apis: Json) -> Settings:
    file = written(home, {"shop": paths({"GET /orders": {"operationId": "orders"}})})
    root = orjson.loads(file.read_bytes())
    root["apis"]["shop"] |= {"prefix": "/"} | apis
    file.write_bytes(orjson.dumps(root))
    return load(file, {})


def made(body: Json, *known: Registered) -> Registered:
    return registration(Candidate("depot", 1.0, (orjson.dumps(body),)), known)


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
     ({"upstream": {"client_certificate": {}}}, "apis.depot.upstream.client_certificate"),
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


def runtime(home: Path, *registrations: Registered) -> Runtime:
    whole, loaded = load_all(settings(home), registrations)
    return compile_runtime(whole, loaded, Parts(ScriptedUpstream(), backends.state(whole.state)))


INSIDE = ["http://169.254.169.254/latest", "http://10.0.0.5", "http://127.0.0.1:8081", "http://localhost"]


@pytest.mark.parametrize("server", INSIDE)
def test_a_registered_document_does_not_send_calls_into_our_network(tmp_path: Path, server: str) -> None:
    document = DOCUMENT | {"servers": [{"url": server}]}
    rt = runtime(tmp_path, made({"document": document}))
    assert rt.endpoints["depot", "parts"].route.targets == ()
    (finding,) = findings(rt, "no-upstream")
    assert (finding.api, server in finding.message) == ("depot", True)
    assert "options.upstream.url" in finding.advice


@pytest.mark.parametrize("server", INSIDE)
def test_nor_does_a_single_operation_of_it(tmp_path: Path, server: str) -> None:
    away = {"operationId": "away", "servers": [{"url": server}]}
    document = paths(
        {"GET /parts": {"operationId": "parts"}, "GET /away": away}, servers=[{"url": "https://a.example"}]
    )
    rt = runtime(tmp_path, made({"document": document}))
    assert rt.endpoints["depot", "away"].route.targets == ()
    assert [one.api for one in findings(rt, "operation-without-upstream")] == ["depot"]
    assert [target.guarded for target in rt.endpoints["depot", "parts"].route.targets] == [True]


def test_whoever_registers_it_may_say_that_it_does(tmp_path: Path) -> None:
    document = DOCUMENT | {"servers": [{"url": "http://10.0.0.5"}]}
    for options in ({"allow_private": True}, {"upstream": {"url": "http://10.0.0.5"}}):
        rt = runtime(tmp_path, made({"document": document, "options": options}))
        (target,) = rt.endpoints["depot", "parts"].route.targets
        assert (target.origin, target.guarded) == ("http://10.0.0.5", False)


def test_a_registration_takes_no_name_and_no_address_from_the_configuration_or_an_older_one(tmp_path: Path) -> None:
    wish = {"operationId": "orders", "x-mcp": {"uri": "notes://all/orders"}}
    document = paths({"GET /orders": wish}, servers=[{"url": "https://a.example"}])
    older = Registered.made("young", 1.0, None, {}, orjson.dumps(document))
    newer = Registered.made("aged", 2.0, None, {}, orjson.dumps(document))
    alone, both = (runtime(tmp_path, *each).catalog for each in ([older], [newer, older]))
    assert {name: tool.api for name, tool in alone.tools.items()} == {"orders": "shop", "young_orders": "young"}
    assert {name: tool.api for name, tool in both.tools.items()} == {
        "orders": "shop", "young_orders": "young", "aged_orders": "aged",
    }  # fmt: skip
    assert {one.uri: one.api for one in both.resources if one.api != "shop"} == {
        "notes://all/orders": "young", "api://aged/orders": "aged",
    }  # fmt: skip


def test_a_registration_keeps_its_turn_when_it_is_changed_and_loses_it_when_it_is_taken_back() -> None:
    first = made({"document": DOCUMENT})
    changed = registration(Candidate("depot", 5.0, (b'{"options": {}}',)), [first])
    assert (changed.changed, changed.first) == (5.0, first.first)
    assert Registered.read(changed.raw).first == 1.0
    anew = registration(
        Candidate("depot", 9.0, (orjson.dumps({"document": DOCUMENT}),)), [Registered.removed("depot", 6.0)]
    )
    assert anew.first == 9.0


def test_a_registration_that_was_written_without_its_turn_has_that_of_its_change() -> None:
    assert Registered.read(b'{"name":"depot","changed":3.5,"url":"https://a.example","options":{}}\n').first == 3.5


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


async def test_replicas_agree_on_the_later_registration_and_forget_what_was_removed(tmp_path: Path) -> None:
    state = memory()
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
    await Registry(tmp_path, memory()).keep(Registered.made("depot", 1.0, "https://a.example/x", {}))
    state = memory()
    restarted = Registry(tmp_path, state)
    restarted.read_files()
    assert not await restarted.sync()
    assert [key for key, _ in await state.store.family("registered")] == ["registered:depot"]


async def test_scopes_share_a_folder_and_a_store_and_know_nothing_of_each_other(tmp_path: Path) -> None:
    state = memory()
    one, two = Registry(tmp_path, state, "one"), Registry(tmp_path, state, "two")
    await one.keep(Registered.made("depot", 1.0, "https://a.example/x", {}))
    for other in (two, Registry(tmp_path, state)):
        other.read_files()
        assert not await other.sync()
        assert not other.known
    for again in (Registry(tmp_path, memory(), "one"), Registry(tmp_path / "elsewhere", state, "one")):
        again.read_files()
        await again.sync()
        assert list(again.known) == ["depot"]


async def test_what_cannot_be_shared_is_not_kept(tmp_path: Path) -> None:
    registry = Registry(tmp_path, replace(memory(), store=Outage()))
    with pytest.raises(NotKept):
        await registry.keep(Registered.made("depot", 1.0, "https://a.example/x", {}))
    assert not registry.known
    assert not list((tmp_path / "registered").iterdir())
