"""What every client is made to do, and what must come of it, said once for all of them.

A client's driver does the steps in its own library's terms and hands each result back as MCP's JSON has it.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping

import orjson

from bridge.model import Json
from tests.conformance.fixture.upstream import PIXEL, SOMETIMES_TOOL

CONTACT = {"name": "Ada", "email": "ada@example.com"}
PLAN: Mapping[str, Json] = {
    "call": ["json_schema_2020_12_tool", CONTACT],
    "image": ["test_image_content", {}],
    "error": ["test_error_handling", {}],
    "progress": ["test_tool_with_progress", {}],
    "cancelled": ["test_endless", {}],
    "confirm": ["test_confirmed_deletion", {}],
    "text": "test://static-text",
    "binary": "test://static-binary",
    "template": "test://template/42/data",
    "prompt": ["test_prompt_with_arguments", {"arg1": "one", "arg2": "two"}],
}
"""What drivers are given. `confirm` gets an `id` of each client's own: nobody meets another one's approvals."""
PICTURE = base64.b64encode(PIXEL).decode()
APPROVAL = re.compile(r"approval ([0-9a-f]{32}) ")


def text(result: Json) -> str:
    return "\n".join(block["text"] for block in result["content"] if block["type"] == "text")


def succeeded(result: Json) -> bool:
    return not result.get("isError")


# --- one judge to a step ----------------------------------------------------------------------------------------------


def tools(names: list[str]) -> None:
    """Operations are tools, each once; those that are resources are none."""
    assert len(names) == len(set(names))
    assert {"test_simple_text", "test_confirmed_deletion", "json_schema_2020_12_tool"} <= set(names)
    assert not any("static" in name for name in names)


def call(result: Json) -> None:
    assert succeeded(result)
    assert result["structuredContent"] == {"received": CONTACT}
    assert orjson.loads(text(result)) == result["structuredContent"]


def image(result: Json) -> None:
    (block,) = result["content"]
    assert (block["type"], block["mimeType"], block["data"]) == ("image", "image/png", PICTURE)


def error(result: Json) -> None:
    assert result["isError"] is True
    assert text(result).startswith("HTTP 409 Conflict\n")
    assert "intentionally returns an error" in text(result)


def read_text(result: Json) -> None:
    (content,) = result["contents"]
    assert content["text"] == "This is the content of the static text resource."
    assert content["mimeType"].startswith("text/plain")


def read_binary(result: Json) -> None:
    (content,) = result["contents"]
    assert (content["mimeType"], content["blob"]) == ("image/png", PICTURE)


def read_template(result: Json) -> None:
    assert "test://template/{id}/data" in result["templates"]
    (content,) = result["contents"]
    assert json.loads(content["text"])["data"] == "Data for ID: 42"


def prompt(result: Json) -> None:
    assert "test_prompt_with_arguments" in result["listed"]
    (message,) = result["messages"]
    assert message["role"] == "user"
    assert message["content"] == {"type": "text", "text": "Prompt with arguments: arg1='one', arg2='two'"}


def progress(result: Json) -> None:
    assert result["reported"] == [[0, 100], [50, 100], [100, 100]]
    assert result["result"]["structuredContent"] == {"done": True}


def accepted(result: Json) -> None:
    """The person has seen the exact call, and it was made."""
    (question,) = result["asked"]
    assert "DELETE" in question
    assert f"/records/{result['id']}" in question
    assert succeeded(result["result"])
    assert text(result["result"]).startswith("204")


def declined(result: Json) -> None:
    assert len(result["asked"]) == 1
    assert result["result"]["isError"] is True
    assert "declined" in text(result["result"])


def refused(result: Json) -> None:
    """Nobody could be asked: the agent is told what to wait for."""
    assert result["isError"] is True
    assert APPROVAL.search(text(result))


def undecided(result: Json) -> None:
    """Nobody could be asked, and on stdio there is nobody elsewhere either: there is nothing to wait for."""
    assert result["isError"] is True
    assert "nobody else can be asked" in text(result)
    assert not APPROVAL.search(text(result))


def granted(results: list[Json]) -> None:
    """After somebody elsewhere has approved it the same call passes, once."""
    once, again = results
    assert succeeded(once)
    assert text(once).startswith("204")
    refused(again)


def changed(lists: list[list[str]]) -> None:
    """The client was told, and lists anew."""
    before, after = map(set, lists)
    assert before ^ after == {SOMETIMES_TOOL}


def cancelled(result: Json) -> None:
    """The work began, and nobody is left who waits for it. What the client itself makes of it is its own matter."""
    assert result == {"before": 1, "after": 0}


JUDGES: Mapping[str, Callable[[Json], None]] = {
    "tools": tools,
    "call": call,
    "image": image,
    "error": error,
    "text": read_text,
    "binary": read_binary,
    "template": read_template,
    "prompt": prompt,
    "progress": progress,
    "accepted": accepted,
    "declined": declined,
    "refused": refused,
    "granted": granted,
    "changed": changed,
    "cancelled": cancelled,
}
JUDGES_ON_STDIO: Mapping[str, Callable[[Json], None]] = {**JUDGES, "refused": undecided}
