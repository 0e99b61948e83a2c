"""Every configured API, imported: what fails costs itself and nothing else."""

from pathlib import Path

import orjson
import pytest

from bridge.compile import Loaded, NothingLoaded, load_apis
from bridge.compile.runtime import compile_runtime, parts
from bridge.config import Settings, load
from bridge.importer import ImportFailed
from bridge.model import Json
from tests.kit.documents import paths

THINGS = paths({"GET /things": {"operationId": "listThings"}}, servers=[{"url": "https://a.example.com"}])


def settings(home: Path, documents: Json, **root: Json) -> Settings:
    """One API per document; a text is written as it is."""
    for name, content in documents.items():
        (home / f"{name}.json").write_bytes(content.encode() if isinstance(content, str) else orjson.dumps(content))
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps({"apis": {name: {"spec": f"{name}.json"} for name in documents}, **root}))
    return load(file, {})


def found(home: Path, documents: Json, **root: Json) -> Loaded:
    return load_apis(settings(home, documents, **root))


def test_an_api_that_cannot_be_imported_is_absent_and_the_others_are_there(tmp_path: Path) -> None:
    one = found(tmp_path, {"things": THINGS, "broken": '{\n"openapi": }'})
    assert [api.name for api in one.catalog.apis] == ["things"]
    assert [absent.api for absent in one.absent] == ["broken"]
    (finding,) = [finding for finding in one.catalog.findings if finding.id == "api-absent"]
    assert (finding.api, finding.line, finding.lost) == ("broken", 2, "the whole API")
    assert finding.source.endswith("broken.json")


def test_an_api_that_fails_in_a_way_nobody_thought_of_is_absent_too(tmp_path: Path) -> None:
    chosen = settings(tmp_path, {"things": THINGS, "odd": THINGS})
    overlay = tmp_path / "overlay.json"
    actions = [{"target": "$.info", "update": {}}]
    info = {"title": "T", "version": "1"}
    overlay.write_bytes(orjson.dumps({"overlay": "1.0.0", "info": info, "extends": "http://[", "actions": actions}))
    odd = chosen.apis["odd"].model_copy(update={"overlays": (str(overlay),)})
    loaded = load_apis(chosen.model_copy(update={"apis": {**chosen.apis, "odd": odd}}))
    assert [api.name for api in loaded.catalog.apis] == ["things"]
    (absent,) = loaded.absent
    assert (absent.api, absent.error.message) == ("odd", "cannot be read: ValueError: Invalid IPv6 URL")


def test_an_absent_api_has_no_route_and_its_neighbour_has(tmp_path: Path) -> None:
    chosen = settings(tmp_path, {"things": THINGS, "broken": "{"})
    rt = compile_runtime(chosen, load_apis(chosen), parts())
    assert rt.router.match("h", "GET", "/broken/x", "") is None
    match = rt.router.match("h", "GET", "/things/things", "")
    assert match is not None
    assert match.endpoint is rt.endpoints["things", "listThings"]
    assert set(rt.published) == {("", "/things/openapi.json")}


def test_where_nothing_can_be_imported_every_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingLoaded) as failed:
        found(tmp_path, {"one": "{", "two": "[]"})
    assert [Path(error.source).name for error in failed.value.errors] == ["one.json", "two.json"]


@pytest.mark.parametrize(
    ("document", "why"),
    [(paths({}), "it describes no operations"),
     (paths({"GET /a": {"x-mcp": {"expose": "none"}}}), "none of its 1 operations becomes a tool")],
)  # fmt: skip
def test_an_api_without_tools_says_why(tmp_path: Path, document: Json, why: str) -> None:
    one = found(tmp_path, {"empty": document, "things": THINGS})
    (finding,) = [finding for finding in one.catalog.findings if finding.id == "no-tools"]
    assert (finding.api, finding.message) == ("empty", f"no tools: {why}")


def test_findings_have_lines_where_these_are_asked_for(tmp_path: Path) -> None:
    text = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {\n"/a/{x}": {\n"get": {}}}}'
    chosen = settings(tmp_path, {"api": text})
    for lines, wanted in ((False, {0}), (True, {3})):
        findings = load_apis(chosen, lines=lines).catalog.findings
        assert {one.line for one in findings if one.where == "/paths/~1a~1{x}/get"} == wanted


# --- the lock of names ------------------------------------------------------------------------------------------------


def test_locked_names_stay(tmp_path: Path) -> None:
    (tmp_path / "names.lock").write_bytes(orjson.dumps({"api GET /things": "all_things"}))
    assert set(found(tmp_path, {"api": THINGS}).catalog.tools) == {"all_things"}


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be read"), ("", "cannot be read"), ("[]", "one object of texts"), ('"x"', "one object of texts"),
     ('{"api GET /things": "Bad-Name"}', "'api GET /things': 'Bad-Name' is no tool's name"),
     ('{"api GET /things": ""}', "is no tool's name"), ('{"api GET /things": "a\\u202e"}', "is no tool's name"),
     ('{"a": 1}', "one object of texts"), ('{"a": null}', "one object of texts")],
)  # fmt: skip
def test_a_lock_that_is_none_is_refused_by_its_name(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "names.lock").write_text(content)
    with pytest.raises(ImportFailed, match=said) as failed:
        found(tmp_path, {"api": THINGS})
    assert failed.value.source.endswith("names.lock")


def test_a_lock_that_cannot_be_opened_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "names.lock").mkdir()
    with pytest.raises(ImportFailed, match="cannot be read"):
        found(tmp_path, {"api": THINGS})
