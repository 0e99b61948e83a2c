from pathlib import Path

import pytest

from bridge import __version__
from tests.kit.command import run
from tests.unit.cli.documents import keep, operation, small, written

COMMANDS = ["serve", "check", "lint", "tools", "call", "diff", "demo", "config show", "config schema"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    ran = run(*command.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"dualbridge {command}" in ran.out


def test_the_help_lists_every_command() -> None:
    listed = run("--help").out
    assert all(command.split()[0] in listed for command in COMMANDS)


def test_the_version_is_one_line() -> None:
    assert run("--version").out == f"dualbridge {__version__}\n"


@pytest.mark.parametrize("arguments", [["nosuch"], ["check", "--nosuch"], ["check", "-o", "xml"], ["diff", "one"]])
def test_wrong_usage_is_2_and_writes_nothing_to_stdout(arguments: list[str]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_markup_in_a_document_is_text() -> None:
    name = written(**{"GET /a/[red]b": operation("[bold]a", parameters=[{"name": "q", "in": "[/]"}])})
    assert "[red]b" in run("tools", name).out
    assert "[/]" in run("check", name, "-o", "json").out
    assert run("check", name).code == 1


def test_findings_beyond_the_first_fifty_are_counted() -> None:
    name = written(**{f"GET /a{n}": operation("same") for n in range(60)})
    count = len(run("check", name, "-o", "json").json["findings"])
    assert count >= 60
    assert f"… and {count - 50} more; -o json lists all" in run("check", name).out


def test_nothing_but_the_result_is_on_stdout() -> None:
    assert run("tools", small()).out.count("\n") == 3  # a heading and two tools


COMPLAINING = [["lint"], ["tools"], ["serve"], ["config", "show"], ["diff", "things.json"], ["call", "x", "--spec"]]


@pytest.mark.parametrize("command", COMPLAINING)
def test_what_cannot_be_done_is_told_as_json_too(command: list[str]) -> None:
    small()
    ran = run(*command, keep("bridge.yaml", "apis:\n  a:\n    spec: things.json\n    prefx: /a\n"), "-o", "json")
    assert ran.code == 3
    assert ran.json == {
        "errors": [{
            "source": "bridge.yaml", "line": 4, "column": 5, "path": "apis.a.prefx", "message": "is not a known key",
            "advice": "did you mean prefix?",
        }]
    }  # fmt: skip
    assert ran.err == "error: bridge.yaml:4:5: apis.a.prefx: is not a known key; did you mean prefix?\n"


def test_a_broken_document_is_told_as_json_with_its_place() -> None:
    ran = run("tools", keep("a.yaml", "a: ["), "-o", "json")
    (error,) = ran.json["errors"]
    assert (ran.code, Path(error["source"]).name, error["line"]) == (3, "a.yaml", 2)


def test_the_help_says_that_infos_alone_are_0() -> None:
    told = " ".join(run("--help").out.split())
    assert "0 ok (infos among the findings too)" in told
    assert "1 errors or warnings among the findings" in told
