"""`keys`: made, listed, replaced and revoked where the gateways of a configuration keep them."""

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.compile.policy import key_ring
from bridge.compile.runtime import state
from bridge.config import load
from bridge.pipeline.identity.handles import KEY, parse
from bridge.pipeline.identity.records import KeyRecord
from tests.kit.command import Ran, run, run_apart
from tests.kit.needs import needs_redis
from tests.kit.redis import redis_server
from tests.unit.cli.documents import keep, small

PEPPER = "pepper-pepper-pepper-pepper-pepper"
NEW = ("keys", "create", "--subject", "ann")


def configured(name: str = "bridge.yaml", more: str = "", identity: str = "{api_keys: {pepper: '${PEPPER}'}}") -> str:
    return keep(name, f"apis: {{a: {{spec: {small()}}}}}\nidentity: {identity}\n{more}")


@pytest.fixture(autouse=True)
def file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PEPPER", PEPPER)
    return configured()


def found(key: str) -> KeyRecord | None:
    """What a gateway of the configuration finds."""
    return asyncio.run(_found(key))


async def _found(key: str) -> KeyRecord | None:
    wanted = load(Path("bridge.yaml"), os.environ)
    lasting = state(wanted)
    keys, handle = key_ring(wanted, lasting.shared.durable), parse(key, KEY)
    assert keys
    assert handle
    try:
        return await keys.find(handle)
    finally:
        await lasting.aclose()


def test_a_key_stands_alone_on_standard_output_and_opens() -> None:
    ran = run(*NEW, "--kind", "agent", "--tenant", "acme", "--group", "ops", "--group", "dev", "--scope", "a:b")
    assert ran.code == 0
    assert re.fullmatch(r"dbk_[0-9a-f]{16}_[\w-]{43}\n", ran.out)
    record = found(ran.out.strip())
    assert record
    assert (record.subject, record.kind.value, record.tenant) == ("ann", "agent", "acme")
    assert (record.groups, record.scopes) == (frozenset({"ops", "dev"}), frozenset({"a:b"}))
    assert "it is not shown again" in ran.err
    assert record.id in ran.err


@pytest.mark.parametrize(("given", "lasts"), [("90d", 90 * 86400), ("12h", 43200), ("90m", 5400), ("never", None)])
def test_a_key_lasts_as_long_as_it_is_told_to(given: str, lasts: float | None) -> None:
    record = found(run(*NEW, "--expires", given).out.strip())
    assert record
    assert (record.expires and record.expires - record.created) == lasts


def test_a_key_has_an_end_unless_somebody_wants_none() -> None:
    made = run(*NEW, "-o", "json").json
    assert datetime.fromisoformat(made["expires"]) - datetime.now(UTC) < timedelta(days=90)


def test_a_replaced_key_opens_beside_the_new_one_for_the_overlap() -> None:
    old = run(*NEW, "-o", "json").json
    new = run("keys", "rotate", old["id"], "-o", "json").json
    assert (new["replaces"], new["subject"]) == (old["id"], "ann")
    assert found(old["key"])
    assert found(new["key"])
    replaced = run("keys", "rotate", new["id"], "--overlap", "0s")
    assert found(new["key"]) is None
    assert found(replaced.out.strip())


def test_a_revoked_key_opens_nothing_even_if_it_was_named_by_all_of_it() -> None:
    one, two = (run(*NEW).out.strip() for _ in range(2))
    ran = run("keys", "revoke", one)
    assert (ran.code, ran.out) == (0, "")
    assert run("keys", "revoke", two.split("_")[1], "-o", "json").json["status"] == "revoked"
    assert found(one) is found(two) is None


@pytest.mark.statement("A28")
def test_only_what_makes_a_key_shows_it() -> None:
    key = run(*NEW, "--label", "[bold]for 1[/bold]").out.strip()
    _, name, secret = key.split("_", 2)
    text, json = run("keys", "list"), run("keys", "list", "-o", "json")
    wrong = f"{key[:-2]}__"
    others: list[Ran] = [text, json, run("config", "show"), run("keys", "rotate", wrong), run("keys", "revoke", wrong)]
    others += [run("keys", "revoke", key), run("keys", "rotate", key), run("keys", "revoke", f" {key}")]
    for ran in others:
        assert secret[:-2] not in ran.out + ran.err
        assert PEPPER not in ran.out + ran.err
    assert name in text.out
    assert "[bold]for 1[/bold]" in text.out
    (listed,) = json.json
    assert listed == {
        "id": name, "subject": "ann", "kind": "service", "tenant": "", "groups": [], "scopes": None, "revoked": None,
        "label": "[bold]for 1[/bold]", "status": "active", "created": listed["created"], "expires": listed["expires"],
        "replaces": None,
    }  # fmt: skip
    kept = b"".join(path.read_bytes() for path in Path(".dualbridge").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert PEPPER.encode() not in kept


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "--subject", ""), "subject: write 1 to 200"),
        (("create", "--subject", "a", "--scope", "a b"), "scopes: "),
        (("create", "--subject", "a", "--expires", "90"), "as in 90d or 12h, or never"),
        (("create", "--subject", "a", "--expires", "0s"), "leaves no time at all"),
        (("create", "--subject", "a", "--kind", "anonymous"), "anonymous"),
        (("create",), "--subject"),
        (("rotate", "0" * 16, "--overlap", "soon"), "--overlap 'soon' is not a duration"),
        (("rotate", "0" * 16), "`dualbridge keys list`"),
        (("revoke", "0" * 16), "`dualbridge keys list`"),
        (("revoke", "none"), "`dualbridge keys list`"),
        (("list", "--config", "bridge.yml"), "bridge.yml"),
    ],
)
def test_what_cannot_be_done_says_what_would_be_right(arguments: tuple[str, ...], told: str) -> None:
    ran = run("keys", *arguments)
    assert (ran.code, ran.out) == (3 if "--config" in arguments else 2, "")
    assert told in ran.err


def test_what_has_ended_is_not_replaced() -> None:
    made = run(*NEW, "-o", "json").json
    run("keys", "revoke", made["id"])
    ran = run("keys", "rotate", made["id"])
    assert (ran.code, ran.out) == (2, "")
    assert "create another" in ran.err


def test_a_configuration_without_keys_is_an_error_that_names_the_key_and_the_mend() -> None:
    configured(identity="{anonymous: true}")
    ran = run("keys", "list", "-o", "json")
    (error,) = ran.json["errors"]
    assert (ran.code, error["path"], error["source"]) == (3, "identity.api_keys", "bridge.yaml")
    assert "pepper" in error["advice"]


def test_without_a_configuration_the_usage_is_told() -> None:
    Path("bridge.yaml").unlink()
    ran = run("keys", "list")
    assert ran.code == 2
    assert "--config" in ran.err


def test_another_configuration_has_its_own() -> None:
    run(*NEW)
    other = configured("other.yaml", more="data: kept\n")
    assert run("keys", "list", "-c", other, "-o", "json").json == []


def test_state_that_cannot_be_reached_is_a_failure_and_not_an_empty_list(folder: Path) -> None:
    configured(more="state: {url: 'redis://127.0.0.1:1/0', timeout: 100ms}\n")
    ran = run_apart("keys", "list", "-o", "json", cwd=folder)
    assert ran.code == 4
    assert "cannot be reached" in ran.json["errors"][0]["message"]
    assert "127.0.0.1:1" in ran.err
    configured()
    (folder / ".dualbridge").write_bytes(b"no folder")
    ran = run_apart(*NEW, cwd=folder)
    assert (ran.code, ran.out) == (4, "")
    assert ".dualbridge" in ran.err


@needs_redis
def test_keys_are_kept_where_replicas_share_what_they_must() -> None:
    with redis_server() as server:
        configured(more=f"state: {{url: '{server.url}', timeout: 5s}}\n")
        made = run(*NEW, "-o", "json").json
        assert found(made["key"])
        run("keys", "revoke", made["id"])
        assert found(made["key"]) is None
        assert not Path(".dualbridge").exists()
