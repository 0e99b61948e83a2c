"""Prompts, forms, completions and resources in a configuration: what is taken, and what is said about the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bridge.config import ConfigInvalid, Settings, as_yaml, load
from bridge.config.schema_agents import Role
from bridge.config.schema_apis import Expose, Form

Write = Callable[[str], Path]
API = "apis:\n  shop: {spec: shop.yaml}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    for name in ("shop.yaml", "logo.png", "ring.wav", "text.txt"):
        (tmp_path / name).touch()

    def write(text: str) -> Path:
        path = tmp_path / "bridge.yaml"
        path.write_text(text)
        return path

    return write


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(path, {})
    return [str(problem).replace(f"{path.parent}/bridge.yaml:", "") for problem in caught.value.problems]


def operation(write: Write, settings: str) -> Settings:
    return load(write(f"apis: {{shop: {{spec: shop.yaml, operations: {{getIt: {settings}}}}}}}\n"), {})


def test_prompt_with_every_kind_of_message_is_taken(write: Write, tmp_path: Path) -> None:
    messages = (
        '[{text: "Hi {{ who }}"}, {role: assistant, resource: "x://{{who}}"}, {image: logo.png}, {audio: ring.wav}]'
    )
    settings = load(
        write(f"{API}prompts:\n  hi: {{arguments: {{who: {{required: true}}}}, messages: {messages}}}\n"), {}
    )
    found = settings.prompts["hi"].messages
    assert [one.role for one in found] == [Role.USER, Role.ASSISTANT, Role.USER, Role.USER]
    assert (found[2].image, found[3].audio) == (tmp_path / "logo.png", tmp_path / "ring.wav")


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ('{messages: [{text: "Hi {{whom}}"}], arguments: {who: {}}}',
         "4:26: prompts.hi.messages[0].text: has the unknown placeholder {{whom}}; did you mean who?"),
        ('{messages: [{resource: "x://{{a}}"}]}',
         "4:30: prompts.hi.messages[0].resource: has the unknown placeholder {{a}}; declare it first"),
        ("{messages: [{image: none.png}]}",
         "4:27: prompts.hi.messages[0].image: names a file that does not exist; paths start at"),
        ("{messages: [{image: ring.wav}]}", "4:27: prompts.hi.messages[0].image: is no image file, by its ending"),
        ("{messages: [{audio: text.txt}]}", "4:27: prompts.hi.messages[0].audio: is no audio file, by its ending"),
        ("{messages: [{role: user}]}", "4:19: prompts.hi.messages[0]: holds nothing; give each message one of"),
        ("{messages: [{text: a, image: logo.png}]}", "4:19: prompts.hi.messages[0]: holds text and image; give each"),
        ("{messages: []}", "4:18: prompts.hi.messages: holds no message"),
        ("{title: Hi}", "prompts.hi: has no messages"),
        ("{messages: [{text: a, role: system}]}",
         "4:35: prompts.hi.messages[0].role: “system” is none of user, assistant"),
        ("{messages: [{text: a}], arguments: {a b: {}}}",
         '4:43: prompts.hi.arguments."a b": “a b” is not a name that can be used here'),
        ("{messages: [{text: a}], arguments: {a: {values: [b], complete: {operation: o, select: $.a}}}}",
         "4:55: prompts.hi.arguments.a.values: cannot be given together with complete; keep one of them"),
        ("{messages: [{text: a}], arguments: {a: {complete: {operation: o, select: items}}}}",
         "4:80: prompts.hi.arguments.a.complete.select: “items” is not a JSONPath; begin with $"),
        ('{messages: [{text: a}], arguments: {a: {complete: {operation: o, select: "$[?"}}}}',
         "is not a JSONPath; write"),
        ("{messages: [{text: a}], arguments: {a: {complete: {operation: o}}}}", "has no select; add the key select"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_prompt_is_said_with_its_place_and_the_mend(
    write: Write, prompt: str, problem: str
) -> None:
    (found,) = problems(write(f"{API}prompts:\n  hi: {prompt}\n"))
    assert problem in found


def test_file_of_more_than_4_mib_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(bytes((4 << 20) + 1))
    (found,) = problems(write(f"{API}prompts: {{hi: {{messages: [{{image: logo.png}}]}}}}\n"))
    assert "prompts.hi.messages[0].image: names a file of more than 4 MiB" in found


def test_toolset_names_prompts_that_there_are(write: Write) -> None:
    prompts = "prompts: {hello: {messages: [{text: a}]}}\n"
    settings = load(
        write(f"{API}{prompts}mcp: {{toolsets: {{a: {{prompts: [hello]}}, b: {{prompts: []}}, c: {{}}}}}}\n"), {}
    )
    assert [one.prompts for one in settings.mcp.toolsets.values()] == [("hello",), (), None]
    (found,) = problems(write(f"{API}{prompts}mcp: {{toolsets: {{a: {{prompts: [helo]}}}}}}\n"))
    assert found == "4:32: mcp.toolsets.a.prompts[0]: names no prompt: there is no 'helo'; did you mean hello?"


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("{ask: true}", {"arguments": Form()}), ("{ask: false}", {}), ("{}", None),
        ("{ask: {who: {message: Who, arguments: [a, b]}}}", {"who": Form(message="Who", arguments=("a", "b"))}),
    ],
)  # fmt: skip
def test_forms_are_written_out_or_stand_for_all_arguments(
    write: Write, written: str, forms: dict[str, Form] | None
) -> None:
    assert operation(write, written).apis["shop"].operations["getIt"].ask == forms


def test_operation_may_be_a_resource_with_hints_of_its_own(write: Write) -> None:
    written = "{expose: resource, uri: 'x://{id}', annotations: {audience: [user], priority: 1}}"
    found = operation(write, written).apis["shop"].operations["getIt"]
    assert (found.expose, found.uri) == (Expose.RESOURCE, "x://{id}")
    assert found.annotations is not None
    assert (found.annotations.audience, found.annotations.priority) == ((Role.USER,), 1.0)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "{ask: sometimes}",
            "ask: “sometimes” is neither true, false nor forms by name; write true, or NAME: {message",
        ),
        ("{ask: {who: {mesage: Who}}}", "ask.who.mesage: is not a known key; did you mean message?"),
        ("{annotations: {priority: 1.1}}", "priority: “1.1” is not a number from 0 to 1"),
        ("{annotations: {audience: [robot]}}", "audience[0]: “robot” is none of user, assistant"),
        ("{expose: resorce}", "expose: “resorce” is none of tool, resource, none; did you mean resource?"),
    ],
)
def test_what_is_wrong_with_an_operations_settings_is_said(write: Write, written: str, problem: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        operation(write, written)
    (found,) = caught.value.problems
    assert problem in str(found)


def test_effective_configuration_can_be_read_again(write: Write, tmp_path: Path) -> None:
    settings = load(
        write(
            f"{API}    resources: {{include: ['tag:a']}}\n".replace("{spec: shop.yaml}\n", "\n    spec: shop.yaml\n")
            + "    operations: {a: {ask: true, annotations: {priority: 0.25, audience: [user]}}}\n"
            "prompts: {hi: {messages: [{text: a}, {image: logo.png}]}}\n"
        ),
        {},
    )
    shown = as_yaml(settings)
    assert "null" not in shown
    assert yaml.safe_load(shown)["prompts"]["hi"]["messages"][0] == {"role": "user", "text": "a"}
    assert load(write(shown), {}) == settings
