"""Prompts and suggestions, from a configuration and the operations that it names."""

import base64
from pathlib import Path

import orjson
import pytest

from bridge.compile import load_apis
from bridge.compile.prompts import prompts
from bridge.compile.resources import completions
from bridge.config import Settings, load
from bridge.model import Catalog, Completion, Finding, Json, Prompt, PromptArgument, PromptMessage
from bridge.pipeline.complete import Compiled
from tests.kit.documents import paths

DOCUMENT = paths({
    "GET /tags": {
        "operationId": "listTags", "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
    },
    "POST /tags": {"operationId": "addTag"},
    "GET /tags/{tag}": {
        "operationId": "getTag",
        "parameters": [
            {"name": "tag", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "size", "in": "query", "schema": {"enum": ["s", "m"]}},
            {"name": "levels", "in": "query", "schema": {"type": "array", "items": {"enum": [1, 2]}}},
        ],
        "x-mcp": {"expose": "resource"},
    },
})  # fmt: skip
TAG = "api://shop/tags/{tag}{?size,levels*}"


def settings(home: Path, *, shop: Json = None, **root: Json) -> Settings:
    (home / "shop.json").write_bytes(orjson.dumps(DOCUMENT))
    apis = {"shop": {"spec": "shop.json"} | (shop or {}), "more": {"spec": "shop.json"}}
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps({"apis": apis, **root}))
    return load(file, {})


def compiled(home: Path, **root: Json) -> tuple[dict[str, Prompt], dict[tuple[str, str, str], Compiled], list[Finding]]:
    chosen = settings(home, **root)
    catalog = load_apis(chosen).catalog
    made, found = prompts(chosen, catalog)
    suggest, more = completions(chosen, catalog, made)
    return {one.name: one for one in made}, suggest, [*found, *more]


def test_prompt_says_what_is_written_and_carries_its_files(tmp_path: Path) -> None:
    (tmp_path / "logo.PNG").write_bytes(b"\x89PNG")
    (tmp_path / "ring.mp3").write_bytes(b"ID3")
    arguments = {
        "who": {"title": "Name", "description": "Whom", "required": "true"},
        "home_town": {"values": ["a", "b"]},
    }
    messages = [
        {"text": "Hi {{ who }} of {{home_town}}"}, {"role": "assistant", "resource": "api://shop/tags/{{ who }}"},
        {"image": "logo.PNG"}, {"audio": "ring.mp3"},
    ]  # fmt: skip
    prompt = {"title": "Hello", "description": "Greets", "arguments": arguments, "messages": messages, "ask": "true"}
    made, suggest, found = compiled(tmp_path, prompts={"greet": prompt})
    assert made["greet"] == Prompt(
        "greet", "Hello", "Greets",
        (
            PromptArgument("who", "Name", "Whom", required=True),
            PromptArgument("home_town", "Home town", completion=Completion(values=("a", "b"))),
        ),
        (
            PromptMessage("user", "text", text="Hi {{who}} of {{home_town}}"),
            PromptMessage("assistant", "resource", uri="api://shop/tags/{{who}}"),
            PromptMessage("user", "image", data=base64.b64encode(b"\x89PNG").decode(), media_type="image/png"),
            PromptMessage("user", "audio", data=base64.b64encode(b"ID3").decode(), media_type="audio/mpeg"),
        ),
        ask=True,
    )  # fmt: skip
    assert suggest["prompt", "greet", "home_town"] == Compiled(("a", "b"))
    assert not found


def test_prompts_come_in_the_order_of_their_names_with_titles_of_their_own(tmp_path: Path) -> None:
    one = {"messages": [{"text": "x"}]}
    made, _, _ = compiled(tmp_path, prompts={"b_c.d": one, "a": one})
    assert [(name, prompt.title) for name, prompt in made.items()] == [("a", "A"), ("b_c.d", "B c d")]


def test_prompt_whose_file_has_gone_is_left_out_and_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.touch()
    chosen = settings(tmp_path, prompts={"a": {"messages": [{"image": "a.png"}]}, "b": {"messages": [{"text": "x"}]}})
    file.unlink()
    made, (found,) = prompts(chosen, Catalog())
    assert [one.name for one in made] == ["b"]
    assert (found.id, "a.png" in found.message) == ("prompt-left-out", True)
    file.write_bytes(bytes((4 << 20) + 1))
    _, (found,) = prompts(chosen, Catalog())
    assert "more than 4 MiB" in found.message


def greeting(operation: str, argument: str = "", select: str = "$[*].name") -> Json:
    complete = {"operation": operation, "select": select} | ({"argument": argument} if argument else {})
    return {"greet": {"arguments": {"who": {"complete": complete}}, "messages": [{"text": "Hi {{who}}"}]}}


@pytest.mark.parametrize("operation", ["shop/listTags", "shop/GET /tags"])
def test_suggestions_come_from_the_operation_that_lists_them(tmp_path: Path, operation: str) -> None:
    _, suggest, found = compiled(tmp_path, prompts=greeting(operation, "q"))
    one = suggest["prompt", "greet", "who"]
    assert (one.endpoint, one.argument, found) == (("shop", "listTags"), "q", [])
    assert one.pick is not None
    assert one.pick([{"name": "a"}, {"name": 7}, {"name": "a"}, {"name": None}, {"name": True}, {}]) == ["a", "7"]
    assert one.pick({"error": 1}) == []
    assert len(one.pick([{"name": str(number)} for number in range(500)])) == 100


@pytest.mark.parametrize(
    ("operation", "argument", "why"),
    [
        ("shop/listTag", "", "there is no operation"), ("listTags", "", "of several APIs"),
        ("other/listTags", "", "no op"),
        ("shop/addTag", "", "changes something"), ("shop/listTags", "p", "no argument 'p'"),
        ("shop/getTag", "size", "also needs tag"),
    ],
)  # fmt: skip
def test_operation_that_cannot_suggest_is_reported_with_the_mend(
    tmp_path: Path, operation: str, argument: str, why: str
) -> None:
    made, suggest, (found,) = compiled(tmp_path, prompts=greeting(operation, argument))
    assert ("prompt", "greet", "who") not in suggest
    assert made["greet"].arguments[0].completion is None
    assert (found.id, found.advice != "") == ("completion-unusable", True)
    assert "prompts.greet.arguments.who.complete" in found.message
    assert why in found.message


@pytest.mark.parametrize("policy", [{"effects": ["reads"]}, {"confirm": True}])
def test_operation_that_needs_approval_cannot_suggest(tmp_path: Path, policy: Json) -> None:
    if "confirm" in policy:
        complete = {"tag": {"operation": "listTags", "select": "$[*].name"}}
        shop = {"operations": {"listTags": policy, "getTag": {"complete": complete}}}
        chosen = settings(tmp_path, shop=shop, prompts=greeting("shop/listTags", "q"))
    else:
        chosen = settings(tmp_path, prompts=greeting("shop/listTags", "q"), approvals=policy)
    catalog = load_apis(chosen).catalog
    made, found = prompts(chosen, catalog)
    suggest, more = completions(chosen, catalog, made)
    assert not [key for key in suggest if key[0] == "prompt" or key[2] == "tag"]
    assert {one.id for one in (*found, *more)} == {"completion-unusable"}
    assert all("a person approves each call of GET /tags" in one.message for one in (*found, *more))
    assert len((*found, *more)) == (2 if "confirm" in policy else 1)


def test_suggestions_that_take_too_long_are_those_found_before(tmp_path: Path) -> None:
    select = "$['first', 'rest', 'last']..*..*..*..*"
    _, suggest, _ = compiled(tmp_path, prompts=greeting("shop/listTags", select=select))
    pick = suggest["prompt", "greet", "who"].pick
    assert pick is not None
    deep: Json = None
    for _ in range(13):
        deep = [deep, deep]
    assert pick({"first": [[[["a"]]]], "rest": deep, "last": [[[["z"]]]]}) == ["a"]
    assert pick({"first": [[[["a"]]]], "rest": [], "last": [[[["z"]]]]}) == ["a", "z"]


def test_variables_of_an_address_are_completed_from_their_enumerations(tmp_path: Path) -> None:
    _, suggest, found = compiled(tmp_path)
    assert suggest["resource", TAG, "size"] == Compiled(("s", "m"))
    assert suggest["resource", TAG, "levels"] == Compiled(("1", "2"))
    assert ("resource", TAG, "tag") not in suggest
    assert not found


def test_variables_of_an_address_are_completed_from_the_operation_in_the_configuration(tmp_path: Path) -> None:
    complete = {one: {"operation": "listTags", "select": "$[*]"} for one in ("tag", "size")}
    _, suggest, found = compiled(tmp_path, shop={"operations": {"getTag": {"complete": complete}}})
    assert suggest["resource", TAG, "tag"].endpoint == suggest["resource", TAG, "size"].endpoint == ("shop", "listTags")
    assert not found


@pytest.mark.parametrize(("operation", "argument"), [("getTag", "tug"), ("listTags", "q")])
def test_completion_of_what_is_no_variable_is_reported(tmp_path: Path, operation: str, argument: str) -> None:
    complete = {argument: {"operation": "listTags", "select": "$[*]"}}
    _, _, (found,) = compiled(tmp_path, shop={"operations": {operation: {"complete": complete}}})
    assert f"apis.shop.operations.{operation}.complete.{argument}" in found.message


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("api://shop/tags/{{tag}}", ""), ("api://shop/tags", ""), ("api://shop/tags/{{tag}}?size=s", ""),
        ("{{tag}}", ""), ("api://shop/{{tag}}", ""),
        ("tags/{{tag}}", "is no URI"), ("api://shop/tagz/{{tag}}", "no operation is read at"),
        ("shop://tags", "no operation is read at"),
        ("api://shop/tags/{{size}}", "the address needs the argument 'size', which may be left out"),
    ],
)  # fmt: skip
def test_address_that_a_prompt_embeds_is_looked_at_before_it_is_asked_for(tmp_path: Path, uri: str, said: str) -> None:
    arguments = {"tag": {"required": "true"}, "size": {}}
    messages = [{"text": "About {{tag}} {{size}}"}, {"resource": uri}]
    found = compiled(tmp_path, prompts={"p": {"arguments": arguments, "messages": messages}})[2]
    told = [one.message for one in found if one.id == "prompt-resource"]
    assert bool(told) is bool(said)
    assert all(said in one and one.startswith("prompts.p.messages[1].resource: ") for one in told)
