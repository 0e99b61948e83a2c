"""`grants explain`: what the rules say of a call, as a gateway of the same file would decide it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.model import Json, PrincipalKind
from bridge.pipeline.identity.records import KeyOwner
from tests.kit.command import Ran, run
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, gateway
from tests.kit.narrowing import bearing
from tests.unit.cli.documents import UPSTREAM, keep, operation

PEPPER = "pepper-pepper-pepper-pepper-pepper"
AMOUNT: Json = {"name": "amount", "in": "query", "required": True, "description": "How much.",
                "schema": {"type": "integer"}}  # fmt: skip
DOCUMENT = paths(
    {
        "GET /orders": operation("listOrders", security=[{"login": ["orders:read"]}]),
        "DELETE /orders": operation("clearOrders"),
        "POST /refund": operation("refund", parameters=[AMOUNT]),
        "GET /audit": operation("audit"),
        "GET /hidden": operation("hidden", **{"x-mcp": {"expose": "none"}}),
    },
    servers=[{"url": UPSTREAM}],
    components={"securitySchemes": {"login": {"type": "openIdConnect", "openIdConnectUrl": "https://id.test/x"}}},
)
GRANTS: dict[str, Json] = {
    "readers": {"who": {"groups": ["support"]}, "may": ["api/GET /orders", "hidden"]},
    "small": {
        "who": {"groups": ["support"], "kinds": ["person", "agent"]}, "may": ["refund"], "when": "args.amount <= 100",
        "budgets": {"calls": 50, "bytes": 1000, "per": "24h"}, "message": "100 at most",
    },
    "seniors": {"who": {"claims": {"level": "3"}}, "may": ["refund"]},
    "ann": {
        "who": {"subjects": ["ann"], "methods": ["api_keys"]}, "may": ["audit"],
        "budgets": {"tokens": 9000, "per": "1h"},
    },
    "boss": {"who": {"groups": ["boss"]}, "may": ["*"]},
    "never": {"who": {"kinds": ["agent"]}, "deny": ["effect:destroys"]},
    "odd": {"who": {"groups": ["boss"]}, "deny": ["refund"], "when": "args.amount % 2 == 1"},
}  # fmt: skip
ROOT: dict[str, Json] = {"identity": {"api_keys": {"pepper": PEPPER}}, "grants": GRANTS}


@pytest.fixture(autouse=True)
def file(folder: Path) -> str:
    keep("orders.json", DOCUMENT)
    return configured(ROOT)


def configured(root: Mapping[str, Json]) -> str:
    return keep("bridge.yaml", {"apis": {"api": {"spec": "orders.json"}}, **root})


def asked(call: str, *arguments: str, caller: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> Ran:
    who = [word for pair in caller for word in ("--as", pair)]
    return run("grants", "explain", "--call", call, *arguments, *who, *more)


def told(call: str, *arguments: str, caller: tuple[str, ...] = ()) -> Json:
    ran = asked(call, *arguments, caller=caller, more=("-o", "json"))
    assert ran.code == (0 if ran.json["allowed"] else 1)
    assert ran.err == ""
    return ran.json


SUPPORT, BOSS = "group=support", "group=boss"
SAID: list[tuple[tuple[str, ...], tuple[str, ...], str, str, str]] = [
    (("listOrders",), (SUPPORT,), "allowed", "readers", ""),
    (("listOrders",), ("group=other",), "not_granted", "", "no rule"),
    (("listOrders",), ("group=other", SUPPORT), "allowed", "readers", ""),
    (("listOrders",), (SUPPORT, "scope=orders:read"), "allowed", "readers", ""),
    (("listOrders",), (SUPPORT, "scope=other"), "insufficient_scope", "", "scope"),
    (("listOrders",), (), "unauthenticated", "", "no rule"),
    (("listOrders",), ("kind=anonymous",), "unauthenticated", "", "no rule"),
    (("refund", "amount=100"), (SUPPORT,), "allowed", "small", ""),
    (("refund", "amount=101"), (SUPPORT,), "not_permitted", "small", "condition"),
    (("refund", "amount=5"), (SUPPORT, "kind=service"), "not_granted", "", "no rule"),
    (("refund", "amount=x"), (SUPPORT,), "bad_arguments", "small", ""),
    (("refund",), (SUPPORT,), "bad_arguments", "small", ""),
    (("refund", "amount=500"), (SUPPORT, "claim.level=3"), "allowed", "seniors", ""),
    (("refund", "amount=500"), (SUPPORT, "claim.level=[2,3]"), "not_permitted", "small", "condition"),
    (("refund", "amount=500"), (SUPPORT, 'claim.level=["2","3"]'), "allowed", "seniors", ""),
    (("refund", "amount=2"), (BOSS,), "allowed", "boss", ""),
    (("refund", "amount=3"), (BOSS,), "not_permitted", "odd", "denied"),
    (("clearOrders",), (BOSS,), "allowed", "boss", ""),
    (("clearOrders",), (BOSS, "kind=agent"), "not_granted", "never", "denied"),
    (("audit",), ("subject=ann", "method=api_keys"), "allowed", "ann", ""),
    (("audit",), ("subject=ann", "method=corp"), "not_granted", "", "no rule"),
    (("audit",), ("subject=bob", "method=api_keys"), "not_granted", "", "no rule"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "caller", "verdict", "rule", "reason"), SAID)
def test_who_calls_and_with_what_decides(
    call: tuple[str, ...], caller: tuple[str, ...], verdict: str, rule: str, reason: str
) -> None:
    said = told(*call, caller=caller)
    assert (said["verdict"], said["rule"], said["reason"]) == (verdict, rule, reason)
    assert said["allowed"] is (verdict == "allowed")


def test_all_the_rules_that_speak_are_named() -> None:
    said = told("refund", "amount=3", caller=(SUPPORT, BOSS, "kind=agent"))
    assert said["matching"] == ["readers", "small", "boss", "never", "odd"]
    assert (said["allow"], said["deny"]) == (["boss", "small"], ["odd"]), "in the order in which they are asked"
    assert said["operation"] == "api/refund"


def test_the_budget_of_the_rule_that_decides_is_shown() -> None:
    assert told("refund", "amount=5", caller=(SUPPORT,))["budget"] == {
        "calls": 50, "bytes": 1000, "tokens": None, "per": 86400.0,
    }  # fmt: skip
    assert told("refund", "amount=500", caller=(SUPPORT, "claim.level=3"))["budget"] is None
    text = asked("audit", caller=("subject=ann", "method=api_keys")).out
    assert "budget    9000 tokens per 1h\n" in text


def test_text_says_the_same_in_lines() -> None:
    ran = asked("refund", "amount=500", caller=("subject=ann", SUPPORT))
    version = told("refund", "amount=500", caller=(SUPPORT,))["version"]
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines() == [
        "not_permitted api/refund", "  rule      small", "  reason    condition", "  message   100 at most",
        f"  version   {version}", "  matching  readers, small", "  allow     small", "  deny      none",
    ]  # fmt: skip
    lacking = asked("listOrders", caller=(SUPPORT, "scope=other")).out
    assert "  scopes    orders:read, of which the caller lacks some\n" in lacking


@pytest.mark.parametrize("name", ["listOrders", "list_orders", "GET /orders", "api/listOrders"])
def test_an_operation_goes_by_each_of_its_names(name: str) -> None:
    assert told(name, caller=(SUPPORT,))["operation"] == "api/listOrders"


def test_what_is_no_tool_has_rules_as_well() -> None:
    assert told("hidden", caller=(SUPPORT,))["verdict"] == "allowed"


def test_arguments_can_be_one_object() -> None:
    ran = asked("refund", caller=(SUPPORT,), more=("--json", '{"amount": 101}', "-o", "json"))
    assert ran.json["verdict"] == "not_permitted"


def test_without_rules_everybody_who_is_let_in_may() -> None:
    configured({})
    assert told("clearOrders")["rule"] == "allow-all"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--call", "nope"), "'nope' is no operation; `dualbridge tools` lists tools"),
        (("--call", "audit", "--as", "grop=support"), "'grop=support' says nothing of a caller; write subject, kind"),
        (("--call", "audit", "--as", "support"), "'support' says nothing of a caller"),
        (("--call", "audit", "--as", "kind=robot"), "'robot' is no kind of caller; write person, agent"),
        (("--call", "refund", "amount"), "'amount' is no argument; write NAME=VALUE"),
        (("--call", "refund", "amount=1", "amount=2"), "'amount' is given more than once"),
        (("--call", "refund", "--json", "[1]"), "--json must be an object"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    ran = run("grants", "explain", *arguments, "-o", "json")
    assert (ran.code, len(ran.json["errors"])) == (2, 1)
    assert message in ran.json["errors"][0]["message"]
    assert message in ran.err


@pytest.mark.parametrize(
    "arguments", [(), ("--call", "audit", "-o", "yaml"), ("--call", "audit", "--az", "kind=agent")]
)
def test_a_command_that_cannot_be_read_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    ran = run("grants", "explain", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: dualbridge grants explain" in ran.err


@pytest.mark.parametrize(
    ("grants", "path"),
    [
        ({"one": {"who": "anyone", "may": ["*"], "when": "args.amount <"}}, "grants.one.when"),
        ({"one": {"may": ["*"]}}, "grants.one"),
        ({"one": {"who": "anyone", "mays": ["*"]}}, "grants.one.mays"),
    ],
)
def test_rules_that_are_wrong_are_told_with_their_place(grants: Json, path: str) -> None:
    configured(ROOT | {"grants": grants})
    ran = asked("audit", more=("-o", "json"))
    assert (ran.code, ran.json["errors"][0]["path"]) == (3, path)
    assert ran.json["errors"][0]["line"] > 0


@pytest.mark.parametrize("named", [True, False])
def test_without_a_configuration_there_is_nothing_to_explain(named: bool) -> None:
    Path("bridge.yaml").unlink()
    ran = asked("audit", more=("-c", "bridge.yaml") if named else ())
    assert (ran.code, ran.out) == ((3 if named else 2), "")


OWNERS: list[tuple[KeyOwner, tuple[str, ...]]] = [
    (KeyOwner("ann", PrincipalKind.PERSON, groups=frozenset({"support"})), ("subject=ann", SUPPORT)),
    (KeyOwner("bot", PrincipalKind.AGENT, groups=frozenset({"boss"})), ("subject=bot", "kind=agent", BOSS)),
    (KeyOwner("eve", PrincipalKind.SERVICE, scopes=frozenset({"x"}), groups=frozenset({"support"})),
     ("subject=eve", "kind=service", "scope=x", SUPPORT)),
    (KeyOwner("sam", PrincipalKind.SERVICE, claims={"level": 3}), ("subject=sam", "kind=service", "claim.level=3")),
]  # fmt: skip
CALLS: list[tuple[str, dict[str, Json]]] = [
    ("list_orders", {}), ("clear_orders", {}), ("audit", {}), *(("refund", {"amount": n}) for n in (2, 3, 500, 501)),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "caller"), OWNERS)
async def test_it_says_what_a_gateway_of_the_same_file_does(owner: KeyOwner, caller: tuple[str, ...]) -> None:
    gw = gateway(Path("orders.json"), Arrangement(root=ROOT))
    assert gw.rt.keys is not None
    key = (await gw.rt.keys.create(owner))[1].reveal()
    for tool, given in CALLS:
        said = told(tool, *(f"{name}={value}" for name, value in given.items()), caller=(*caller, "method=api_keys"))
        agent = (await gw.agent(tool, given, bearing(key))).record
        person = (await gw.person(gw.tools[tool].build(given), bearing(key))).record
        expected = said["verdict"], said["rule"], said["version"], said["reason"]
        for record in (agent, person):
            assert (record.verdict, record.rule, record.policy, record.reason) == expected, (tool, given)


def test_the_page_shows_what_the_command_says() -> None:
    """The example in the documentation, of the rules above it."""
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
    shown = page.partition("$ dualbridge grants explain ")[2].partition("```")[0].splitlines()
    rules = page.partition("\ngrants:\n")[2].partition("```")[0]
    note = operation("addNote") | {"tags": ["notes"]}
    keep("orders.json", paths({"POST /refund": operation("refund", parameters=[AMOUNT]), "POST /notes": note}))
    keep("bridge.yaml", f"apis: {{orders: {{spec: orders.json}}}}\ngrants:\n{rules}")
    ran = run("grants", "explain", *shown[0].split())
    lines = [line for line in ran.out.splitlines() if not line.startswith("  version")]
    assert lines == [line for line in shown[1:] if not line.startswith("  version")]
